/// How the number of requests in the system grows while requests arrive.
///
/// A cluster that bears its load has a backlog that goes up and down; one that does not has a backlog that grows as long as
/// requests arrive, and then latencies say how long the trace is, not how good the cluster is.
public struct BacklogDrift: Sendable, Equatable {
  /// Slope of the backlog, requests a second: least squares over the moments after the first quarter.
  public var slope: Double
  /// The same over the rate of arrivals: the share of requests that pile up.
  public var share: Double

  /// Share from which a run counts as saturated. Unit: fraction of arrivals. Origin: guess.
  static let threshold = 0.05
  /// Requests below which a slope is noise. Origin: guess.
  static let fewest = 100
  /// Moments at which the backlog is counted. Origin: guess.
  private static let moments = 64

  public var isSaturated: Bool { share >= Self.threshold }

  /// nil for a run of few requests, or all at once.
  public init?(_ records: ContiguousArray<RequestRecord>) {
    self.init(records, RecordTotals(records))
  }

  init?(_ records: ContiguousArray<RequestRecord>, _ totals: RecordTotals) {
    let (arrivals, first, last) = (totals.arrivals, totals.firstArrival, totals.lastArrival)
    guard arrivals >= Self.fewest, first < last else { return nil }
    let span = Double((last - first).nanoseconds)
    func moment(_ time: SimTime) -> Int {
      // The first moment at or after it; those beyond the span count at none.
      let place = Double((time - first).nanoseconds) / span * Double(Self.moments)
      return min(Self.moments + 1, Int(place.rounded(.up)))
    }
    var changes = [Int](repeating: 0, count: Self.moments + 2)
    for record in records where record.arrival != .never {
      changes[moment(record.arrival)] += 1
      changes[record.end == .never ? Self.moments + 1 : moment(record.end)] -= 1
    }
    var backlog: [Double] = []
    var present = 0
    for change in changes.dropLast() {
      present += change
      backlog.append(Double(present))
    }
    let places = Array(Self.moments / 4...Self.moments)
    let middle = Double(places.reduce(0, +)) / Double(places.count)
    let mean = places.reduce(0) { $0 + backlog[$1] } / Double(places.count)
    let products = places.reduce(0) { $0 + (Double($1) - middle) * (backlog[$1] - mean) }
    let squares = places.reduce(0) { $0 + (Double($1) - middle) * (Double($1) - middle) }
    slope = products / squares * Double(Self.moments) / (span / 1e9)
    share = slope / (Double(arrivals) / (span / 1e9))
  }
}
