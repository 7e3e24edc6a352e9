/// Requests in order of arrival; `RequestID` is the index.
///
/// A later call of a session stands directly behind its predecessor and has `followsPrevious` set.
public struct Workload: Sendable {
  /// File or generator it came from, for messages and summaries.
  public var source: String
  /// Format that was recognised, such as `Mooncake JSONL`.
  public var format: String
  public var requests: RequestList = []
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
