import Foundation
import Testing

/// `simhost compare`: differences that are real, and differences that are chance.
@Suite struct CompareCommandTests {
  private static let loaded = [
    "--cluster-config", "configs/cluster/single_node_4p4d.json", "--dataset",
    "workloads/overload.jsonl",
  ]

  private static func json(_ arguments: [String]) throws -> [String: Any] {
    let run = try Program.run(["compare", "--json"] + arguments)
    #expect(run.exitCode == 0, "\(run.errors)")
    let document = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
    return try #require(document as? [String: Any])
  }

  /// What was found of the candidate at `place`, and which of its metrics differ.
  private static func verdict(_ arguments: [String]) throws -> (String, [String]) {
    let blocks = try #require(try json(arguments)["comparisons"] as? [[String: Any]])
    let against = try #require(blocks[0]["against"] as? [[String: Any]])
    let metrics = try #require(against[0]["metrics"] as? [[String: Any]])
    return (
      try #require(against[0]["verdict"] as? String),
      metrics.filter { $0["significant"] as? Bool == true }.compactMap { $0["name"] as? String }
    )
  }

  @Test func aPolicyUnderAnotherNameDoesTheSame() throws {
    try Program.inFolder { folder in
      let copy = "\(folder)/other.lua"
      try FileManager.default.copyItem(
        atPath: "\(Program.root)/policies/random.lua", toPath: copy)
      let found = try Self.verdict(
        ["policies/random.lua", copy, "--num-reqs", "100"] + Self.loaded)
      #expect(found.0 == "identical" && found.1.isEmpty)
    }
  }

  /// The same policy that has thrown its dice once before: other runs, and no difference.
  @Test func aPolicyWithOtherDiceDoesNotDiffer() throws {
    try Program.inFolder { folder in
      let copy = "\(folder)/other.lua"
      let text = try String(contentsOfFile: "\(Program.root)/policies/random.lua", encoding: .utf8)
      try text.replacingOccurrences(of: "return {", with: "math.random() return {")
        .write(toFile: copy, atomically: true, encoding: .utf8)
      var differing: [Int] = []
      for repetition in 0..<100 {
        let found = try Self.verdict(
          [
            "policies/random.lua", copy, "--seed", "\(repetition * 10)", "--num-reqs", "60",
            "--rate", "30",
          ] + Self.loaded)
        #expect(found.0 != "identical")
        if !found.1.isEmpty { differing.append(repetition) }
      }
      #expect(differing.count <= 5, "\(differing)")
    }
  }

  /// In each of a hundred comparisons of ten samples.
  @Test func leastKVIsBetterThanRandomOnALoadedCluster() throws {
    for repetition in 0..<100 {
      let found = try Self.verdict(
        ["policies/least_kv.lua", "policies/random.lua", "--seed", "\(repetition * 10)"]
          + ["--num-reqs", "300"] + Self.loaded)
      #expect(found.0 == "worse", "repetition \(repetition)")
      #expect(found.1.contains("mean_ttft_ms") && found.1.contains("mean_e2el_ms"))
    }
  }

  @Test func resultsDoNotDependOnTheNumberOfWorkers() throws {
    let arguments =
      ["compare", "native", "policies/random.lua", "policies/round_robin.lua"] + Self.loaded
      + ["--num-reqs", "60", "--seeds", "5", "--goodput", "ttft:100"]
    let one = try Program.run(arguments + ["--workers", "1"])
    #expect(one.exitCode == 0, "\(one.errors)")
    #expect(try Program.run(arguments + ["--workers", "3"]).output == one.output)
    #expect(one.output.split(separator: "\n").count { $0.hasPrefix("Verdict: ") } == 2)
    #expect(one.output.contains("SLO kept %"))
  }

  @Test func oneClusterAgainstAnotherForEachWorkload() throws {
    try Program.inFolder { folder in
      let file = "\(folder)/deep/compare.json"
      let run = try Program.run([
        "compare", "policies/least_kv.lua", "--num-reqs", "40", "--seeds", "5", "-o", file,
        "--cluster-config", "configs/cluster/single_node_2p1d.json", "--cluster-config",
        "configs/cluster/single_node_pd_instance.json", "--dataset",
        "workloads/bursty_long_prompts.jsonl", "--dataset", "workloads/example_trace.jsonl",
      ])
      #expect(run.exitCode == 0, "\(run.errors)")
      #expect(run.output.split(separator: "\n").count { $0.contains("Verdict: ") } == 2)
      let text = try String(contentsOfFile: file, encoding: .utf8)
      #expect(text.contains("\"baseline\": \"single_node_2p1d\""))
      #expect(text.split(separator: "\n").count { $0.contains("\"verdict\": ") } == 2)
    }
  }

  @Test(arguments: [
    (["policies/least_kv.lua"], 64, "nothing to compare"),
    (["native", "policies/random.lua", "--seeds", "1"], 64, "2 or more"),
    (["native", "policies/random.lua", "--rate", "-3"], 64, "rate"),
    (["native", "policies/random.lua", "--param", "x=1"], 64, "no policy given has such"),
    (["native", "policies/random.lua,x"], 64, "name=value"),
    (["native", "policies/none.lua"], 3, "cannot be read"),
    (["native", "policies/least_kv.lua,headroom=9"], 3, "headroom"),
    (["native", "policies/random.lua", "--dataset", "none.jsonl"], 2, "none.jsonl"),
    (["native", "policies/random.lua", "--goodput", "ttft"], 2, "is not a pair"),
    (["native", "policies/random.lua", "-o", "policies/random.lua"], 2, "is an input"),
  ])
  func badInputIsRefused(_ arguments: [String], _ code: Int32, _ message: String) throws {
    let run = try Program.run(["compare"] + arguments)
    #expect(run.exitCode == code, "\(run.errors)")
    #expect(run.errors.contains(message), "\(run.errors)")
    #expect(run.output.isEmpty)
  }
}
