/// Mean, spread and percentiles of one quantity, in milliseconds.
public struct Distribution: Sendable, Equatable {
  public var count: Int
  public var mean: Double
  /// Of the population, dividing by `count`, as `numpy.std` does by default.
  public var standardDeviation: Double
  public var minimum: Double
  public var p50: Double
  public var p90: Double
  public var p95: Double
  public var p99: Double
  /// nil with fewer than 1,000 samples: the one percentile that rests on the last of them alone.
  public var p999: Double?
  public var maximum: Double
}

extension Distribution {
  /// Exact statistics of durations in nanoseconds; nil without any.
  init?<Sample: Rankable>(ofNanoseconds samples: ContiguousArray<Sample>) {
    guard let all = samples.withUnsafeBufferPointer({ Distribution(of: $0) }) else { return nil }
    self = all
  }

  /// The same of samples that lie anywhere, in any order: none is moved.
  ///
  /// - Complexity: O(n) time; extra memory for the samples near a percentile.
  init?<Sample: Rankable>(of samples: UnsafeBufferPointer<Sample>) {
    guard !samples.isEmpty else { return nil }
    let last = samples.count - 1
    let percentiles = [50, 90, 95, 99, 99.9].map { PercentilePlace($0, of: samples.count) }
    let ranked = RankedValues(
      [0, last] + percentiles.flatMap { [$0.lower, $0.upper] }, of: samples)
    func milliseconds(_ place: PercentilePlace) -> Double {
      place.value(between: ranked[place.lower].number, and: ranked[place.upper].number)
        / nanosecondsPerMillisecond
    }

    let sum = Sample.exactSum(of: samples, least: ranked[0], greatest: ranked[last])
    let mean = (sum ?? compensatedSum(samples)) / Double(samples.count)
    var squares = CompensatedSum()
    for sample in samples {
      let deviation = sample.number - mean
      squares.add(deviation * deviation)
    }

    count = samples.count
    self.mean = mean / nanosecondsPerMillisecond
    standardDeviation =
      (squares.value / Double(samples.count)).squareRoot() / nanosecondsPerMillisecond
    minimum = ranked[0].number / nanosecondsPerMillisecond
    p50 = milliseconds(percentiles[0])
    p90 = milliseconds(percentiles[1])
    p95 = milliseconds(percentiles[2])
    p99 = milliseconds(percentiles[3])
    p999 = samples.count >= Self.fewestForP999 ? milliseconds(percentiles[4]) : nil
    maximum = ranked[last].number / nanosecondsPerMillisecond
  }

  /// Statistics of a histogram over nanoseconds; nil when it is empty.
  ///
  /// Every value is known to the histogram's 3 significant digits, so each number here is off by at most 0.1 %.
  /// A percentile is the upper end of the bin in which that share of the values is reached, without interpolation
  /// between values: the convention of HdrHistogram, not of numpy.
  init?(ofNanoseconds histogram: GapHistogram) {
    guard histogram.totalCount > 0 else { return nil }
    func milliseconds(at percent: Double) -> Double {
      Double(histogram.value(atPercentile: percent)) / nanosecondsPerMillisecond
    }
    count = Int(clamping: histogram.totalCount)
    let moments = histogram.moments
    mean = moments.mean / nanosecondsPerMillisecond
    standardDeviation = moments.standardDeviation / nanosecondsPerMillisecond
    minimum = Double(histogram.minimum) / nanosecondsPerMillisecond
    p50 = milliseconds(at: 50)
    p90 = milliseconds(at: 90)
    p95 = milliseconds(at: 95)
    p99 = milliseconds(at: 99)
    p999 = count >= Self.fewestForP999 ? milliseconds(at: 99.9) : nil
    maximum = Double(histogram.maximum) / nanosecondsPerMillisecond
  }

  /// Samples of which one in a thousand is one. Unit: samples. Origin: 1 / (1 − 0.999).
  static let fewestForP999 = 1000

  /// Sum over all samples, in milliseconds.
  var total: Double { mean * Double(count) }
}

private let nanosecondsPerMillisecond = 1e6

/// The value below which `percent` of the samples lie, interpolated as `PercentilePlace` says.
///
/// - Parameter sorted: ascending, not empty.
/// - Parameter percent: from 0 to 100.
func percentile(_ percent: Double, ofSorted sorted: ContiguousArray<Double>) -> Double {
  let place = PercentilePlace(percent, of: sorted.count)
  return place.value(between: sorted[place.lower], and: sorted[place.upper])
}

/// Where a percentile lies among samples in order: interpolated linearly at position `percent/100 · (n − 1)`.
///
/// The arithmetic is that of `numpy.percentile` with its default method, rounding included, so that numbers can be
/// compared with those of vLLM's benchmark digit by digit.
///
/// Source: method 7 of Hyndman and Fan 1996, https://doi.org/10.2307/2684934.
private struct PercentilePlace {
  let lower: Int
  let upper: Int
  private let fraction: Double

  /// - Parameter count: of the samples, at least one.
  init(_ percent: Double, of count: Int) {
    let position = percent / 100 * Double(count - 1)
    lower = Int(position)
    upper = min(lower + 1, count - 1)
    fraction = position - Double(lower)
  }

  func value(between a: Double, and b: Double) -> Double {
    fraction < 0.5 ? a + (b - a) * fraction : b - (b - a) * (1 - fraction)
  }
}

/// Sum of many floating-point values that keeps the low bits which each addition loses.
///
/// Source: Neumaier 1974, https://doi.org/10.1002/zamm.19740540106.
struct CompensatedSum {
  private var sum = 0.0
  private var lost = 0.0

  var value: Double { sum + lost }

  mutating func add(_ x: Double) {
    let next = sum + x
    lost += abs(sum) >= abs(x) ? (sum - next) + x : (x - next) + sum
    sum = next
  }
}

/// A sum that does not drift with the number of samples.
private func compensatedSum<Sample: Rankable>(_ samples: UnsafeBufferPointer<Sample>) -> Double {
  var sum = CompensatedSum()
  for sample in samples { sum.add(sample.number) }
  return sum.value
}
