import Testing

@testable import Engine

@Suite struct MetricsGoodputTests {
  @Test func bothSpellingsAreRead() throws {
    let vllm = try GoodputTargets(parsing: ["ttft:200", "tpot:50", "e2el:5000"])
    #expect(vllm == GoodputTargets(ttft: 200, tpot: 50, endToEnd: 5000))
    let aiperf = try GoodputTargets(
      parsing: ["time_to_first_token:200 inter_token_latency:50 request_latency:5000"])
    #expect(aiperf == vllm)
  }

  @Test(arguments: [
    (["tfft:200"], "--goodput: tfft:200: tfft is not an objective; expected ttft, tpot or e2el"),
    (
      ["ttft"], "--goodput: ttft: is not a pair; expected name:milliseconds, such as ttft:200"
    ),
    (
      ["ttft:-1"], "--goodput: ttft:-1: -1 is not a duration; expected milliseconds, 0 or more"
    ),
    (
      ["ttft:nan"],
      "--goodput: ttft:nan: nan is not a duration; expected milliseconds, 0 or more"
    ),
    (
      ["ttft:1 ttft:2"],
      "--goodput: ttft:2: is given twice; expected one value for each objective"
    ),
    ([""], "--goodput: names no objective; expected such as ttft:200 tpot:50"),
  ])
  func wrongObjectivesAreRefused(_ arguments: [String], _ message: String) {
    let error = #expect(throws: InputError.self) { try GoodputTargets(parsing: arguments) }
    #expect(error?.description == message)
  }

  @Test func requestMustKeepEveryObjective() {
    // TTFT 50, 70, 20 ms; TPOT 50, 1100, none; of four requests, one was rejected. 1.27 s.
    let targets = GoodputTargets(ttft: 50, tpot: 50)
    let summary = RunSummary(
      MetricsFixture.run, cluster: MetricsFixture.cluster, injected: 4, targets: targets)
    #expect(summary.goodput?.good == 2)
    #expect(summary.goodput?.requestsPerSecond == 2 / 1.27)
    #expect(summary.goodput?.share == 0.5)
    #expect(summary.goodput?.ttftShare == 0.5)
    #expect(summary.goodput?.endToEndShare == nil)
  }

  @Test func limitItselfIsKept() {
    // 0.3 ms is not exact in binary; 300,000 ns must still keep it.
    var record = MetricsFixture.run.records[2]
    record.firstToken = record.arrival + SimDuration(nanoseconds: 300_000)
    #expect(GoodputTargets(ttft: 0.3).areMet(by: record))
    record.firstToken = record.arrival + SimDuration(nanoseconds: 300_001)
    #expect(!GoodputTargets(ttft: 0.3).areMet(by: record))
  }
}
