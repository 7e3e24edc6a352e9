/// Counts of gaps between tokens in ns, by bins of three significant digits: memory that does not grow with the tokens.
///
/// Values below 2,048 have a bin each; above, each power of two has 1,024 bins. Memory follows the longest gap.
/// Source: the layout of HdrHistogram, http://hdrhistogram.org, whose conventions for mean and percentiles hold here too.
public struct GapHistogram: Sendable, Equatable {
  private static let halfBits = 10
  private static let half = 1 << halfBits

  private var counts: ContiguousArray<UInt64> = []
  public private(set) var totalCount: UInt64 = 0
  /// Smallest and largest value, exact; 0 without any.
  public private(set) var minimum: UInt64 = 0
  public private(set) var maximum: UInt64 = 0

  public init() {}

  /// Place of the bin that a value falls into.
  @inline(__always)
  static func bin(of value: UInt64) -> Int {
    let shift = 64 - 1 - halfBits - (value | UInt64(2 * half - 1)).leadingZeroBitCount
    return shift &<< halfBits &+ Int(truncatingIfNeeded: value &>> UInt64(shift))
  }

  /// Smallest and largest value of a bin, which some value falls into.
  @inline(__always)
  static func range(ofBin bin: Int) -> (lower: UInt64, upper: UInt64) {
    let shift = max(0, bin &>> halfBits &- 1)
    let lower = UInt64(truncatingIfNeeded: bin &- shift &<< halfBits) &<< UInt64(shift)
    return (lower, lower &+ (1 &<< UInt64(shift)) &- 1)
  }

  public mutating func record(_ value: UInt64, count: UInt64 = 1) {
    guard count > 0 else { return }
    record(count, in: Self.bin(of: value), least: value, most: value)
  }

  /// Counts `count` values of one bin, at least one, the extremes of which are known.
  mutating func record(_ count: UInt64, in bin: Int, least: UInt64, most: UInt64) {
    if bin >= counts.count {
      counts.append(contentsOf: repeatElement(0, count: bin + 1 - counts.count))
    }
    counts[bin] += count
    minimum = totalCount == 0 ? least : min(minimum, least)
    maximum = max(maximum, most)
    totalCount += count
  }

  /// Bins that hold something, in order: the value in the middle of each, and how many there are.
  public var bins: some Sequence<(value: UInt64, count: UInt64)> {
    counts.indices.lazy.filter { counts[$0] > 0 }.map { bin in
      let (lower, upper) = Self.range(ofBin: bin)
      return (value: lower + (upper - lower + 1) / 2, count: counts[bin])
    }
  }

  /// Mean and standard deviation of the population, with each value taken as the middle of its bin; 0 without any.
  public var moments: (mean: Double, standardDeviation: Double) {
    guard totalCount > 0 else { return (0, 0) }
    var total = 0.0
    for bin in bins { total += Double(bin.value) * Double(bin.count) }
    let mean = total / Double(totalCount)
    var squares = 0.0
    for bin in bins {
      let deviation = Double(bin.value) - mean
      squares += deviation * deviation * Double(bin.count)
    }
    return (mean, (squares / Double(totalCount)).squareRoot())
  }

  /// Upper end of the bin in which that share of the values is reached; 0 without any.
  public func value(atPercentile percent: Double) -> UInt64 {
    // One step down, so that rounding in the product does not reach into the next bin.
    let share = min(max(percent.nextDown, 0), 100) * Double(totalCount) / 100
    let wanted = max(1, UInt64(share.rounded(.up)))
    var seen: UInt64 = 0
    for (bin, count) in counts.enumerated() {
      seen += count
      if seen >= wanted { return max(min(Self.range(ofBin: bin).upper, maximum), minimum) }
    }
    return 0
  }
}
