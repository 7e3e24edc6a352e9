/// What one fault of a run did.
public struct FaultOutcome: Sendable, Equatable {
  /// Such as `kill decode/1 for 60s`.
  public var words: String
  /// The instance that it struck; none where it struck a node's links.
  public var instance: InstanceID
  public var start: SimTime
  /// When it was over; the end of the run at most.
  public var end: SimTime
  /// Requests that it took the instance, the KV cache or the transfer of.
  public var requests = 0
  /// Those of them that the policy gave up.
  public var rejected = 0
  /// Tokens whose KV was on an instance that died.
  public var lostTokens = 0
  /// From its beginning until the last of those requests had its KV cache where it decodes, or had ended; nil when it hit
  /// nobody.
  public var recovery: SimDuration? = nil

  public init(words: String, on instance: InstanceID = .none, start: SimTime, end: SimTime) {
    self.words = words
    self.instance = instance
    self.start = start
    self.end = end
  }

  public var retried: Int { requests - rejected }
}
