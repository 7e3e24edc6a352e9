/// Cached prefixes that a policy had copied between instances during a run.
public struct ReplicationTotals: Sendable, Equatable {
  public var begun = 0
  public var finished = 0
  /// Those that a fault, or an instance that was turned off, ended.
  public var aborted = 0
  /// Of those that came to their end.
  public var tokens = 0
  /// Sent for all of them.
  public var bytes: Int64 = 0
  public init() {}
}
