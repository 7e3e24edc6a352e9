/// An iteration that has ended, and its instance then.
public struct IterationEvent: Sendable {
  public var instance = InstanceID.none
  public var start = SimTime.zero
  public var end = SimTime.zero
  /// Prompt tokens computed, and the requests that they were of.
  public var prefillTokens = 0
  public var prefills = 0
  /// Requests that got a token out of the decode batch.
  public var decodes = 0
  /// Blocks held by requests, and promised to hand-offs that have not begun.
  public var kvUsed = 0
  public var kvReserved = 0
  public var running = 0
  public var waiting = 0
  public init() {}
}
