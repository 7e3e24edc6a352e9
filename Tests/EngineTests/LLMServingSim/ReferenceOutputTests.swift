import Foundation
import Testing

@testable import Engine

/// Files that LLMServingSim itself wrote, byte for byte.
@Suite(.enabled(if: CostFixture.data != nil, "reference data is absent; set SIMHOST_DATA"))
struct ReferenceOutputTests {
  struct Run: CustomTestStringConvertible, Sendable {
    var cluster: String
    var workload: String
    var output: String
    var testDescription: String { output }

    static func bench(_ model: String, _ workload: String) -> Run {
      let folder = "bench/examples/RTXPRO6000/\(model)"
      return Run(
        cluster: "\(folder)/config.json", workload: "sharegpt-\(workload)-300-sps10",
        output: "\(folder)/outputs/sim.csv")
    }

    static func example(_ cluster: String, _ output: String) -> Run {
      Run(
        cluster: "configs/cluster/\(cluster).json", workload: "example_trace",
        output: "outputs/example_\(output)_run.csv")
    }
  }

  /// First iterations of published runs, in ns: a prompt of 10 tokens, and the token after it.
  ///
  /// Those with two accelerators are of two dense data-parallel instances, which share no collective.
  @Test(arguments: [(1, 10_998_250, 11_146_817), (2, 8_947_391, 8_662_432)])
  func firstIterations(tpSize: Int, prompt: Int64, token: Int64) throws {
    let cost = try CostFixture.profile(
      CostFixture.llama8B, tpSize: tpSize, rules: .reference, in: #require(CostFixture.profiles))
    let prefill = CostFixture.shape([(10, 0)])
    #expect(cost.iterationTime(prefill).nanoseconds == prompt)
    #expect(cost.timeline(prefill).last == prompt)
    #expect(cost.iterationTime(CostFixture.shape([(1, 10)])).nanoseconds == token)
  }

  @Test func firstPrefillOfASplitCluster() throws {
    let cost = try CostFixture.profile(
      CostFixture.llama8B, rules: .reference, in: #require(CostFixture.profiles))
    // 8 KV heads of 128 numbers of 2 bytes, keys and values.
    let sends = ProfileCost.KVSends(bytesPerToken: 4096, link: CostFixture.link)
    #expect(cost.timeline(CostFixture.shape([(10, 0)]), sends: sends).last == 11_018_252)
  }

  @Test(arguments: [
    Run.bench("Llama-3.1-8B", "llama-3.1-8b"),
    .bench("Qwen3-32B", "qwen3-32b"),
    .example("single_node_single_instance", "single"),
    // Everything placed on the accelerator, and a power model, change no times.
    .example("single_node_memory_instance", "single"),
    .example("single_node_single_instance", "power"),
    .example("single_node_multi_instance", "multi"),
    .example("single_node_pd_instance", "pd"),
    // A second tier of KV cache that is never hit.
    .example("single_node_multi_instance", "prefix_cpu_mem_pool"),
    .example("dual_node_multi_instance", "dual_prefix_cpu_mem_pool"),
  ])
  func isReproduced(_ run: Run) throws {
    let data = try #require(CostFixture.data) + "/llmservingsim"
    let cluster = try ClusterSpec.load(
      path: "\(data)/\(run.cluster)", defaults: InstanceDefaults(),
      models: ModelCatalog(folders: ["\(data)/configs/model"]))
    var options = RunOptions()
    options.keepGaps = true
    options.check = run.workload == "example_trace"
    let scenario = try ReferenceSimulation.scenario(
      cluster: cluster, profileDirectory: "\(data)/profiler/perf",
      workload: Workload.load(path: "\(data)/workloads/\(run.workload).jsonl"), options: options)
    let written = ReferenceFixture.text(try ReferenceFixture.run(scenario), scenario)
    let expected = try String(contentsOfFile: "\(data)/\(run.output)", encoding: .utf8)
    if written == expected { return }
    let rows = [written, expected].map { $0.split(whereSeparator: \.isNewline) }
    let row = zip(rows[0], rows[1]).first { $0 != $1 }
    Issue.record("\(run.output): \(row?.0.prefix(120) ?? "") is not \(row?.1.prefix(120) ?? "")")
  }
}
