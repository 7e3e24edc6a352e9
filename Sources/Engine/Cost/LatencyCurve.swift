/// Latency of one layer over a count of tokens or sequences, measured at some counts.
struct LatencyCurve: Sendable, Equatable {
  /// Rising.
  private(set) var counts: ContiguousArray<Int>
  /// Nanoseconds at those counts, at least 1.
  private(set) var times: ContiguousArray<Int64>
  /// Nanoseconds for each count beyond the last.
  private let slope: Double

  /// Takes points in any order; the first of several at one count stays. There must be one at least.
  init(_ points: [(count: Int, time: Int64)], _ extrapolation: ProfileRules.Extrapolation) {
    precondition(!points.isEmpty, "a curve without points")
    counts = []
    times = []
    // Sorting the indices too keeps the order among equal counts.
    let order = points.indices.sorted { (points[$0].count, $0) < (points[$1].count, $1) }
    for i in order where points[i].count != counts.last {
      counts.append(points[i].count)
      times.append(points[i].time)
    }
    slope =
      switch extrapolation {
      case .lastTwoPoints: Self.slope(counts.suffix(2), times.suffix(2))
      case .upperHalf:
        // Work does not shrink as it grows: a falling tail is noise.
        max(0, Self.upperHalfSlope(counts, times))
      }
  }

  /// Nanoseconds at `count`: linear between points, constant below the first, the slope beyond the last.
  func time(at count: Int) -> Int64 {
    let last = counts.count - 1
    if count <= counts[0] { return times[0] }
    if count > counts[last] {
      let beyond = Double(count) - Double(counts[last])
      return ProfileLimits.whole(Double(times[last]) + beyond * slope)
    }
    let upper = firstIndex(notBelow: count)
    let fraction =
      Double(count - counts[upper - 1]) / Double(counts[upper] - counts[upper - 1])
    let low = Double(times[upper - 1])
    return ProfileLimits.whole(low + fraction * (Double(times[upper]) - low))
  }

  private func firstIndex(notBelow count: Int) -> Int {
    var low = 0
    var high = counts.count - 1
    while low < high {
      let middle = (low + high) / 2
      if counts[middle] < count { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private static func upperHalfSlope(
    _ counts: ContiguousArray<Int>, _ times: ContiguousArray<Int64>
  ) -> Double {
    let half = counts[counts.count - 1] / 2
    let start = min(counts.firstIndex { $0 >= half } ?? 0, max(0, counts.count - 2))
    return slope(counts[start...], times[start...])
  }

  /// Least-squares slope; 0 where there is one point only.
  private static func slope(_ counts: ArraySlice<Int>, _ times: ArraySlice<Int64>) -> Double {
    let n = Double(counts.count)
    let meanCount = counts.reduce(0) { $0 + Double($1) } / n
    let meanTime = times.reduce(0) { $0 + Double($1) } / n
    var spread = 0.0
    var shared = 0.0
    for (count, time) in zip(counts, times) {
      spread += (Double(count) - meanCount) * (Double(count) - meanCount)
      shared += (Double(count) - meanCount) * (Double(time) - meanTime)
    }
    return spread > 0 ? shared / spread : 0
  }
}
