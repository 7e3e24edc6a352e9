import Testing

@testable import Engine

/// Concurrency is counted by second in short runs and by sorting in long ones: both find the same.
@Suite struct MetricsPeakTests {
  @Test(arguments: 0..<200)
  func bothWaysOfCountingAgree(seed: Int) {
    var random = RandomStream(seed: UInt64(seed), name: "peaks")
    var run = RunResult()
    let origin = Int64(random.next() % 5_000_000_000)
    let span = Int64(1 + random.next() % 40_000_000_000)
    for id in 0..<Int(random.next() % 60) {
      var record = RequestRecord()
      record.id = RequestID(id)
      record.outcome = random.next() % 5 == 0 ? .rejected : .finished
      let arrival = Int64(random.next() % UInt64(span))
      record.arrival = SimTime(nanoseconds: origin + arrival)
      record.end = SimTime(
        nanoseconds: origin + arrival + Int64(random.next() % UInt64(span - arrival)))
      run.records.append(record)
    }
    let start = SimTime(nanoseconds: origin)
    let seconds = Int(span / 1_000_000_000)
    #expect(run.mostBySecond(from: start, seconds: seconds) == run.mostBySorting(from: start))
  }
}
