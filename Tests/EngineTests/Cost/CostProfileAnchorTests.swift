import Foundation
import Testing

@testable import Engine

/// The profile model against LLMServingSim's own published outputs, to the nanosecond.
@Suite(.enabled(if: CostFixture.data != nil, "reference data is absent; set SIMHOST_DATA"))
struct CostProfileAnchorTests {
  @Test func firstIterationsOfTheExampleRun() throws {
    let cost = try CostFixture.profile(
      CostFixture.llama8B, rules: .reference, in: #require(CostFixture.profiles))
    #expect(
      cost.iterationTime(CostFixture.shape([(1, 10)])) == SimDuration(nanoseconds: 11_146_817))
    #expect(
      cost.iterationTime(CostFixture.shape([(10, 0)])) == SimDuration(nanoseconds: 10_998_250))
  }

  @Test func bothRulesAgreeInsideTheGrid() throws {
    let profiles = try #require(CostFixture.profiles)
    let reference = try CostFixture.profile(CostFixture.llama8B, rules: .reference, in: profiles)
    let native = try CostFixture.profile(CostFixture.llama8B, rules: .native, in: profiles)
    for batch in [[(1, 10)], [(10, 0)], [(512, 700), (1, 99)], [(2048, 8000)]] {
      let shape = CostFixture.shape(batch.map { (new: $0.0, computed: $0.1) })
      #expect(reference.iterationTime(shape) == native.iterationTime(shape))
    }
  }

  @Test(
    arguments: [
      ("Llama-3.1-8B", "llama-3.1-8b", CostFixture.llama8B, 1),
      ("Qwen3-32B", "qwen3-32b", CostFixture.qwen32B, 2),
    ])
  func replayOfABenchmarkRunIsExact(
    run: String, workload: String, model: ModelSpec, tpSize: Int
  ) throws {
    let data = try #require(CostFixture.data) + "/llmservingsim"
    let cost = try CostFixture.profile(
      model, tpSize: tpSize, rules: .reference, in: data + "/profiler/perf")
    let requests = try ReplayRequest.read(
      workload: "\(data)/workloads/sharegpt-\(workload)-300-sps10.jsonl",
      ends: "\(data)/bench/examples/RTXPRO6000/\(run)/outputs/sim.csv")
    try #require(requests.count == 300)
    let ends = ReplayRequest.replay(requests, cost: cost)
    let wrong = zip(requests, ends).filter { $0.end != $1 }
    #expect(wrong.isEmpty, "\(wrong.count) requests end at another nanosecond")
  }
}
