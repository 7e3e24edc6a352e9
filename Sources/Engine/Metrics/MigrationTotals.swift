/// Why a migration was given up. The request is where it was, or has ended.
public enum MigrationAbort: String, Sendable, CaseIterable {
  case ended
  case preempted
  /// The destination ran out of blocks between two stages.
  case noRoom = "no_room"
  /// The request wrote its KV cache as fast as the network sent it.
  case tooManyStages = "too_many_stages"
  case fault
}

/// Decoding requests that a policy moved to other instances during a run.
public struct MigrationTotals: Sendable, Equatable {
  public var begun = 0
  /// Those given up, for each reason.
  public private(set) var aborts = Array(repeating: 0, count: MigrationAbort.allCases.count)
  /// Pieces in which KV caches were sent, those of given-up migrations included.
  public var stages = 0
  /// Sent for them, in bytes.
  public var bytes: Int64 = 0
  /// Of each that came to its end: from the last iteration where it came from until it could have one where it went, in ns.
  public var downtimes: ContiguousArray<Int64> = []
  public init() {}

  public var finished: Int { downtimes.count }
  public var aborted: Int { aborts.reduce(0, +) }

  mutating func giveUp(_ reason: MigrationAbort) {
    if let place = MigrationAbort.allCases.firstIndex(of: reason) { aborts[place] += 1 }
  }

  /// Reasons that came up, with how often.
  public var reasons: [(reason: MigrationAbort, count: Int)] {
    zip(MigrationAbort.allCases, aborts).filter { $0.1 > 0 }.map { (reason: $0.0, count: $0.1) }
  }

  /// nil where none came to its end.
  public var downtime: Distribution? { Distribution(ofNanoseconds: downtimes) }
}
