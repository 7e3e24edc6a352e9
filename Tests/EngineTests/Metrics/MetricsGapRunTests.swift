import Testing

@testable import Engine

/// What is counted in runs is what counting one by one gives.
@Suite struct MetricsGapRunTests {
  @Test(arguments: 0..<100)
  func gapsInRunsFillTheHistogramAsGapsOneByOne(seed: Int) {
    var random = RandomStream(seed: UInt64(seed), name: "gap-run")
    var (inRuns, oneByOne) = (RunResult().gapHistogram, RunResult().gapHistogram)
    var runs = [GapRun(), GapRun(), GapRun()]
    var gaps: [Int64] = [0, 1_000, 13_000_000]
    for _ in 0..<2_000 {
      let place = random.nextIndex(below: 3)
      let jump = random.nextIndex(below: 50) == 0
      gaps[place] += jump ? Int64(random.nextIndex(below: 1 << 40)) : Int64(place * 700)
      if jump, random.nextIndex(below: 2) == 0 { gaps[place] = 0 }
      let count = 1 + random.nextIndex(below: 9)
      runs[place].add(SimDuration(nanoseconds: gaps[place]), count: count, to: &inRuns)
      oneByOne.record(UInt64(gaps[place]), count: UInt64(count))
    }
    for place in runs.indices { runs[place].close(into: &inRuns) }
    #expect(inRuns == oneByOne)
  }

  /// Moments in a row: those that can go together do, and the others are left.
  @Test(arguments: 0..<100)
  func gapsBetweenMomentsFillTheHistogramAsGapsOneByOne(seed: Int) {
    var random = RandomStream(seed: UInt64(seed), name: "gaps-of-moments")
    var (together, oneByOne) = (RunResult().gapHistogram, RunResult().gapHistogram)
    var run = GapRun()
    var tookSome = false
    for _ in 0..<100 {
      var gap = Int64(random.nextIndex(below: 30_000_000))
      var moments = [SimTime.zero]
      for _ in 0..<random.nextIndex(below: 40) {
        gap += Int64(random.nextIndex(below: 2_000))
        moments.append(moments[moments.count - 1] + SimDuration(nanoseconds: gap))
      }
      let limit = moments[random.nextIndex(below: moments.count)]
      let count = 1 + random.nextIndex(below: 9)
      var place = 1
      while place < moments.count {
        let start = moments[place - 1]
        let taken = moments.withUnsafeBufferPointer {
          run.add(upTo: $0[place...], from: start, before: limit, count: count)
        }
        tookSome = tookSome || taken > 0
        #expect(moments[place..<place + taken].allSatisfy { $0 < limit })
        place += taken
        if place == moments.count { break }
        run.add(moments[place] - moments[place - 1], count: count, to: &together)
        place += 1
      }
      for place in moments.indices.dropFirst() {
        let gap = (moments[place] - moments[place - 1]).nanoseconds
        oneByOne.record(UInt64(gap), count: UInt64(count))
      }
    }
    run.close(into: &together)
    #expect(together == oneByOne)
    #expect(tookSome)
  }

  @Test(arguments: 0..<100)
  func tokensInRunsCountAsTokensOneByOne(seed: Int) {
    var random = RandomStream(seed: UInt64(seed), name: "token-rate")
    var rate = TokenRate()
    var runs = [TokenRate.Run(), TokenRate.Run(), TokenRate.Run()]
    var times: [Int64] = [500, 500, 500]
    var bySecond: [Int64: Int] = [:]
    rate.start(at: SimTime(nanoseconds: 500))
    rate.start(at: SimTime(nanoseconds: 999_999_999))
    for _ in 0..<1_000 {
      let place = random.nextIndex(below: 3)
      times[place] += Int64(random.nextIndex(below: 2_000_000_000))
      if random.nextIndex(below: 10) == 0 {
        // On the second, and just before it.
        times[place] = times[place] / 1_000_000_000 * 1_000_000_000 + 1_000_000_500
        times[place] -= Int64(random.nextIndex(below: 2))
      }
      let count = 1 + random.nextIndex(below: 9)
      rate.add(count, at: SimTime(nanoseconds: times[place]), to: &runs[place])
      bySecond[(times[place] - 500) / 1_000_000_000, default: 0] += count
    }
    for place in runs.indices { rate.close(&runs[place]) }
    #expect(rate.most == bySecond.values.max())
  }

  /// Bins are at most one part in a thousand wide, follow one another, and hold what was put into them.
  @Test func binsCoverEveryValueToThreeDigits() {
    var random = RandomStream(seed: 0, name: "bins")
    var values: [UInt64] = [0, 1, 2_047, 2_048, 4_095, 4_096, UInt64(Int64.max)]
    for _ in 0..<2_000 { values.append(random.next() >> UInt64(1 + random.nextIndex(below: 62))) }
    for value in values {
      let (lower, upper) = GapHistogram.range(ofBin: GapHistogram.bin(of: value))
      #expect(lower <= value && value <= upper)
      #expect(upper - lower <= value / 1_000)
      #expect(GapHistogram.range(ofBin: GapHistogram.bin(of: lower)) == (lower, upper))
      #expect(GapHistogram.range(ofBin: GapHistogram.bin(of: upper)) == (lower, upper))
      #expect(GapHistogram.range(ofBin: GapHistogram.bin(of: upper + 1)).lower == upper + 1)
    }
  }

  @Test(arguments: 0..<50)
  func percentilesAreThoseOfTheSortedValuesToTheirBin(seed: Int) {
    var random = RandomStream(seed: UInt64(seed), name: "percentiles")
    var histogram = GapHistogram()
    var values: [UInt64] = []
    for _ in 0..<(1 + random.nextIndex(below: 400)) {
      let value = random.next() >> UInt64(random.nextIndex(below: 40) + 20)
      let count = 1 + random.nextIndex(below: 5)
      histogram.record(value, count: UInt64(count))
      values.append(contentsOf: repeatElement(value, count: count))
    }
    values.sort()
    for percent in [50, 90, 95, 99] {
      let place = (percent * values.count + 99) / 100 - 1
      let found = histogram.value(atPercentile: Double(percent))
      #expect(
        found
          == min(
            GapHistogram.range(ofBin: GapHistogram.bin(of: values[place])).upper,
            values[values.count - 1]))
    }
    #expect(histogram.minimum == values[0])
    #expect(histogram.maximum == values[values.count - 1])
    #expect(histogram.totalCount == UInt64(values.count))
  }
}
