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
    /// Chance that any row of any candidate gets this far where nothing differs.
    public var correctedPValue = 1.0
    /// That chance is below `level`, and the interval leaves out 0.
    public var isSignificant: Bool {
      correctedPValue < CandidateComparison.level && difference.leavesOutZero
    }

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

  /// Chance of a false alarm in a comparison of candidates that do not differ.
  ///
  /// Origin: so that 100 comparisons of what does not differ have at most five with very near certainty (a chance of 5 in 10,000
  /// for six or more); with 0.05 it would be even odds.
  public static let level = 0.01

  /// Seeds from which on a difference can be found among this many candidates beside the baseline.
  public static func fewestSeeds(pairs: Int) -> Int {
    max(MeanInterval.leastCount, SignTest.fewestPairs(level: level, tests: max(1, pairs)))
  }

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
      var rows: [Row] = []
      var family: [[Double]] = []
      for (place, metric) in metrics.enumerated() {
        let both = zip(values[0], values[candidate]).map { old, new -> (Double, Double)? in
          guard let old = old[place], let new = new[place] else { return nil }
          return (old, new)
        }
        let found = both.compactMap { $0 }
        guard !found.isEmpty else { continue }
        rows.append(
          Row(
            metric: metric, baseline: found.reduce(0) { $0 + $1.0 } / Double(found.count),
            candidate: found.reduce(0) { $0 + $1.1 } / Double(found.count),
            difference: PairedDifference(found.map { $1 - $0 }, seed: seed)))
        family.append(both.map { $0.map { $1 - $0 } ?? 0 })
      }
      for (place, value) in SignTest.pValues(family, seed: seed).enumerated() {
        rows[place].correctedPValue = value
      }
      return Pair(name: names[candidate], rows: rows, changes: changes[candidate - 1])
    }
    // Bonferroni: a candidate that does what the baseline does is no chance for luck.
    let tests = pairs.count { pair in pair.rows.contains { !$0.difference.isZero } }
    for pair in pairs.indices {
      for row in pairs[pair].rows.indices {
        let value = pairs[pair].rows[row].correctedPValue
        pairs[pair].rows[row].correctedPValue = min(1, value * Double(tests))
      }
    }
  }
}
