/// Which requests statistics are about: all but those at the start, while the cluster fills, and at the end, while it drains.
///
/// The books, the totals of instances and the peaks count every request.
public struct MeasurementWindow: Sendable, Equatable {
  /// How much is left out at one end.
  public enum Margin: Sendable, Equatable {
    /// Requests that arrive less than this after the first one, or before the last one.
    case time(SimDuration)
    /// The first or the last ones by arrival.
    case requests(Int)

    /// Reads `30s`, `500ms`, or a number of requests such as `100`; nil for anything else.
    public init?(_ text: String) {
      // Up to a century, as traces.
      let longest = 3.2e9
      for (unit, scale) in [("ms", 1e-3), ("s", 1.0)] where text.hasSuffix(unit) {
        guard let value = Double(text.dropLast(unit.count)), value >= 0, value * scale <= longest
        else { return nil }
        self = .time(SimDuration(nanoseconds: Int64((value * scale * 1e9).rounded())))
        return
      }
      guard let count = Int(text), count >= 0 else { return nil }
      self = .requests(count)
    }

    public var isNothing: Bool { self == .requests(0) || self == .time(.zero) }

    /// Such as `30 s` or `100 requests`.
    public var text: String {
      switch self {
      case .time(let time):
        let seconds = time.seconds
        return seconds == seconds.rounded() ? "\(Int(seconds)) s" : "\(seconds) s"
      case .requests(let count): return count == 1 ? "1 request" : "\(count) requests"
      }
    }
  }

  public var warmup = Margin.requests(0)
  public var cooldown = Margin.requests(0)

  public init(warmup: Margin = .requests(0), cooldown: Margin = .requests(0)) {
    self.warmup = warmup
    self.cooldown = cooldown
  }

  public static let everything = MeasurementWindow()

  public var isEverything: Bool { warmup.isNothing && cooldown.isNothing }

  /// Whether each request counts, by its place in `records`.
  ///
  /// A call that never arrived, since an earlier one of its session was rejected, counts where that one does.
  public func contains(_ records: ContiguousArray<RequestRecord>) -> [Bool] {
    guard !isEverything else { return records.map { _ in true } }
    let order = records.indices.filter { records[$0].arrival != .never }
      .sorted { (records[$0].arrival, $0) < (records[$1].arrival, $1) }
    guard let first = order.first, let last = order.last else { return records.map { _ in true } }
    var counts = [Bool](repeating: false, count: records.count)
    for (rank, place) in order.enumerated() {
      let isWarm =
        switch warmup {
        case .time(let time): records[place].arrival - records[first].arrival >= time
        case .requests(let count): rank >= count
        }
      let isBeforeEnd =
        switch cooldown {
        case .time(let time): records[last].arrival - records[place].arrival >= time
        case .requests(let count): order.count - rank > count
        }
      counts[place] = isWarm && isBeforeEnd
    }
    for place in records.indices.dropFirst() where records[place].arrival == .never {
      counts[place] = counts[place - 1]
    }
    return counts
  }
}

extension RunResult {
  /// The gaps between tokens of those requests that count, which the run must have kept.
  func gapHistogram(of counts: [Bool]) -> GapHistogram {
    var histogram = GapHistogram()
    for (range, isCounted) in zip(gapRanges, counts) where isCounted {
      for gap in gaps[range] { histogram.record(UInt64(truncatingIfNeeded: max(0, gap))) }
    }
    return histogram
  }
}
