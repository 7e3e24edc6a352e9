import Testing

@testable import Engine

@Suite struct MeasurementWindowTests {
  private static func record(_ id: Int, arrival: Int64?) -> RequestRecord {
    var record = RequestRecord()
    record.id = RequestID(id)
    record.outcome = arrival == nil ? .cancelled : .finished
    if let arrival { record.arrival = MetricsFixture.at(arrival) }
    return record
  }

  @Test(arguments: [
    ("30s", MeasurementWindow.Margin.time(SimDuration(nanoseconds: 30_000_000_000))),
    ("500ms", .time(SimDuration(nanoseconds: 500_000_000))),
    ("0.5s", .time(SimDuration(nanoseconds: 500_000_000))), ("100", .requests(100)),
    ("0", .requests(0)),
  ])
  func marginsAreRead(_ text: String, _ margin: MeasurementWindow.Margin) {
    #expect(MeasurementWindow.Margin(text) == margin)
  }

  @Test(arguments: ["", "s", "-1", "-1s", "1.5", "nans", "infs", "1e300s", "5m", "ten"])
  func otherTextsAreNone(_ text: String) {
    #expect(MeasurementWindow.Margin(text) == nil)
  }

  /// Arrivals 0, 40, 10, 10 ms, and a call that never came, behind the one at 40.
  @Test func requestsAreTakenInOrderOfArrival() {
    let records: ContiguousArray = [
      Self.record(0, arrival: 0), Self.record(1, arrival: 40), Self.record(2, arrival: nil),
      Self.record(3, arrival: 10), Self.record(4, arrival: 10),
    ]
    func counts(_ warmup: String, _ cooldown: String) -> [Bool] {
      MeasurementWindow(
        warmup: MeasurementWindow.Margin(warmup) ?? .requests(99),
        cooldown: MeasurementWindow.Margin(cooldown) ?? .requests(99)
      ).contains(records)
    }
    #expect(counts("0", "0s") == [true, true, true, true, true])
    #expect(counts("1", "0") == [false, true, true, true, true])
    #expect(counts("2", "1") == [false, false, false, false, true])
    #expect(counts("10ms", "0") == [false, true, true, true, true])
    #expect(counts("11ms", "0") == [false, true, true, false, false])
    #expect(counts("0", "30ms") == [true, false, false, true, true])
    #expect(counts("9", "0") == [false, false, false, false, false])
  }

  /// What is measured is as if the other requests had no record; the books are of all.
  @Test func statisticsAreThoseOfTheRequestsWithin() {
    for seed in 0..<60 as Range<UInt64> {
      let run = MetricsFixture.randomRun(seed: seed, requests: 40)
      let window = MeasurementWindow(warmup: .requests(7), cooldown: .requests(5))
      let counts = window.contains(run.records)
      var part = RunResult()
      part.records = ContiguousArray(zip(run.records, counts).filter(\.1).map(\.0))
      part.instances = run.instances
      for (range, isCounted) in zip(run.gapRanges, counts) where isCounted {
        for gap in run.gaps[range] { part.gapHistogram.record(UInt64(gap)) }
      }
      let targets = GoodputTargets(ttft: 4)
      let summary = RunSummary(
        run, cluster: MetricsFixture.cluster, injected: 40, targets: targets, window: window)
      let wanted = RunSummary(
        part, cluster: MetricsFixture.cluster, injected: part.records.count, targets: targets)
      let found = [summary.ttft, summary.tpot, summary.itl, summary.endToEnd, summary.transfer]
      #expect(
        found == [wanted.ttft, wanted.tpot, wanted.itl, wanted.endToEnd, wanted.transfer],
        "seed \(seed)")
      #expect(summary.measured == wanted.conservation)
      #expect(summary.goodput == wanted.goodput)
      #expect(summary.duration == wanted.duration)
      #expect(summary.outputTokens == wanted.outputTokens)
      #expect(summary.conservation == Conservation(injected: 40, records: run.records))
    }
  }

  @Test func oneInAThousandTakesAThousand() {
    for count in [999, 1000] {
      let whole = Distribution(ofNanoseconds: ContiguousArray(0..<Int64(count)))
      // numpy.percentile(range(1000), 99.9) is 998.001.
      #expect((whole?.p999 == nil) == (count < 1000))
      if let p999 = whole?.p999 { #expect(abs(p999 * 1e6 - 998.001) < 1e-9) }
      var histogram = GapHistogram()
      for value in 0..<UInt64(count) { histogram.record(value) }
      #expect(Distribution(ofNanoseconds: histogram)?.p999 == (count < 1000 ? nil : 998 / 1e6))
    }
  }

  /// Two chats promised 60 ms, one of which took 70; a batch without a promise; and one of no class.
  @Test func classesKeepTheirOwnObjectives() throws {
    var run = MetricsFixture.run
    run.records.append(run.records[2])
    run.records[4].id = RequestID(4)
    let chat = RequestKinds.Kind(
      tenant: nil, className: "chat", targets: GoodputTargets(ttft: 60))
    let batch = RequestKinds.Kind(tenant: nil, className: "batch", targets: GoodputTargets())
    let kinds = RequestKinds([chat, batch], places: [0, 0, -1, 1, 1])
    let summary = RunSummary(run, cluster: MetricsFixture.cluster, injected: 5, kinds: kinds)
    let rows = try #require(summary.classes?.rows)
    #expect(rows.map(\.name) == ["batch", "chat", nil])
    #expect(rows.map(\.requests) == [2, 2, 1])
    #expect(rows.map(\.finished) == [1, 2, 1])
    #expect(rows.map(\.share) == [nil, 0.5, nil])
    #expect(rows[1].targets == GoodputTargets(ttft: 60))
    #expect(rows[1].ttft?.maximum == 70)
    // An objective of the run holds for those that have none of their own.
    let promised = RunSummary(
      run, cluster: MetricsFixture.cluster, injected: 5, targets: GoodputTargets(ttft: 1),
      kinds: kinds)
    #expect(promised.classes?.rows.map(\.share) == [0, 0.5, 0])
    #expect(RunSummary(run, cluster: MetricsFixture.cluster, injected: 5).classes == nil)
  }
}
