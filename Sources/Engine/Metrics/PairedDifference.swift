/// How two candidates differ in one metric over pairs of runs that had the same random numbers.
public struct PairedDifference: Sendable, Equatable {
  /// Of the differences, candidate less baseline.
  public var interval: MeanInterval
  /// Pairs in which the candidate's value was larger, and in which it was smaller.
  public var larger: Int
  public var smaller: Int
  /// Chance of a mean at least this far from 0 if either sign of each difference were as likely; see `SignTest`.
  public var pValue: Double

  /// - Parameter differences: one for each pair, not empty.
  public init(_ differences: [Double], seed: UInt64) {
    interval = MeanInterval(differences, seed: seed)
    larger = differences.count { $0 > 0 }
    smaller = differences.count { $0 < 0 }
    pValue = SignTest.pValues([differences], seed: seed)[0]
  }

  /// Whether nothing differs in any pair.
  public var isZero: Bool { larger == 0 && smaller == 0 }

  /// Whether the interval leaves out 0.
  var leavesOutZero: Bool { (interval.lower ?? 0) > 0 || (interval.upper ?? 0) < 0 }
}
