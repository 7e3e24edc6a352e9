import Testing

@testable import Engine

@Suite struct WorkloadArrivalTests {
  /// Arrivals before `end` seconds, in seconds.
  private func times(
    _ rate: String, _ gaps: ArrivalProcess.Gaps = .poisson, pulse: ArrivalProcess.Pulse? = nil,
    until end: Double, seed: UInt64 = 0
  ) throws -> [Double] {
    var times = ArrivalTimes(
      try ArrivalProcess(parsing: rate, gaps: gaps, pulse: pulse), seed: seed)
    var result: [Double] = []
    while let time = times.next()?.seconds, time < end { result.append(time) }
    return result
  }

  @Test func constantGapsFollowTheRate() throws {
    // 2 a second until second 2; none until second 3; then one each 0.25 s.
    let found = try times("0:2,2:0,3:4", .constant, until: 3.9)
    // The gap that begins at 1.5 s ends where second 2 begins, which is where the rate is 0: it is
    // full at second 3.
    #expect(found == [0.5, 1, 1.5, 3, 3.25, 3.5, 3.75])
  }

  @Test func pulsesStretchTheGapsOverThePauses() throws {
    // 1 a second in seconds 0 to 2 and 5 to 7.
    let found = try times(
      "1", .constant, pulse: ArrivalProcess.Pulse(on: 2, off: 3), until: 9)
    #expect(found == [1, 5, 6])
  }

  @Test func arrivalsAreSortedAndAsManyAsTheRateSays() throws {
    for seed in 0..<40 as Range<UInt64> {
      for (gaps, variance) in [
        (ArrivalProcess.Gaps.poisson, 1.0), (.gamma(burstiness: 0.25), 4),
        (.gamma(burstiness: 4), 0.25),
      ] {
        let found = try times("0:10,60:0,80:30", gaps, until: 100, seed: seed)
        #expect(zip(found, found.dropFirst()).allSatisfy { $0 <= $1 }, "seed \(seed)")
        #expect(!found.contains { (60..<80).contains($0) }, "seed \(seed)")
        // Counts of a renewal process have a variance of the mean over the burstiness.
        let first = Double(found.count { $0 < 60 })
        let last = Double(found.count) - first
        for (count, mean) in [(first, 600.0), (last, 600.0)] {
          #expect(abs(count - mean) < 5 * (mean * variance).squareRoot(), "seed \(seed), \(gaps)")
        }
      }
    }
  }

  @Test func burstinessSetsTheVariationOfGaps() throws {
    for burstiness in [0.2, 0.5, 1, 4] {
      let found = try times("1", .gamma(burstiness: burstiness), until: 20_000, seed: 7)
      let gaps = zip(found, found.dropFirst()).map { $1 - $0 }
      let mean = gaps.reduce(0, +) / Double(gaps.count)
      let square = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
      // A gamma of shape b has a coefficient of variation of 1/sqrt(b).
      #expect(abs(square / (mean * mean) * burstiness - 1) < 0.15, "burstiness \(burstiness)")
    }
  }

  @Test func pulsesLeaveTheirPausesEmpty() throws {
    for seed in 0..<20 as Range<UInt64> {
      let found = try times(
        "20", pulse: ArrivalProcess.Pulse(on: 5, off: 15), until: 200, seed: seed)
      #expect(
        found.allSatisfy { $0.truncatingRemainder(dividingBy: 20) <= 5.000_001 }, "seed \(seed)")
      // 10 pulses of 100 arrivals, within five standard deviations.
      #expect(abs(found.count - 1000) < 160, "seed \(seed)")
    }
  }

  @Test(arguments: [
    "", "x", "-1", "0", "nan", "inf", "1e10", "1e-10", "0:1,", ":", "0:", ":1", "1:5", "0:1,0:2",
    "0:1,5:2,3:1", "0:0", "0:1:2", "0:-1", "0:1,nan:2", "0:1,inf:2", "5,6",
  ])
  func nonsenseIsNoRate(_ text: String) {
    #expect(throws: SpecError.self) { try ArrivalProcess(parsing: text) }
  }

  @Test func burstinessAndPulsesHaveLimits() {
    for burstiness in [0, -1, 0.001, 1e9, .nan, .infinity] {
      #expect(throws: SpecError.self) {
        try ArrivalProcess(parsing: "1", gaps: .gamma(burstiness: burstiness))
      }
    }
    for (on, off) in [(0.0, 1.0), (-1, 1), (.nan, 1), (1, -1), (1, .nan), (.infinity, 1)] {
      #expect(throws: SpecError.self) {
        try ArrivalProcess(parsing: "1", pulse: ArrivalProcess.Pulse(on: on, off: off))
      }
    }
  }

  @Test func extremeRatesEndInsteadOfRunningAway() throws {
    #expect(try times("0:1000000000", until: 1e-6).count > 500)
    // One in 32 years: at most a few in 100 years, and then none.
    #expect(try times("1e-9", until: .infinity).count < 20)
    #expect(try times("0:5,1:0", until: .infinity).count < 30)
    #expect(
      try times("1e-9", pulse: ArrivalProcess.Pulse(on: 0.001, off: 1e9), until: .infinity).isEmpty)
  }
}
