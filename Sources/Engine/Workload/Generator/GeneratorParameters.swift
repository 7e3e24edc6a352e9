/// What a generated workload looks like.
public struct GeneratorParameters: Sendable, Equatable {
  /// Prompts that begin with one of a few common texts, such as system prompts.
  public struct SharedPrefixes: Sendable, Equatable {
    public var count: Int
    /// Length of each, drawn once; it stands in front of the drawn prompt.
    public var tokens: RandomQuantity
    /// The k-th prefix is chosen in proportion to 1/k^skew (Zipf); 0 is all alike.
    public var skew: Double

    public init(count: Int, tokens: RandomQuantity, skew: Double = 1) {
      self.count = count
      self.tokens = tokens
      self.skew = skew
    }
  }

  /// Conversations: each call repeats all before it, and waits for its predecessor's end and a
  /// pause.
  public struct Sessions: Sendable, Equatable {
    /// Calls in a session.
    public var turns: RandomQuantity
    /// Seconds from the end of one call to the arrival of the next; draws above `maxToolDelay`
    /// count as that.
    public var toolDelay: RandomQuantity
    /// A session ends before a call whose prompt and output would be longer.
    public var maxContext: Int

    /// 10,000 s: sessions of the most calls then wait less than 100 years.
    static let maxToolDelay = 1e4

    public init(turns: RandomQuantity, toolDelay: RandomQuantity, maxContext: Int = 32_768) {
      self.turns = turns
      self.toolDelay = toolDelay
      self.maxContext = maxContext
    }
  }

  /// What is written of the tokens themselves.
  public enum Content: Sendable, Equatable {
    case none
    /// One id a token.
    case tokenIDs
    /// One id for each 512 tokens, as in Mooncake's traces.
    case blocks
  }

  public var arrivals: ArrivalProcess
  /// Prompt lengths; in sessions, of what each call adds.
  public var promptTokens: RandomQuantity
  public var outputTokens: RandomQuantity
  /// Requests, or sessions. Without it, `duration` ends the workload.
  public var count: Int? = nil
  /// Seconds in which requests or sessions arrive.
  public var duration: Double? = nil
  public var prefixes: SharedPrefixes? = nil
  public var sessions: Sessions? = nil
  /// Kinds to draw from for each request, or for each session as a whole; empty says nothing of any.
  public var kinds: [RequestKind] = []
  public var content = Content.none
  public var seed: UInt64 = 0

  public init(arrivals: ArrivalProcess, promptTokens: RandomQuantity, outputTokens: RandomQuantity)
  {
    self.arrivals = arrivals
    self.promptTokens = promptTokens
    self.outputTokens = outputTokens
  }

  /// Most shared prefixes; a guess.
  static let maxPrefixes = 1_000_000
  /// Most tokens of all of them together: 400 MB of ids; a guess.
  static let maxPrefixTokens = 100_000_000

  /// - Throws: `SpecError` where a value is out of range or two do not go together.
  public func check() throws(SpecError) {
    guard count != nil || duration != nil else {
      throw SpecError("requests", "has no number and no duration", expected: "one of them")
    }
    if let count, !(1...WorkloadBuilder.maxRequests).contains(count) {
      throw SpecError("requests", "is \(count)", expected: "1 to \(WorkloadBuilder.maxRequests)")
    }
    if let duration, !(duration > 0 && duration <= 3e9) {
      throw SpecError("duration", "is \(duration) s", expected: "above 0, at most 3e9 s")
    }
    if let prefixes {
      guard (1...GeneratorParameters.maxPrefixes).contains(prefixes.count) else {
        throw SpecError(
          "prefixes", "is \(prefixes.count)", expected: "1 to \(GeneratorParameters.maxPrefixes)")
      }
      guard (0...10).contains(prefixes.skew) else {
        throw SpecError("prefix skew", "is \(prefixes.skew)", expected: "0 to 10")
      }
    }
    if let sessions, !(1...WorkloadBuilder.maxTokens).contains(sessions.maxContext) {
      throw SpecError("longest context", "is \(sessions.maxContext)", expected: "1 token or more")
    }
    if !kinds.isEmpty, content == .blocks {
      throw SpecError(
        "kinds", "cannot be told in Mooncake's format", expected: "LLMServingSim's")
    }
    if sessions != nil, content == .blocks {
      throw SpecError(
        "sessions", "cannot be told in Mooncake's format", expected: "LLMServingSim's")
    }
  }
}
