import Testing

@testable import Engine

@Suite struct BacklogDriftTests {
  /// A request each 10 ms; the k-th is there for `stay(k)` ms.
  private static func records(_ count: Int, stay: (Int) -> Int) -> ContiguousArray<RequestRecord> {
    ContiguousArray(
      (0..<count).map { index in
        var record = RequestRecord()
        record.id = RequestID(index)
        record.arrival = SimTime(nanoseconds: Int64(index) * 10_000_000)
        record.end = record.arrival + SimDuration(nanoseconds: Int64(stay(index)) * 1_000_000)
        return record
      })
  }

  private static func drift(_ records: ContiguousArray<RequestRecord>) -> BacklogDrift? {
    RecordDigest(records, targets: nil).backlog
  }

  @Test func aSteadyBacklogDoesNotDrift() throws {
    let drift = try #require(Self.drift(Self.records(1000) { _ in 105 }))
    #expect(abs(drift.share) < 0.01 && !drift.isSaturated)
  }

  /// Each stays 5 ms longer than the one before: served at two thirds of the rate, a third piles up.
  @Test func whatIsNotServedPilesUp() throws {
    let drift = try #require(Self.drift(Self.records(1000) { 5 * $0 }))
    #expect(abs(drift.share - 1.0 / 3) < 0.01, "\(drift)")
    #expect(abs(drift.slope - 100.0 / 3) < 1)
    #expect(drift.isSaturated)
  }

  @Test func fewRequestsAndAllAtOnceSayNothing() {
    #expect(Self.drift(Self.records(99) { _ in 5 }) == nil)
    var records = Self.records(200) { _ in 5 }
    for place in records.indices { records[place].arrival = .zero }
    #expect(Self.drift(records) == nil)
    #expect(Self.drift([]) == nil)
  }
}
