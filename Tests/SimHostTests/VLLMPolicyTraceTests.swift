import Foundation
import Testing

/// `policies/batching/vllm.lua` against the engine's own scheduler on real traces, with so few KV blocks that requests
/// are preempted: the same rows for all requests, and the same summary.
@Suite struct VLLMPolicyTraceTests {
  struct Case: CustomTestStringConvertible {
    var trace: String
    var cluster: String
    var blocks: Int
    var most: Int?
    var testDescription: String { "\(trace) on \(cluster), \(blocks) blocks" }
  }

  private static let colocated = "single_node_single_instance"
  private static let disaggregated = "single_node_pd_instance"

  static let bundled: [Case] = [
    ("agentic_sessions", 250), ("bursty_long_prompts", 2400), ("example_trace", 600),
    ("mixed_lengths", 600), ("overload", 2400), ("shared_prefixes", 600),
  ].flatMap { name, blocks in
    [colocated, disaggregated].map {
      Case(trace: "workloads/\(name).jsonl", cluster: $0, blocks: blocks)
    }
  }

  private static let traces =
    (ProcessInfo.processInfo.environment["SIMHOST_DATA"] ?? Program.root + "/../shared/data")
    + "/traces"
  private static let azure = "\(traces)/azure-2023/AzureLLMInferenceTrace_code.csv"
  private static let mooncake = "\(traces)/mooncake/conversation_trace.jsonl"

  /// The conversation trace is cut where one cluster cannot keep up: the queue grows, and a policy walks through it.
  static let published: [Case] = [
    Case(trace: azure, cluster: colocated, blocks: 1500),
    Case(trace: azure, cluster: disaggregated, blocks: 700),
    Case(trace: mooncake, cluster: "single_node_4p4d", blocks: 9000),
    Case(trace: mooncake, cluster: "single_node_colocated_pair", blocks: 9000, most: 2000),
  ].filter { FileManager.default.fileExists(atPath: $0.trace) }

  @Test func everyBundledTraceIsHere() throws {
    let names = try Set(BundledWorkloadTests.bundled().map { "workloads/\($0)" })
    #expect(Set(Self.bundled.map(\.trace)) == names)
  }

  @Test(arguments: bundled + published) func theBytesAreThoseOfTheNativeScheduler(_ run: Case)
    throws
  {
    try Program.inFolder { folder in
      func outcome(_ policy: [String]) throws -> (rows: Data, summary: NSDictionary) {
        let made = try Program.run(
          [
            "--cluster-config", "configs/cluster/\(run.cluster).json", "--dataset", run.trace,
            "--num-gpu-blocks", "\(run.blocks)", "--output", "\(folder)/rows.csv",
            "--output-format", "wide", "--summary", "\(folder)/summary.json",
          ] + policy + (run.most.map { ["--num-reqs", "\($0)"] } ?? []), limit: 120)
        #expect(made.exitCode == 0, "\(made.errors.suffix(500))")
        let summary = try JSONSerialization.jsonObject(
          with: Data(contentsOf: URL(fileURLWithPath: "\(folder)/summary.json")))
        var fields = try #require(summary as? [String: Any])
        fields["run"] = nil  // names the policy
        return (
          try Data(contentsOf: URL(fileURLWithPath: "\(folder)/rows.csv")),
          NSDictionary(dictionary: fields)
        )
      }
      let native = try outcome([])
      let lua = try outcome(["--policy", "policies/batching/vllm.lua"])
      let sameRows = native.rows == lua.rows
      let sameSummary = native.summary.isEqual(lua.summary)
      #expect(sameRows)
      #expect(sameSummary)
      let preemptions = try #require(native.summary["preemptions"] as? Int)
      #expect(preemptions > 0)
    }
  }
}
