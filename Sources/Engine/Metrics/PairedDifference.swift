/// How two candidates differ over pairs of runs that had the same random numbers.
public struct PairedDifference: Sendable, Equatable {
  /// Of the differences, candidate less baseline.
  public var interval: MeanInterval
  /// Pairs in which the candidate's value was larger, and in which it was smaller.
  public var larger: Int
  public var smaller: Int
  /// Chance of a mean at least this far from 0 if either sign of each difference were as likely.
  ///
  /// Source: Fisher's test of paired samples, The Design of Experiments, 1935, section 21.
  public var pValue: Double

  /// Pairs up to which all signs are tried, 2^n of them; beyond, `drawnSigns` of them. Guess: a few milliseconds.
  private static let exactPairs = 14
  private static let drawnSigns = 20_000

  /// - Parameter differences: one for each pair, not empty.
  public init(_ differences: [Double], seed: UInt64) {
    interval = MeanInterval(differences, seed: seed)
    larger = differences.count { $0 > 0 }
    smaller = differences.count { $0 < 0 }
    pValue = Self.signTest(differences.filter { $0 != 0 }, seed: seed)
  }

  /// Whether nothing differs in any pair.
  public var isZero: Bool { larger == 0 && smaller == 0 }

  private static func signTest(_ differences: [Double], seed: UInt64) -> Double {
    guard !differences.isEmpty else { return 1 }
    // A sum in another order may differ in its last bits and is as extreme all the same.
    let observed = abs(differences.reduce(0, +)) * (1 - 1e-12)
    func isExtreme(_ signs: UInt64) -> Bool {
      var sum = 0.0
      for (place, difference) in differences.enumerated() {
        sum += signs >> UInt64(place % 64) & 1 == 0 ? difference : -difference
      }
      return abs(sum) >= observed
    }
    guard differences.count > exactPairs else {
      let all = UInt64(1) << UInt64(differences.count)
      return Double((0..<all).count(where: isExtreme)) / Double(all)
    }
    var random = RandomStream(seed: seed, name: "signs")
    let extreme = (0..<drawnSigns).count { _ in
      var sum = 0.0
      var signs: UInt64 = 0
      for (place, difference) in differences.enumerated() {
        if place % 64 == 0 { signs = random.next() }
        sum += signs & 1 == 0 ? difference : -difference
        signs >>= 1
      }
      return abs(sum) >= observed
    }
    return Double(extreme + 1) / Double(drawnSigns + 1)
  }

  /// Raises p values for how many were looked at, so that one in 20 such families has a false alarm, not one in 20 of them.
  ///
  /// Source: Holm 1979, https://www.jstor.org/stable/4615733.
  static func holm(_ values: [Double]) -> [Double] {
    var corrected = values
    var floor = 0.0
    for (rank, place) in values.indices.sorted(by: { (values[$0], $0) < (values[$1], $1) })
      .enumerated()
    {
      floor = max(floor, min(1, values[place] * Double(values.count - rank)))
      corrected[place] = floor
    }
    return corrected
  }
}
