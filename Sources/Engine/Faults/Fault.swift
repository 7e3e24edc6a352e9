/// Something that goes wrong at a moment of a run, and for how long.
public struct Fault: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    /// An instance dies, and with it its queues, its KV cache and what travels to it and from it. When the time is over it
    /// takes requests again, with nothing cached.
    case kill
    /// Iterations of an instance take this many times as long, from the next one on.
    case slow(Double)
    /// Links carry so many times less.
    case slowLink(Double)
    /// Links carry nothing. What is on its way waits.
    case cutLink
    /// All KV transfers under way from and to an instance are of no use; the senders still have the blocks.
    case loseTransfers
  }

  public enum Target: Sendable, Equatable {
    /// Of links: its ports, both directions.
    case instance(InstanceID)
    /// The NICs of a node, both directions.
    case node(Int)
  }

  public var kind: Kind
  public var target: Target
  public var start: SimTime
  /// nil lasts until the end of the run.
  public var duration: SimDuration?
  /// Such as `kill decode/1 for 60s`.
  public var words: String

  public init(
    _ kind: Kind, _ target: Target, at start: SimTime, for duration: SimDuration? = nil,
    words: String
  ) {
    self.kind = kind
    self.target = target
    self.start = start
    self.duration = duration
    self.words = words
  }

  /// `.never` for what lasts.
  var end: SimTime { duration.map { start + $0 } ?? .never }
}

/// All that is to go wrong in a run: what was said, and what is drawn from the run's seed.
public struct FaultPlan: Sendable, Equatable {
  public var faults: [Fault] = []
  public var random: [RandomFaults] = []
  public init() {}

  public var isEmpty: Bool { faults.isEmpty && random.isEmpty }
}
