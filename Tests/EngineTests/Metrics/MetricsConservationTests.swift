import Testing

@testable import Engine

@Suite struct MetricsConservationTests {
  @Test func lineReadsAsAnEquation() {
    let conservation = Conservation(injected: 4, records: MetricsFixture.run.records)
    #expect(
      conservation.line == "injected 4 = finished 3 + rejected 1 + cancelled 0 + unfinished 0")
    #expect(MetricsFixture.run.brokenLaw(injected: 4) == nil)
  }

  @Test func lostRequestIsABrokenLaw() {
    #expect(
      MetricsFixture.run.brokenLaw(injected: 5)
        == "injected 5 != finished 3 + rejected 1 + cancelled 0 + unfinished 0")
  }

  @Test func requestRecordedTwiceIsABrokenLaw() {
    var run = MetricsFixture.run
    run.records[3] = run.records[2]
    #expect(run.brokenLaw(injected: 4) == "request 2 is recorded after request 2")
  }

  @Test func timeGoingBackIsABrokenLaw() {
    var run = MetricsFixture.run
    run.records[1].transferEnd = MetricsFixture.at(260)
    #expect(
      run.brokenLaw(injected: 4)
        == "request 1: transfer end at 260000000 ns comes before transfer start at 270000000 ns")
  }

  @Test func finishingWithoutAFirstTokenIsABrokenLaw() {
    var run = MetricsFixture.run
    run.records[2].firstToken = .never
    #expect(run.brokenLaw(injected: 4) == "request 2: finished without first token")
  }

  @Test func blocksHeldAfterTheEndAreABrokenLaw() {
    var run = MetricsFixture.run
    run.kvBlocksHeld = 3
    #expect(
      run.brokenLaw(injected: 4) == "3 KV blocks are held after the last request ended")
    run.records[3].outcome = .unfinished
    #expect(run.brokenLaw(injected: 4) == nil)
  }

  @Test func randomRunsKeepTheLaws() {
    for seed in 0..<100 as Range<UInt64> {
      let run = MetricsFixture.randomRun(seed: seed, requests: 40)
      #expect(run.brokenLaw(injected: 40) == nil, "seed \(seed)")
    }
  }
}
