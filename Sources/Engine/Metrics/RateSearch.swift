/// The highest rate at which something still holds, by bisection.
public struct RateSearch: Sendable, Equatable {
  /// Highest rate that was seen to hold; 0 where not even `lowest` did. In requests a second.
  public var rate = 0.0
  /// Lowest rate above it that was seen not to hold; nil where even `highest` did.
  public var failed: Double?
  public var evaluations = 0

  /// Bounds of the search. Unit: requests a second. Origin: guess; a request in 17 minutes is alone, and no cluster that is
  /// simulated here serves a million a second.
  static let lowest = 1e-3
  static let highest = 1e6
  /// Where the search begins. Unit: requests a second. Origin: guess.
  static let first = 4.0

  /// Doubles or halves the rate until the answer changes, then halves the ratio between the two ends until it is at most
  /// 1 + `precision`.
  ///
  /// Where what is asked does not fall with the rate throughout, the result is one of the rates at which the answer changes.
  public static func highest<Failure: Error>(
    precision: Double, holds: (Double) throws(Failure) -> Bool
  ) throws(Failure) -> RateSearch {
    var search = RateSearch()
    func ask(_ rate: Double, _ search: inout RateSearch) throws(Failure) -> Bool {
      search.evaluations += 1
      let answer = try holds(rate)
      if answer { search.rate = rate } else { search.failed = rate }
      return answer
    }
    var rate = first
    if try ask(rate, &search) {
      repeat {
        guard rate < highest else { return search }
        rate = min(highest, 2 * rate)
      } while try ask(rate, &search)
    } else {
      repeat {
        guard rate > lowest else { return search }
        rate = max(lowest, rate / 2)
      } while try !ask(rate, &search)
    }
    while let failed = search.failed, failed > search.rate * (1 + precision) {
      _ = try ask((failed * search.rate).squareRoot(), &search)
    }
    return search
  }
}
