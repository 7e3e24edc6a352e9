/// How likely differences of paired runs are where there is nothing to differ, for all metrics of the pairs together.
///
/// If two candidates do not differ, the sign of a pair's differences is a coin's: swapping the two swaps it in all metrics at
/// once. So all ways to give signs are tried, and a metric's difference counts as far as any metric gets that far by a coin:
/// that one of many looks good by luck is part of the reckoning, and that metrics go together too. It asks nothing of how
/// differences are distributed.
///
/// Source: Fisher's test of paired samples, The Design of Experiments, 1935, section 21; its step-down form for several
/// metrics, Westfall and Young, Resampling-Based Multiple Testing, 1993, section 2.6.
enum SignTest {
  /// Pairs up to which all signs are tried, 2^n of them; beyond, `drawnSigns` of them. Guess: a few milliseconds.
  private static let exactPairs = 14
  private static let drawnSigns = 20_000
  /// A sum in another order may differ in its last bits and is as far all the same.
  private static let rounding = 1 - 1e-12

  /// The chance that any of the metrics gets as far as this one did, for each; 1 where nothing differs.
  ///
  /// - Parameter rows: of each metric, the differences of all pairs; 0 for a pair without one.
  static func pValues(_ rows: [[Double]], seed: UInt64) -> [Double] {
    var values = rows.map { _ in 1.0 }
    let test = SignFamily(rows)
    guard test.pairs > 0 else { return values }
    var further = [Int](repeating: 0, count: test.order.count)
    let total: Int
    if test.pairs <= exactPairs {
      // All signs the other way round are as far: half of them do.
      total = 1 << (test.pairs - 1)
      for signs in 0..<total { test.count(&further, rounding) { UInt64(signs) >> UInt64($0) & 1 } }
    } else {
      var random = RandomStream(seed: seed, name: "signs")
      // What was seen is one of the ways.
      total = drawnSigns + 1
      for place in further.indices { further[place] = 1 }
      var word: UInt64 = 0
      for _ in 0..<drawnSigns {
        test.count(&further, rounding) { pair in
          if pair % 64 == 0 { word = random.next() }
          return word >> UInt64(pair % 64) & 1
        }
      }
    }
    // What is less far cannot be less likely.
    var least = 0.0
    for (rank, row) in test.order.enumerated() {
      least = max(least, Double(further[rank]) / Double(total))
      values[row] = least
    }
    return values
  }

  /// Pairs from which on a difference can be found at a level: the least chance of `n` of them is 2 in 2^n.
  static func fewestPairs(level: Double, tests: Int) -> Int {
    var pairs = 1
    while Double(tests) * 2 / Double(1 << pairs) >= level, pairs < 60 { pairs += 1 }
    return pairs
  }
}

/// Metrics that are tested together, each scaled to a standard deviation of 1 over all signs.
private struct SignFamily {
  /// Metrics that differ in any pair, by how far from 0 their sums are, the furthest first.
  var order: [Int]
  /// Pairs in which any metric differs.
  var pairs: Int
  /// Of each pair, those metrics in that order.
  private var values: ContiguousArray<Double>
  private var observed: ContiguousArray<Double>

  init(_ rows: [[Double]]) {
    var scaled: [Int: [Double]] = [:]
    var sums: [Int: Double] = [:]
    for (place, row) in rows.enumerated() {
      // By the largest first, so that no square is lost.
      guard let largest = row.map(abs).max(), largest > 0 else { continue }
      let unit = row.map { $0 / largest }
      let length = unit.reduce(0) { $0 + $1 * $1 }.squareRoot()
      scaled[place] = unit.map { $0 / length }
      sums[place] = abs(unit.reduce(0) { $0 + $1 / length })
    }
    order = sums.keys.sorted { (sums[$1] ?? 0, $0) < (sums[$0] ?? 0, $1) }
    let columns = order.map { scaled[$0] ?? [] }
    let differing = (columns.first?.indices ?? 0..<0).filter { pair in
      columns.contains { $0[pair] != 0 }
    }
    pairs = differing.count
    values = ContiguousArray(differing.flatMap { pair in columns.map { $0[pair] } })
    observed = ContiguousArray(order.map { sums[$0] ?? 0 })
  }

  /// Counts, for each metric, whether any of those that are no further than it gets as far with these signs.
  func count(_ further: inout [Int], _ rounding: Double, sign: (Int) -> UInt64) {
    let metrics = order.count
    withUnsafeTemporaryAllocation(of: Double.self, capacity: metrics) { sums in
      sums.initialize(repeating: 0)
      for pair in 0..<pairs {
        let isSwapped = sign(pair) == 1
        for metric in 0..<metrics {
          let value = values[pair * metrics + metric]
          sums[metric] += isSwapped ? -value : value
        }
      }
      var furthest = 0.0
      for metric in stride(from: metrics - 1, through: 0, by: -1) {
        furthest = max(furthest, abs(sums[metric]))
        if furthest >= observed[metric] * rounding { further[metric] += 1 }
      }
    }
  }
}
