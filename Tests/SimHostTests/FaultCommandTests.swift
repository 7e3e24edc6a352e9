import Foundation
import Testing

/// Faults as a user gives them.
@Suite struct FaultCommandTests {
  @Test(arguments: [
    (
      ["--fault", "t=1s kil decode/0"],
      "\"kil\" is no fault; expected kill, slow, cut or lose; did you mean kill?"
    ),
    (
      ["--fault", "t=1s kill decode/1"],
      "is no instance; expected one of prefill/0, decode/0; did you mean decode/0?"
    ),
    (["--random-faults", "kill:every=3"], "expected a time above 0"),
    (["--faults", "configs/nothing.json"], "configs/nothing.json: no such file"),
  ]) func whatIsWrongIsExitCodeTwo(arguments: [String], message: String) throws {
    let run = try Program.run(arguments)
    #expect(run.exitCode == 2 && run.output.isEmpty)
    #expect(run.errors.contains(message), "\(run.errors)")
  }

  @Test func theOtherSimulatorHasNone() throws {
    let run = try Program.run([
      "--compat", "llmservingsim", "--profile-dir", "profiles", "--fault", "t=1s kill decode/0",
    ])
    #expect(run.exitCode == 64 && run.errors.contains("faults cannot be combined"))
  }

  @Test func aBadDayGivesTheSameBytesInEveryWay() throws {
    try Program.inFolder { folder in
      let arguments = [
        "--cluster-config", "configs/cluster/single_node_2p1d.json", "--faults",
        "configs/faults/bad_day.json", "--random-faults", "kill:every=20s,for=2s", "--seed", "3",
        "--output-format", "wide",
      ]
      var files: [[Data]] = []
      for (name, more) in [("a", []), ("b", ["--step-by-step", "--check"])] {
        let paths = ["\(folder)/\(name).json", "\(folder)/\(name).csv"]
        let run = try Program.run(
          arguments + ["--summary", paths[0], "--output", paths[1]] + more)
        #expect(run.exitCode == 0, "\(run.errors)")
        #expect(run.output.contains("\nfaults       "))
        files.append(try paths.map { try Data(contentsOf: URL(fileURLWithPath: $0)) })
      }
      #expect(files[0] == files[1])
      let json = try JSONSerialization.jsonObject(with: files[0][0]) as? [String: Any]
      let faults = try #require(json?["faults"] as? [[String: Any]])
      #expect(faults.count > 5 && faults[0]["fault"] as? String != nil)
      let hit = faults.reduce(0) { $0 + ($1["requests"] as? Int ?? 0) }
      #expect(hit > 0 && json?["retries"] as? Int == hit)
      let rows = String(decoding: files[0][1], as: UTF8.self).split(whereSeparator: \.isNewline)
      let column = try #require(rows[0].split(separator: ",").firstIndex(of: "retries"))
      let retries = rows.dropFirst().compactMap {
        Int($0.split(separator: ",", omittingEmptySubsequences: false)[column])
      }
      #expect(retries.count == 300 && retries.reduce(0, +) == hit)
      let again = try Program.run(["rerun", "\(folder)/a.json"])
      #expect(again.exitCode == 0 && again.output.contains("the same"))
    }
  }

  @Test func experimentsHaveTheSameBadLuck() throws {
    let run = try Program.run([
      "compare", "policies/least_kv.lua", "policies/least_loaded.lua", "--seeds", "2",
      "--cluster-config",
      "configs/cluster/single_node_4p4d.json", "--num-reqs", "40", "--fault", "t=1s kill decode/0",
    ])
    #expect(run.exitCode == 0, "\(run.errors)")
  }
}
