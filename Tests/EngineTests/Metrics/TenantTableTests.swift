import Testing

@testable import Engine

@Suite struct TenantTableTests {
  private static func record(_ id: Int, latency: Int64?, tokens: Int32) -> RequestRecord {
    var record = RequestRecord()
    record.id = RequestID(id)
    record.arrival = SimTime(nanoseconds: 1_000_000)
    record.outputTokens = tokens
    record.outcome = latency == nil ? .rejected : .finished
    guard let latency else { return record }
    record.firstToken = record.arrival + SimDuration(nanoseconds: latency * 500_000)
    record.end = record.arrival + SimDuration(nanoseconds: latency * 1_000_000)
    return record
  }

  /// a: 20 tokens in 100 + 300 ms is 50 a second; b: 30 in 200 ms is 150. (50 + 150)² / (2 · (50² + 150²)) = 0.8.
  @Test func speedsAndTheirIndex() {
    let records: ContiguousArray = [
      Self.record(0, latency: 200, tokens: 30), Self.record(1, latency: 100, tokens: 10),
      Self.record(2, latency: 300, tokens: 10), Self.record(3, latency: nil, tokens: 5),
      Self.record(4, latency: 7, tokens: 5),
    ]
    let owners = ["b", "a", "a", "a", nil]
    let table = TenantTable(records) { owners[Int($0.index)] }
    #expect(table.tenants.map(\.name) == ["a", "b"])
    #expect(table.tenants.map(\.requests) == [3, 1])
    #expect(table.tenants.map(\.finished) == [2, 1])
    #expect(table.tenants[0].endToEnd == 200 && table.tenants[0].ttft == 100)
    #expect(table.tenants.map(\.speed) == [50, 150])
    #expect(abs((table.fairness ?? 0) - 0.8) < 1e-12)
  }

  @Test func oneTenantOrNoneHasNoIndex() {
    #expect(TenantTable([Self.record(0, latency: 5, tokens: 1)]) { _ in "a" }.fairness == nil)
    #expect(TenantTable([]) { _ in nil }.fairness == nil)
    // Of two who both got nothing, neither is favoured, and nothing can be said.
    let none: ContiguousArray = [
      Self.record(0, latency: nil, tokens: 1), Self.record(1, latency: nil, tokens: 1),
    ]
    #expect(TenantTable(none) { $0.index == 0 ? "a" : "b" }.fairness == nil)
  }
}
