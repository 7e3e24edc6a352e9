import Foundation
import Testing

@testable import Engine

/// A simulated run, written as a measured one and validated on its own cluster, is reproduced without error.
@Suite struct ValidationRoundTripTests {
  /// A scenario without prefix sharing or sessions, which tables of requests do not record.
  private static func scenario(_ seed: Int) -> Scenario {
    var random = RandomScenario(seed: seed)
    var scenario = random.scenario()
    scenario.options.logInterval = nil
    // Neither form says which side gave the first token.
    scenario.options.firstToken = .prefill
    scenario.workload.content = []
    for index in scenario.workload.requests.indices {
      scenario.workload.requests[index].contentCount = 0
      scenario.workload.requests[index].followsPrevious = false
    }
    scenario.workload.requests.sort { $0.arrival < $1.arrival }
    return scenario
  }

  /// Rejected requests never load the cluster: only those that were finished are written.
  private static func finished(_ result: RunResult) -> [RequestRecord] {
    result.records.filter { $0.outcome == .finished }
  }

  private func check(
    _ run: MeasuredRun, _ scenario: Scenario, _ result: RunResult, _ seed: Int
  ) throws {
    #expect(run.workload.requests.count == Self.finished(result).count)
    let comparison = try Validation.simulate(run, on: scenario.cluster, costs: scenario.costs)
      .comparison
    #expect(comparison.unfinished == 0)
    #expect(comparison.groups.joined().count >= 10)
    for row in comparison.groups.joined() + comparison.totals
    where row.measured != row.simulated {
      #expect(abs(row.error) < 1e-9, "seed \(seed), \(row)")
    }
    for row in comparison.seriesRows { #expect(row.difference < 1e-9, "seed \(seed), \(row)") }
  }

  @Test func throughATableOfRequests() throws {
    for seed in 0..<60 {
      let scenario = Self.scenario(seed)
      let result = try Simulation.run(scenario)
      let records = Self.finished(result)
      guard records.count > 1 else { continue }
      var text = "arrival_s,prompt_tokens,output_tokens,ttft_ms,tpot_ms,latency_ms\n"
      for record in records {
        let row: [Double] = [
          record.timeToFirstToken?.milliseconds ?? 0,
          (record.nanosecondsPerOutputToken ?? 0) / 1e6, record.endToEnd?.milliseconds ?? 0,
        ]
        text += "\(record.arrival.seconds),\(record.promptTokens),\(record.outputTokens),"
        text += row.map { "\($0)" }.joined(separator: ",") + "\n"
      }
      let run = try TraceFixture.inFile(Data(text.utf8)) { try MeasuredRun.load(path: $0) }
      #expect(run.format == "measured requests CSV")
      try check(run, scenario, result, seed)
    }
  }

  @Test func throughTheSummaryOfARun() throws {
    for seed in 100..<140 {
      let scenario = Self.scenario(seed)
      let result = try Simulation.run(scenario)
      guard Self.finished(result).count > 1 else { continue }
      let summary = RunSummary(
        result, cluster: scenario.cluster, injected: scenario.workload.requests.count, targets: nil)
      let description = RunDescription(
        cluster: scenario.cluster, costModels: [], memory: [],
        workload: WorkloadDescription(
          source: "", format: "", requests: 0, span: .zero, promptTokens: 0, outputTokens: 0),
        policy: PolicyDescription(name: "native"), seed: 0, notes: [])
      let text = SummaryJSON(summary, description: description, result: result, detailed: true)
        .text
      let run = try TraceFixture.inFile(Data(text.utf8)) { try MeasuredRun.load(path: $0) }
      #expect(run.format == "vLLM bench serve")
      try check(run, scenario, result, seed)
    }
  }
}
