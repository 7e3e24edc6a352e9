import Testing

@testable import Engine

@Suite struct RateSearchTests {
  @Test(arguments: [0.0013, 0.5, 3.99, 4, 4.01, 57, 999_999])
  func theLimitIsFoundWithinThePrecision(limit: Double) {
    let search = RateSearch.highest(precision: 0.01) { $0 <= limit }
    #expect(search.rate <= limit && search.rate >= limit / 1.01, "\(search)")
    #expect(search.failed ?? 0 > limit)
    // At most 20 doublings over the range, then ratios 2, √2, … down to 1.01: seven more.
    #expect(search.evaluations <= 28)
  }

  @Test func nothingAndEverything() {
    let never = RateSearch.highest(precision: 0.01) { _ in false }
    #expect(never.rate == 0 && never.failed == RateSearch.lowest)
    let always = RateSearch.highest(precision: 0.01) { _ in true }
    #expect(always.rate == RateSearch.highest && always.failed == nil)
  }

  @Test func objectivesAreReadWithUnits() throws {
    let targets = try GoodputTargets(slo: "ttft=0.4s,tpot=50ms,e2el=1500000us")
    #expect(targets.ttft == 400 && targets.tpot == 50 && targets.endToEnd == 1500)
    #expect(targets.text == "ttft 400 ms, tpot 50 ms, e2el 1500 ms")
  }

  @Test(arguments: ["", "ttft", "ttft=400", "ttft=xms", "ttft=-1ms", "itl=3ms", "ttft=1s,ttft=2s"])
  func otherObjectivesAreRefused(text: String) {
    #expect(throws: InputError.self) { try GoodputTargets(slo: text) }
  }
}
