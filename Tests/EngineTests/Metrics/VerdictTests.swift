import Testing

@testable import Engine

/// The verdict of a comparison on made-up series, hundreds of each kind: how often it finds what is not there, and what is.
@Suite struct VerdictTests {
  /// How the values of a candidate scatter about what the workload makes of them.
  enum Luck: String, CaseIterable {
    /// Normal; each metric for itself.
    case even
    /// Lognormal; metrics of a run go together.
    case skewed
    /// Every tenth run is five times as slow in half of its metrics.
    case outliers
    /// Few different values: many pairs do not differ at all.
    case rounded
  }

  /// Values of one candidate: of each seed, of each of eight metrics, of which the last never changes.
  private static func values(
    _ luck: Luck, workload: [Double], factors: [Double], _ random: inout RandomStream
  ) -> [[Double?]] {
    func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + random.nextUnit() } }
    return workload.map { scale in
      let shared = normal()
      let isOutlier = luck == .outliers && random.nextUnit() < 0.1
      return factors.enumerated().map { metric, factor in
        guard metric < factors.count - 1 else { return 100 }
        let own = normal()
        let value =
          switch luck {
          case .even: 1 + 0.1 * own
          case .skewed: PortableMath.exp(0.5 * (0.8 * shared + 0.6 * own))
          case .outliers: (1 + 0.1 * own) * (isOutlier && metric % 2 == 0 ? 5 : 1)
          case .rounded: 1 + (0.8 * own).rounded()
          }
        return 40 * scale * factor * value
      }
    }
  }

  /// Compares candidates whose metrics are `factors` times those of the first, that one not among them.
  private static func compare(
    _ luck: Luck, factors: [[Double]], seeds: Int = 10, series: Int
  ) -> CandidateComparison {
    var random = RandomStream(seed: UInt64(series), name: "verdict \(luck)")
    let workload = (0..<seeds).map { _ in 0.5 + random.nextUnit() }
    let one = Array(repeating: 1.0, count: 8)
    let values = ([one] + factors).map {
      Self.values(luck, workload: workload, factors: $0, &random)
    }
    return CandidateComparison(
      names: values.indices.map { "candidate \($0)" }, metrics: SeedMetric.all(targets: nil),
      values: values, changes: factors.map { _ in ChangedRequest.Changes() }, seed: 0)
  }

  /// Series in which anything was found, of each hundred.
  private static func alarms(_ hundreds: Int, _ comparison: (Int) -> CandidateComparison) -> [Int] {
    (0..<hundreds).map { hundred in
      (0..<100).count { series in
        comparison(hundred * 100 + series).pairs.contains {
          $0.rows.contains(where: \.isSignificant)
        }
      }
    }
  }

  private static let one = Array(repeating: 1.0, count: 8)

  /// Law: at most 5 alarms in any hundred, and about one in the mean (a chance below 1 in 1,000 for more than 10 of 400).
  @Test(arguments: Luck.allCases) func whatDoesNotDifferIsNotFoundTo(_ luck: Luck) {
    let found = Self.alarms(4) { Self.compare(luck, factors: [Self.one], series: $0) }
    #expect(found.allSatisfy { $0 <= 5 } && found.reduce(0, +) <= 10, "\(found)")
  }

  /// Two candidates beside the baseline, and numbers of seeds below and above those for which all signs are tried.
  @Test(arguments: [(2, 10), (1, 8), (1, 20)])
  func norAmongMoreCandidatesOrSeeds(_ others: Int, _ seeds: Int) {
    let found = Self.alarms(2) {
      let factors = Array(repeating: Self.one, count: others)
      return Self.compare(.skewed, factors: factors, seeds: seeds, series: $0)
    }
    #expect(found.allSatisfy { $0 <= 5 } && found.reduce(0, +) <= 7, "\(found)")
  }

  /// Two of the metrics differ by four standard deviations of a pair's difference, about what `random` and `least_kv` do on a
  /// loaded cluster; the others do not differ.
  @Test func whatDiffersIsFoundEveryTime() {
    var factors = Self.one
    (factors[0], factors[1]) = (2, 2.5)
    for series in 0..<200 {
      let pair = Self.compare(.even, factors: [factors], series: series).pairs[0]
      for row in pair.rows.prefix(2) { #expect(row.isSignificant && !row.isBetter, "\(series)") }
    }
  }

  /// Law: of ten values, the interval holds the true mean in about 95 of 100 series.
  @Test(arguments: [Luck.even, .skewed]) func intervalsHoldTheTrueMean(_ luck: Luck) {
    // Of exp(0.5 x), x normal: exp(0.125).
    let truth = luck == .even ? 40 : 40 * PortableMath.exp(0.125)
    let held = (0..<600).count { series in
      var random = RandomStream(seed: UInt64(series), name: "coverage \(luck)")
      let values = Self.values(
        luck, workload: Array(repeating: 1, count: 10), factors: Self.one, &random)
      let interval = MeanInterval(values.compactMap { $0[0] }, seed: UInt64(series))
      return (interval.lower ?? 0) <= truth && truth <= (interval.upper ?? 0)
    }
    #expect((546...594).contains(held), "\(luck): \(held) of 600")
  }
}
