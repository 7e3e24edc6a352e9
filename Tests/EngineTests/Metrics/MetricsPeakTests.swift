import Testing

@testable import Engine

/// Concurrency is counted by second up to a limit and by sorting beyond it: wherever that lies, the peak is that of a count
/// of who is there in each second.
@Suite struct MetricsPeakTests {
  @Test(arguments: 0..<200)
  func thePeakIsThatOfEachSecond(seed: Int) {
    var random = RandomStream(seed: UInt64(seed), name: "peaks")
    let origin = Int64(random.next() % 5_000_000_000)
    let span = Int64(1 + random.next() % 40_000_000_000)
    var records: [RequestRecord] = []
    for id in 0..<Int(random.next() % 60) {
      var record = RequestRecord()
      record.id = RequestID(id)
      record.outcome = random.next() % 5 == 0 ? .rejected : .finished
      let arrival = Int64(random.next() % UInt64(span))
      record.arrival = SimTime(nanoseconds: origin + arrival)
      record.end = SimTime(
        nanoseconds: origin + arrival + Int64(random.next() % UInt64(span - arrival)))
      records.append(record)
    }
    let start = SimTime(nanoseconds: origin)
    func second(_ moment: SimTime) -> Int64 { (moment - start).nanoseconds / 1_000_000_000 }
    let finished = records.filter { $0.outcome == .finished }
    let plain = (0...40).map { now in
      finished.count { second($0.arrival) <= now && now <= second($0.end) }
    }.max()
    for mostSeconds in [0, 1, 5, 20, 100] {
      var concurrency = Concurrency(origin: start, mostSeconds: mostSeconds)
      for record in records { concurrency.add(record) }
      #expect(concurrency.peak() == plain, "\(mostSeconds) s counted")
    }
  }
}
