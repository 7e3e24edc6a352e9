/// Equal intervals from the beginning of a simulation, shared by all runs of a report so that they can be overlaid.
struct TimeGrid {
  /// ns.
  let width: Int64
  let count: Int

  /// Most intervals: about as many as a plot has room for.
  private static let most: Int64 = 160

  /// Covers all runs with intervals of 1, 2 or 5 times a power of ten.
  init(covering runs: [RunFile]) {
    let end = runs.lazy.flatMap { $0.requests.end + ($0.series?.time ?? []) }.max() ?? 0
    var width: Int64 = 1_000_000
    let factors: [Int64] = [2, 5, 10]
    var decade = width
    var place = 0
    while max(1, end) / width >= Self.most {
      width = decade * factors[place]
      place += 1
      if place == factors.count { (place, decade) = (0, decade * 10) }
    }
    self.width = width
    count = Int(max(0, end) / width) + 1
  }

  var seconds: Double { Double(width) / 1e9 }

  /// Place of the interval that a moment falls into.
  func place(of moment: Int64) -> Int { min(count - 1, max(0, Int(moment / width))) }

  /// How many of the moments fall into each interval, for each second.
  func rate(of moments: some Sequence<Int64>) -> [Double] {
    var counts = [Double](repeating: 0, count: count)
    for moment in moments { counts[place(of: moment)] += 1 }
    return counts.map { $0 / seconds }
  }

  /// Spreads an amount evenly from a moment to a later one.
  func spread(_ amount: Double, from start: Int64, to end: Int64, into bins: inout [Double]) {
    guard end > start else {
      bins[place(of: start)] += amount
      return
    }
    for bin in place(of: start)...place(of: end) {
      let from = max(start, Int64(bin) * width)
      let to = min(end, Int64(bin + 1) * width)
      if to > from { bins[bin] += amount * Double(to - from) / Double(end - start) }
    }
  }
}
