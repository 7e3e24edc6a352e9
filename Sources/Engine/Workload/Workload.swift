/// One request as the trace gives it; 56 bytes, no references.
public struct WorkloadRequest: Sendable, Equatable {
  /// Moment of arrival; for a later call of a session, meaningless until its predecessor has
  /// finished.
  public var arrival: SimTime
  public var promptTokens: Int32
  /// Tokens to generate, at least 1.
  public var outputTokens: Int32
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

  public init(arrival: SimTime, promptTokens: Int, outputTokens: Int) {
    self.arrival = arrival
    self.promptTokens = Int32(clamping: promptTokens)
    self.outputTokens = Int32(clamping: outputTokens)
  }
}

/// Requests in order of arrival; `RequestID` is the index.
///
/// A later call of a session stands directly behind its predecessor and has `followsPrevious` set.
public struct Workload: Sendable {
  /// File or generator it came from, for messages and summaries.
  public var source: String
  /// Format that was recognised, such as `Mooncake JSONL`.
  public var format: String
  public var requests: ContiguousArray<WorkloadRequest> = []
  /// Identities of what the tokens are: one entry for each `contentUnit` tokens, prompt first, then
  /// output where known. Token ids where the unit is 1; where it is more, an id stands for a block
  /// *and all before it* (chained hash).
  public var content: ContiguousArray<UInt32> = []
  /// Tokens that one entry of `content` covers: 1 for token ids, 512 for Mooncake.
  public var contentUnit = 1
  public var sessionNames: [String] = []
  /// Each combination that occurs, once.
  public var traits: [RequestTraits] = []
  /// What the user should be told about the reading: rows skipped, values raised, offsets
  /// subtracted.
  public var notes: [String] = []

  public init(source: String, format: String) {
    self.source = source
    self.format = format
  }
}
