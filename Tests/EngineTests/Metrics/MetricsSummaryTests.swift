import Testing

@testable import Engine

@Suite struct MetricsSummaryTests {
  let summary = RunSummary(MetricsFixture.run, cluster: MetricsFixture.cluster, injected: 4)

  @Test func latenciesFollowTheirDefinitions() {
    // TTFT: 150−100, 270−200, 320−300.
    #expect(summary.ttft?.count == 3)
    #expect(summary.ttft?.p50 == 50)
    #expect(summary.ttft?.maximum == 70)
    // TPOT: (250−150)/2 = 50, (1370−270)/1 = 1100; the single-token request has none.
    #expect(summary.tpot?.count == 2)
    #expect(summary.tpot?.mean == 575)
    // E2E: 150, 1170, 20.
    #expect(summary.endToEnd?.p50 == 150)
    // Queueing: 10, 30, 0.
    #expect(summary.queueing?.p50 == 10)
    // KV wait: 5, 0. Transfer: 5, 10. Decode queue: 2, 0. Only for requests handed over.
    #expect(summary.kvWait?.mean == 2.5)
    #expect(summary.transfer?.mean == 7.5)
    #expect(summary.decodeQueue?.mean == 1)
    #expect(summary.itl?.count == 3)
  }

  @Test func throughputCountsFinishedRequestsOverTheWholeDuration() {
    // From 100 ms to 1370 ms; the rejected request's prompt does not count.
    #expect(summary.duration == SimDuration(nanoseconds: 1_270_000_000))
    #expect(summary.promptTokens == 120)
    #expect(summary.outputTokens == 6)
    #expect(summary.rate(summary.conservation.finished) == 3 / 1.27)
  }

  @Test func instancesReportSharesOfTheirOwnCapacity() {
    #expect(summary.instances.map(\.kvPeak) == [0.07, 0.5])
    #expect(summary.instances[0].utilization == 0.127 / 1.27)
    #expect(summary.instances[0].prefixHitShare == 0.25)
    #expect(summary.preemptions == 2)
  }

  @Test func peaksCountWholeSecondsFromTheFirstArrival() {
    // Seconds since 100 ms: request 0 is in second 0, request 1 in 0 and 1, request 2 in 0.
    #expect(summary.maxConcurrentRequests == 3)
  }

  /// A trace may span centuries; only the requests cost memory.
  @Test func concurrencyOfALongRunIsCheap() {
    var run = MetricsFixture.run
    run.records[2].end = SimTime(nanoseconds: .max - 1)
    let summary = RunSummary(run, cluster: MetricsFixture.cluster, injected: 4)
    #expect(summary.maxConcurrentRequests == 3)
  }

  @Test func rejectionsAreCountedByReason() {
    #expect(
      summary.rejections == [RejectionCount(reason: "over \"quota\", try later", count: 1)])
  }

  @Test func emptyRunHasCountsAndNoStatistics() {
    let summary = RunSummary(RunResult(), cluster: MetricsFixture.cluster, injected: 0)
    #expect(summary.ttft == nil)
    #expect(summary.duration == .zero)
    #expect(summary.rate(5) == 0)
    #expect(summary.bottleneck == .notSaturated)
    #expect(summary.maxConcurrentRequests == 0)
  }

  /// Each nanosecond of a finished request belongs to one stage.
  @Test func stagesAddUpToTheLatency() {
    for seed in 0..<100 as Range<UInt64> {
      let run = MetricsFixture.randomRun(seed: seed, requests: 30)
      for record in run.records where record.outcome == .finished && record.outputTokens > 1 {
        let stages = [
          record.gatewayWait, record.prefillQueue, record.prefill, record.kvWait, record.transfer,
          record.decodeQueue, record.decode,
        ]
        let sum = stages.reduce(SimDuration.zero) { $0 + ($1 ?? .zero) }
        #expect(sum == record.endToEnd, "seed \(seed), request \(record.id.index)")
      }
    }
  }
}
