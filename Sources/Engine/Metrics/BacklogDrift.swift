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

  public var isSaturated: Bool { share >= Self.threshold }
}

/// Counts the requests in the system at moments between the first arrival and the last.
struct BacklogCount: Sendable {
  /// Moments at which the backlog is counted. Origin: guess.
  private static let moments = 64

  private let first: SimTime
  /// From the first arrival to the last, in ns; 0 where all come at once.
  private let span: Double
  /// How many more are there at each moment than at the one before; the last is after all moments.
  private var changes = ContiguousArray<Int>(repeating: 0, count: moments + 2)
  private var arrivals = 0

  init(_ arrivals: (first: SimTime, last: SimTime)) {
    first = arrivals.first
    span = first < arrivals.last ? Double((arrivals.last - first).nanoseconds) : 0
  }

  @inline(__always)
  mutating func add(_ record: borrowing RequestRecord) {
    guard span > 0, record.arrival != .never else { return }
    arrivals += 1
    changes[moment(record.arrival)] += 1
    changes[record.end == .never ? Self.moments + 1 : moment(record.end)] -= 1
  }

  /// The first moment at or after a time; those beyond the span count at none.
  @inline(__always)
  private func moment(_ time: SimTime) -> Int {
    let place = Double((time - first).nanoseconds) / span * Double(Self.moments)
    return min(Self.moments + 1, Int(place.rounded(.up)))
  }

  /// nil for a run of few requests, or all at once.
  var drift: BacklogDrift? {
    guard arrivals >= BacklogDrift.fewest, span > 0 else { return nil }
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
    let slope = products / squares * Double(Self.moments) / (span / 1e9)
    return BacklogDrift(slope: slope, share: slope / (Double(arrivals) / (span / 1e9)))
  }
}
