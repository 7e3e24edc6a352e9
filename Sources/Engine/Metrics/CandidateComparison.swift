/// Candidates (policies, or clusters) that served the same workloads, seed for seed: who differs from the first, and whether
/// that is chance.
public struct CandidateComparison: Sendable {
  /// One metric of the baseline and of another candidate.
  public struct Row: Sendable {
    public var metric: SeedMetric
    /// Means over the seeds in which both have a value.
    public var baseline: Double
    public var candidate: Double
    /// Candidate less baseline.
    public var difference: PairedDifference
    /// The interval leaves out 0, and so does the sign test after Holm's correction over all rows of the comparison.
    public var isSignificant = false

    public var wins: Int {
      metric.largerIsBetter ? difference.larger : difference.smaller
    }
    public var losses: Int {
      metric.largerIsBetter ? difference.smaller : difference.larger
    }
    public var isBetter: Bool { (difference.interval.mean > 0) == metric.largerIsBetter }
    /// Difference relative to the baseline; nil for a baseline of 0.
    public var ratio: Double? {
      baseline == 0 ? nil : difference.interval.mean / abs(baseline)
    }
  }

  public enum Verdict: String, Sendable {
    case identical, noDifference = "no significant difference", better, worse, mixed
  }

  /// A candidate beside the baseline.
  public struct Pair: Sendable {
    public var name: String
    public var rows: [Row]
    public var changes: ChangedRequest.Changes

    public var verdict: Verdict {
      let significant = rows.filter(\.isSignificant)
      if significant.isEmpty {
        return rows.allSatisfy { $0.difference.isZero } && changes.largest.isEmpty
          ? .identical : .noDifference
      }
      let better = significant.count(where: \.isBetter)
      return better == significant.count ? .better : better == 0 ? .worse : .mixed
    }
  }

  public var baseline: String
  public var seeds: Int
  public var pairs: [Pair]

  /// Chance of a false alarm in a comparison of candidates that do not differ. Origin: convention.
  public static let level = 0.05

  /// - Parameter names: the baseline's first.
  /// - Parameter values: of each candidate, for each seed, of each metric.
  /// - Parameter changes: of each candidate but the first, against it.
  /// - Parameter seed: of the bootstrap.
  public init(
    names: [String], metrics: [SeedMetric], values: [[[Double?]]],
    changes: [ChangedRequest.Changes], seed: UInt64
  ) {
    precondition(names.count == values.count && changes.count == names.count - 1)
    baseline = names[0]
    seeds = values[0].count
    pairs = (1..<names.count).map { candidate in
      let rows = metrics.enumerated().compactMap { place, metric -> Row? in
        let both = zip(values[0], values[candidate]).compactMap { old, new -> (Double, Double)? in
          guard let old = old[place], let new = new[place] else { return nil }
          return (old, new)
        }
        guard !both.isEmpty else { return nil }
        return Row(
          metric: metric, baseline: both.reduce(0) { $0 + $1.0 } / Double(both.count),
          candidate: both.reduce(0) { $0 + $1.1 } / Double(both.count),
          difference: PairedDifference(both.map { $1 - $0 }, seed: seed))
      }
      return Pair(name: names[candidate], rows: rows, changes: changes[candidate - 1])
    }
    judge()
  }

  /// Rows without any difference are no test, and do not count as one.
  private mutating func judge() {
    let places = pairs.indices.flatMap { pair in
      pairs[pair].rows.indices.filter { !pairs[pair].rows[$0].difference.isZero }
        .map { (pair, $0) }
    }
    let corrected = PairedDifference.holm(
      places.map { pairs[$0].rows[$1].difference.pValue })
    for ((pair, row), value) in zip(places, corrected) {
      let interval = pairs[pair].rows[row].difference.interval
      guard let lower = interval.lower, let upper = interval.upper else { continue }
      pairs[pair].rows[row].isSignificant = value < Self.level && (lower > 0 || upper < 0)
    }
  }
}
