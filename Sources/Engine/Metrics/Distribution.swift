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
  init?(ofNanoseconds samples: consuming ContiguousArray<Double>) {
    radixSort(&samples) { $0.sortKey }
    self.init(ofSorted: samples) { $0 }
  }

  /// The same for whole nanoseconds, which have fewer digits to sort by.
  init?(ofWholeNanoseconds samples: consuming ContiguousArray<Int64>) {
    radixSort(&samples) { UInt64(bitPattern: $0) ^ (1 << 63) }
    self.init(ofSorted: samples, sum: Self.exactSum(samples)) { Double($0) }
  }

  init?(ofWholeNanoseconds samples: consuming ContiguousArray<UInt32>) {
    radixSort(&samples) { UInt64($0) }
    self.init(ofSorted: samples, sum: Self.exactSum(samples)) { Double($0) }
  }

  /// The sum of sorted whole numbers, where no way of adding them up rounds; nil where one might.
  private static func exactSum<Sample: FixedWidthInteger>(
    _ sorted: ContiguousArray<Sample>
  ) -> Double? {
    guard let first = sorted.first, let last = sorted.last, first >= 0,
      Double(last) * Double(sorted.count) < 0x1p53
    else { return nil }
    var sum = 0
    for sample in sorted { sum &+= Int(truncatingIfNeeded: sample) }
    return Double(sum)
  }

  /// - Parameter sum: of all samples, where it is known.
  /// - Parameter number: a sample as a number; samples are millions, so that they are not made into numbers beforehand.
  @inline(__always)
  private init?<Sample>(
    ofSorted sorted: ContiguousArray<Sample>, sum: Double? = nil, _ number: (Sample) -> Double
  ) {
    guard let first = sorted.first, let last = sorted.last else { return nil }

    let mean = (sum ?? compensatedSum(sorted, number)) / Double(sorted.count)
    var squares = CompensatedSum()
    for sample in sorted {
      let deviation = number(sample) - mean
      squares.add(deviation * deviation)
    }
    func milliseconds(at percent: Double) -> Double {
      percentile(percent, of: sorted.count) { number(sorted[$0]) } / nanosecondsPerMillisecond
    }

    count = sorted.count
    self.mean = mean / nanosecondsPerMillisecond
    standardDeviation =
      (squares.value / Double(sorted.count)).squareRoot() / nanosecondsPerMillisecond
    minimum = number(first) / nanosecondsPerMillisecond
    p50 = milliseconds(at: 50)
    p90 = milliseconds(at: 90)
    p95 = milliseconds(at: 95)
    p99 = milliseconds(at: 99)
    p999 = sorted.count >= Self.fewestForP999 ? milliseconds(at: 99.9) : nil
    maximum = number(last) / nanosecondsPerMillisecond
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

/// The value below which `percent` of the samples lie, interpolated linearly at position `percent/100 · (n − 1)`.
///
/// The arithmetic is that of `numpy.percentile` with its default method, rounding included, so that numbers can be
/// compared with those of vLLM's benchmark digit by digit.
///
/// Source: method 7 of Hyndman and Fan 1996, https://doi.org/10.2307/2684934.
///
/// - Parameter sorted: ascending, not empty.
/// - Parameter percent: from 0 to 100.
func percentile(_ percent: Double, ofSorted sorted: ContiguousArray<Double>) -> Double {
  percentile(percent, of: sorted.count) { sorted[$0] }
}

/// The same of `count` samples, the one at a place by `sample`.
private func percentile(_ percent: Double, of count: Int, _ sample: (Int) -> Double) -> Double {
  let position = percent / 100 * Double(count - 1)
  let lower = Int(position)
  let fraction = position - Double(lower)
  let a = sample(lower)
  let b = sample(min(lower + 1, count - 1))
  return fraction < 0.5 ? a + (b - a) * fraction : b - (b - a) * (1 - fraction)
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
@inline(__always)
private func compensatedSum<Sample>(
  _ samples: ContiguousArray<Sample>, _ number: (Sample) -> Double
) -> Double {
  var sum = CompensatedSum()
  for sample in samples { sum.add(number(sample)) }
  return sum.value
}
