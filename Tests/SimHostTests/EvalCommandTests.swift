import Foundation
import Testing

/// `simhost eval` as a search over policies uses it.
@Suite struct EvalCommandTests {
  private static func lines(_ output: String) throws -> [[String: Any]] {
    try output.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }

  private static let suite = """
    {
      "name": "tiny",
      "budget": {"instructions_per_call": 20000, "memory_mib": 8, "seconds_per_run": 30},
      "scenarios": [
        {"name": "overload", "arguments": ["--cluster-config", "configs/cluster/single_node_4p4d.json",
          "--dataset", "workloads/overload.jsonl", "--num-reqs", "60", "--goodput", "ttft:45"], "seeds": [0, 5]},
        {"name": "pair", "arguments": ["--num-reqs", "20", "--goodput", "ttft:200 tpot:20"]}
      ]
    }
    """

  private static let policies: [(name: String, body: String, problem: String?)] = [
    ("good", "route = function(_, c) return c[1] end", nil),
    ("dice", "route = function(_, c) return sim.choice(c) end", nil),
    ("loop", "route = function() while true do end end", "more than 20000 instructions"),
    (
      "bomb",
      "route = function() local s = string.rep('x', 1000) for i = 1, 20 do s = s .. s end end",
      "8 MiB of memory"
    ),
    ("wrong", "route = function() return 7 end", "a number (7)"),
    (
      "late",
      "init = function() end, route = function(r, c) if r.id == 50 then error('tired') end return c[1] end",
      "tired"
    ),
    ("typo", "rout = 1", "rout"),
    ("none", "admit = function() return false, 'closed' end", nil),
  ]

  /// Each gets a line, in order; what goes wrong is in it, and other scores do not depend on it, nor on the workers.
  @Test func everyPolicyGetsALineWithItsPartsAndErrors() throws {
    try Program.inFolder { folder in
      let suite = "\(folder)/tiny.json"
      try Self.suite.write(toFile: suite, atomically: true, encoding: .utf8)
      var files: [String] = []
      for policy in Self.policies {
        files.append("\(folder)/\(policy.name).lua")
        try "return { api = 1, \(policy.body) }"
          .write(toFile: files.last ?? "", atomically: true, encoding: .utf8)
      }
      files.append("\(folder)/missing.lua")
      let run = try Program.run(["eval"] + files + ["--suite", suite])
      #expect(run.exitCode == 0, "\(run.errors)")
      let again = try Program.run(
        ["eval"] + files + ["--suite", suite, "--workers", "1", "--log-level", "WARNING"])
      #expect(again.output == run.output && again.errors.isEmpty)
      #expect(run.errors.contains("baseline: native"))

      let lines = try Self.lines(run.output)
      #expect(lines.count == files.count)
      for (line, file) in zip(lines, files) {
        #expect(line["policy"] as? String == file && line["suite"] as? String == "tiny")
        let scenarios = try #require(line["scenarios"] as? [[String: Any]])
        #expect(scenarios.map { ($0["runs"] as? [Any])?.count } == [2, 1])
        let values = scenarios.compactMap { $0["score"] as? Double }
        let score = try #require(line["score"] as? Double)
        #expect(abs(score - values.reduce(0, +) / 2) < 1e-12)
        let baseline = try #require(line["baseline_score"] as? Double)
        #expect(baseline > 0 && abs((line["relative"] as? Double ?? -1) - score / baseline) < 1e-12)
        let sources = try #require(line["sources"] as? [[String: String]])
        #expect(sources.count == 1)
        for run in scenarios.flatMap({ $0["runs"] as? [[String: Any]] ?? [] }) {
          let failed = run["error"] != nil
          #expect(!failed || run["good_share"] as? Double == 0)
          #expect(failed || run["mean_e2el_ms"] != nil)
        }
      }
      for (policy, line) in zip(Self.policies, lines) {
        let runs = (line["scenarios"] as? [[String: Any]] ?? [])
          .flatMap { $0["runs"] as? [[String: Any]] ?? [] }
        let error = runs.compactMap { $0["error"] as? [String: Any] }.first
        #expect(
          (error == nil) == (policy.problem == nil), "\(policy.name): \(String(describing: error))")
        if let problem = policy.problem {
          #expect(error?["message"] as? String ?? "" ~= problem, "\(policy.name)")
        }
        #expect((line["failed_runs"] as? Int == 0) == (policy.problem == nil))
      }
      // `late` fails where there is a request 50, and is scored by the rest.
      #expect(lines[5]["failed_runs"] as? Int == 2 && lines[5]["score"] as? Double ?? 0 > 0)
      #expect(lines[7]["score"] as? Double == 0)
    }
  }

  @Test(arguments: [
    ("{}", "name: missing"),
    (#"{"name": "x", "scenarios": []}"#, "one scenario or more"),
    (#"{"name": "x", "scenario": []}"#, "scenarios"),
    (
      #"{"name": "x", "scenarios": [{"name": "a", "arguments": ["--num-reqs", "3"]}]}"#, "--goodput"
    ),
    (
      #"{"name": "x", "scenarios": [{"name": "a", "arguments": ["--nmu-reqs", "3"]}]}"#,
      "is no command line"
    ),
    (
      #"{"name": "x", "scenarios": [{"name": "a", "arguments": ["--goodput", "ttft:1", "--output", "x.csv"]}]}"#,
      "no files to write"
    ),
    (
      #"{"name": "x", "scenarios": [{"name": "a", "arguments": ["--goodput", "ttft:1"], "seeds": [1, 1]}]}"#,
      "is 1 again"
    ),
    (#"{"name": "x", "budget": {"memory_mib": 0}, "scenarios": []}"#, "budget.memory_mib"),
  ])
  func aBadSuiteIsOneClearError(_ text: String, _ problem: String) throws {
    try Program.inFolder { folder in
      let suite = "\(folder)/suite.json"
      try text.write(toFile: suite, atomically: true, encoding: .utf8)
      let run = try Program.run(["eval", "policies/least_kv.lua", "--suite", suite])
      #expect(run.exitCode == 2 && run.errors.contains(problem), "\(run.errors)")
    }
  }

  /// The bundled suites tell policies apart.
  @Test(arguments: ["quick", "prefix"]) func theSuitesThatComeWithItHaveSomethingToSay(
    _ name: String
  )
    throws
  {
    let run = try Program.run(
      [
        "eval", "policies/random.lua", "policies/least_kv.lua", "policies/prefix_affinity.lua",
        "--suite", "configs/suite/\(name).json",
      ], limit: 240)
    #expect(run.exitCode == 0, "\(run.errors)")
    let scores = try Self.lines(run.output).compactMap { $0["score"] as? Double }
    #expect(scores.count == 3 && scores.allSatisfy { $0 > 0.05 && $0 < 0.995 }, "\(scores)")
    #expect(scores[0] < scores.max() ?? 0, "dice are not the best: \(scores)")
  }
}

private func ~= (text: String, part: String) -> Bool { text.contains(part) }
