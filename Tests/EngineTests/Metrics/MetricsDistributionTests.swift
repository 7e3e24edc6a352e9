import Testing

@testable import Engine

@Suite struct MetricsDistributionTests {
  /// Values of `numpy.percentile`, `numpy.mean` and `numpy.std` for these six numbers.
  @Test func percentilesAreThoseOfNumpy() throws {
    let milliseconds = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6]
    let distribution = try #require(
      Distribution(ofNanoseconds: ContiguousArray(milliseconds.map { $0 * 1e6 })))
    #expect(distribution.count == 6)
    #expect(distribution.minimum == 1)
    #expect(distribution.p50 == 2.8)
    #expect(distribution.p90 == 6.5)
    #expect(distribution.p95 == 7.75)
    #expect(distribution.p99 == 8.75)
    #expect(distribution.maximum == 9)
    #expect(abs(distribution.mean - 3.516666666666667) < 1e-15)
    #expect(abs(distribution.standardDeviation - 2.639707475375928) < 1e-15)
  }

  @Test func oneSampleIsEveryPercentile() throws {
    let distribution = try #require(Distribution(ofNanoseconds: [7e6]))
    #expect(distribution.p50 == 7)
    #expect(distribution.p99 == 7)
    #expect(distribution.standardDeviation == 0)
  }

  @Test func noSampleIsNoDistribution() {
    #expect(Distribution(ofNanoseconds: ContiguousArray<Double>()) == nil)
    #expect(Distribution(ofNanoseconds: RunResult().gapHistogram) == nil)
  }

  @Test func radixSortOrdersAsSortDoes() {
    for seed in 0..<200 as Range<UInt64> {
      var random = RandomStream(seed: seed, name: "radix")
      let count = random.nextIndex(below: 200)
      let width = UInt64(random.nextIndex(below: 64))
      let keys = ContiguousArray((0..<count).map { _ in random.next() >> width })
      var sorted = keys
      radixSort(&sorted) { $0 }
      #expect(sorted == ContiguousArray(keys.sorted()), "seed \(seed)")
      var places = ContiguousArray(keys.indices)
      radixSort(&places) { keys[$0] & 3 }
      let stable = keys.indices.sorted { (keys[$0] & 3, $0) < (keys[$1] & 3, $1) }
      #expect(places == ContiguousArray(stable), "seed \(seed)")
    }
  }

  /// Samples are held in four bytes until one needs eight, wherever that one comes.
  @Test func narrowAndWideSamplesSayTheSame() {
    for seed in 0..<100 as Range<UInt64> {
      var random = RandomStream(seed: seed, name: "widths")
      let bits = UInt64(31 + random.nextIndex(below: 3))
      let durations = (0..<random.nextIndex(below: 50)).map { _ in
        Int64(random.next() % (1 << bits)) - (seed % 7 == 0 ? 5 : 0)
      }
      var samples = DurationSamples(expected: seed % 2 == 0 ? durations.count : 0)
      for duration in durations {
        samples.append(SimDuration(nanoseconds: duration))
        samples.append(nil)
      }
      let plain = Distribution(ofNanoseconds: ContiguousArray(durations))
      #expect(samples.distribution() == plain, "seed \(seed)")
    }
  }

  /// Interpolated percentiles and those of the histogram agree to its 3 digits when neighbours are close.
  @Test func histogramIsWithinOnePartInAThousand() throws {
    for seed in 0..<20 as Range<UInt64> {
      var random = RandomStream(seed: seed, name: "gaps")
      var histogram = RunResult().gapHistogram
      var samples = ContiguousArray<Double>()
      for _ in 0..<20_000 {
        let gap = 10_000_000 + random.nextIndex(below: 40_000_000)
        histogram.record(UInt64(gap))
        samples.append(Double(gap))
      }
      let exact = try #require(Distribution(ofNanoseconds: samples))
      let binned = try #require(Distribution(ofNanoseconds: histogram))
      for value in [\Distribution.mean, \.p50, \.p90, \.p99, \.maximum, \.minimum] {
        let (a, b) = (exact[keyPath: value], binned[keyPath: value])
        #expect(abs(a - b) <= a * 0.0015, "seed \(seed)")
      }
    }
  }

  /// Whole numbers are added up as such where their sum is exact in floating point: the same bits.
  @Test func wholeNumbersHaveTheMeanOfNumbers() {
    for seed in 0..<200 as Range<UInt64> {
      var random = RandomStream(seed: seed, name: "whole")
      let bits = UInt64(1 + random.nextIndex(below: 60))
      let whole = ContiguousArray(
        (0..<(1 + random.nextIndex(below: 300))).map { _ in Int64(random.next() % (1 << bits)) })
      let numbers = ContiguousArray(whole.map(Double.init))
      let (a, b) = (Distribution(ofNanoseconds: whole), Distribution(ofNanoseconds: numbers))
      #expect(a == b, "seed \(seed)")
      if bits <= 32 {
        #expect(Distribution(ofNanoseconds: ContiguousArray(whole.map(UInt32.init))) == b)
      }
    }
  }

  @Test func compensatedSumKeepsSmallTerms() {
    var sum = CompensatedSum()
    for term in [1.0, 1e100, 1.0, -1e100] { sum.add(term) }
    #expect(sum.value == 2)
  }
}
