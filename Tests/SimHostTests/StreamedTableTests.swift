import Foundation
import Testing

/// The wide table is written while a run goes on where it can be: nobody sees the difference but in memory.
@Suite struct StreamedTableTests {
  /// `--run` keeps the records, and with them the table is written at the end.
  @Test(arguments: [
    [], ["--policy", "policies/least_kv.lua"], ["--policy", "policies/batching/vllm.lua"],
    ["--policy", "policies/admission/early_rejection.lua", "--param", "ttft_slo_s=0.05"],
    ["--goodput", "ttft:500 tpot:50"], ["--dataset", "workloads/bursty_long_prompts.jsonl"],
    ["--policy", "policies/scaling/llumnix_migrate.lua"], ["--log-interval", "5"],
  ])
  func theTableIsThatOfKeptRecords(options: [String]) throws {
    try Program.inFolder { folder in
      var tables: [Data] = []
      for more in [[], ["--run", "\(folder)/run.json"]] {
        let csv = "\(folder)/run\(more.count).csv"
        let run = try Program.run(
          options + ["--output", csv, "--output-format", "wide", "--log-level", "WARNING"] + more)
        #expect(run.exitCode == 0, "\(options): \(run.errors)")
        tables.append(try Data(contentsOf: URL(fileURLWithPath: csv)))
      }
      #expect(tables[0] == tables[1] && tables[0].count > 10_000, "\(options)")
    }
  }

  @Test func aPolicyThatFailsLateLeavesNothingBehind() throws {
    try Program.inFolder { folder in
      let policy = """
        return { api = 1, route = function(request, candidates)
          if request.id == 250 then error("no more") end
          return candidates[1]
        end }
        """
      try policy.write(toFile: "\(folder)/p.lua", atomically: true, encoding: .utf8)
      let late = try Program.run([
        "--policy", "\(folder)/p.lua", "--output", "\(folder)/out/run.csv", "--output-format",
        "wide",
      ])
      #expect(late.exitCode == 3 && late.errors.contains("no more"))
      let left = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/out")
      #expect(left == [])
    }
  }

  @Test func eachSeedHasItsTable() throws {
    try Program.inFolder { folder in
      let some = ["--policy", "policies/random.lua", "--output-format", "wide", "--quiet"]
      let many = try Program.run(some + ["--seeds", "3", "--output", "\(folder)/run.csv"])
      #expect(many.exitCode == 0, "\(many.errors)")
      for seed in 0..<3 {
        let alone = "\(folder)/alone.csv"
        let run = try Program.run(
          some + ["--seed", "\(seed)", "--output", alone, "--run", "\(folder)/run.json"])
        #expect(run.exitCode == 0, "\(run.errors)")
        #expect(
          try Data(contentsOf: URL(fileURLWithPath: alone))
            == Data(contentsOf: URL(fileURLWithPath: "\(folder)/run-seed\(seed).csv")))
      }
    }
  }
}
