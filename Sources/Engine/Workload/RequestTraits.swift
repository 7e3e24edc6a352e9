/// What a trace may say of a request beside its lengths: for policies, which decide what to make of it.
public struct RequestTraits: Hashable, Sendable {
  /// Larger is more important.
  public var priority: Int32 = 0
  /// Kind of request, such as `chat` or `batch`.
  public var className: String?
  public var tenant: String?
  /// Targets for time to first token and for the mean gap between tokens.
  public var ttftTarget: SimDuration?
  public var tpotTarget: SimDuration?
  /// When its last token should be there, from its arrival on.
  public var deadline: SimDuration?
  public init() {}
}
