/// The cluster at one moment of a run. Tokens and busy time count from the beginning of the run.
public struct ClusterMoment: Sendable, Equatable {
  public var time = SimTime.zero
  /// Requests without a place: before their prompt, or between prompt and decode.
  public var gatewayWaiting = 0
  /// Hand-offs under way.
  public var transfers = 0
  public var instances: [InstanceMoment] = []
  public init() {}
}

/// One instance at one moment. `kvUsed + kvReserved + kvInFlight` are the blocks that are not free.
public struct InstanceMoment: Sendable, Equatable {
  /// Blocks of requests that are here.
  public var kvUsed = 0
  /// Blocks promised to hand-offs on their way here.
  public var kvReserved = 0
  /// Blocks of requests whose prompt is done here, held until the decode side has their KV cache.
  public var kvInFlight = 0
  /// Requests in the running set.
  public var running = 0
  /// Requests that wait to run here, those on the way included.
  public var waiting = 0
  public var prefillTokens = 0
  public var decodeTokens = 0
  public var busy = SimDuration.zero
  public init() {}
}

/// Moments at equal distances over a run: between half of `capacity` and all of it, however long the run is.
///
/// Nobody knows a run's length before its end, so that sampling begins fine; each time the series is full, every other
/// moment is dropped and the distance doubles.
public struct TimeSeries: Sendable {
  /// First distance. Guess: shorter than any iteration that is worth a look.
  public static let finest = SimDuration(nanoseconds: 1_000_000)

  private let capacity: Int
  public private(set) var interval = TimeSeries.finest
  public private(set) var moments: [ClusterMoment] = []
  /// When the next moment is due; never, where time cannot be told any more.
  public private(set) var next = SimTime.zero

  /// - Parameter capacity: even, 2 or more.
  public init(capacity: Int) { self.capacity = max(2, capacity & ~1) }

  /// Takes the moment that is due.
  mutating func append(_ moment: ClusterMoment) {
    moments.append(moment)
    if moments.count == capacity {
      // The first stays, at the beginning of the run.
      moments = stride(from: 0, to: capacity, by: 2).map { moments[$0] }
      guard interval.nanoseconds <= Int64.max / 4 else {
        next = .never
        return
      }
      interval = interval + interval
    }
    let last = (moments.last?.time ?? .zero).nanoseconds
    next =
      last <= Int64.max - interval.nanoseconds - 1
      ? SimTime(nanoseconds: last + interval.nanoseconds) : .never
  }

  /// Takes the end of the run, which lies between two moments that were due.
  mutating func close(_ moment: ClusterMoment) {
    if moments.last?.time != moment.time { moments.append(moment) }
    next = .never
  }
}
