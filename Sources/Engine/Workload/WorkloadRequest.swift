/// One request as the trace gives it; no references.
///
/// What only some traces say is in `details` and reads as if it were here: `request.session`.
@dynamicMemberLookup
public struct WorkloadRequest: Sendable, Equatable {
  /// Moment of arrival; for a later call of a session, meaningless until its predecessor has
  /// finished.
  public var arrival: SimTime
  public var promptTokens: Int32
  /// Tokens to generate, at least 1.
  public var outputTokens: Int32
  public var details = RequestDetails()

  public init(arrival: SimTime, promptTokens: Int, outputTokens: Int) {
    self.arrival = arrival
    self.promptTokens = Int32(clamping: promptTokens)
    self.outputTokens = Int32(clamping: outputTokens)
  }

  @inline(__always)
  init(
    arrival: SimTime, promptTokens: Int32, outputTokens: Int32, details: RequestDetails
  ) {
    self.arrival = arrival
    self.promptTokens = promptTokens
    self.outputTokens = outputTokens
    self.details = details
  }

  @inlinable @inline(__always)
  public subscript<Value>(dynamicMember detail: WritableKeyPath<RequestDetails, Value>) -> Value {
    get { details[keyPath: detail] }
    set { details[keyPath: detail] = newValue }
  }
}

/// Contents, session and traits of a request; without any in a trace of lengths alone.
public struct RequestDetails: Sendable, Equatable {
  /// First entry in `Workload.content`, and how many belong to this request; 0 is "content
  /// unknown".
  public var contentStart: Int32 = 0
  public var contentCount: Int32 = 0
  /// Index into `Workload.sessionNames`; −1 is none.
  public var session: Int32 = -1
  /// 0-based turn in its session.
  public var turn: Int32 = 0
  /// Index into `Workload.traits`; −1 is none.
  public var traits: Int32 = -1
  /// True where this request arrives only after request `id - 1` finished and `toolDelay` passed.
  public var followsPrevious = false
  /// Wait between the predecessor's end and this arrival.
  public var toolDelay = SimDuration.zero

  public init() {}
}
