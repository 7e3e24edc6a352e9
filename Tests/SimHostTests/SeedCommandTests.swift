import Foundation
import Testing

/// `--seeds`: one scenario many times, side by side.
@Suite struct SeedCommandTests {
  private static let scenario = [
    "--cluster-config", "configs/cluster/single_node_2p1d.json", "--num-reqs", "60", "--policy",
    "policies/random.lua",
  ]

  @Test func resultsDoNotDependOnTheNumberOfWorkers() throws {
    let seeds = Self.scenario + ["--seeds", "5", "--seed", "3"]
    let one = try Program.run(seeds + ["--workers", "1"])
    let four = try Program.run(seeds + ["--workers", "4"])
    #expect(one.exitCode == 0)
    #expect(one.output == four.output)
    let rows = one.output.split(separator: "\n").map { $0.split(separator: " ")[0] }
    #expect(rows == ["seed", "3", "4", "5", "6", "7", "mean", "std"])
  }

  @Test func eachSeedLeavesTheFilesOfARunOfItsOwn() throws {
    try Program.inFolder { folder in
      let outputs = ["--output", "\(folder)/v1.2/run.csv", "--summary", "\(folder)/sum"]
      let many = try Program.run(Self.scenario + outputs + ["--seeds", "2", "--seed", "8"])
      #expect(many.exitCode == 0, "\(many.errors)")
      for seed in ["8", "9"] {
        let alone = try Program.run(Self.scenario + outputs + ["--seed", seed])
        #expect(alone.exitCode == 0)
        for (one, other) in [
          ("v1.2/run.csv", "v1.2/run-seed\(seed).csv"), ("sum", "sum-seed\(seed)"),
        ] {
          let files = try [one, other].map {
            try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)"))
          }
          #expect(files[0] == files[1], "\(other)")
          #expect(files[0].count > 500)
        }
      }
    }
  }

  @Test func aPolicyThatFailsInSomeSeedsIsOneError() throws {
    try Program.inFolder { folder in
      let policy = "\(folder)/fails.lua"
      let text = """
        return { api = 1, name = "fails", version = "1", route = function(request, candidates)
          if math.random(3) == 1 then error("the dice fell badly") end
          return candidates[1]
        end }
        """
      try text.write(toFile: policy, atomically: true, encoding: .utf8)
      let run = try Program.run(["--num-reqs", "50", "--policy", policy, "--seeds", "4"])
      #expect(run.exitCode == 3)
      #expect(run.errors.contains("the dice fell badly"))
    }
  }

  @Test(arguments: [["--seeds", "0"], ["--workers", "2"], ["--seeds", "2", "--workers", "0"]])
  func countsOutOfRangeAreRefused(arguments: [String]) throws {
    #expect(try Program.run(arguments).exitCode == 64)
  }
}
