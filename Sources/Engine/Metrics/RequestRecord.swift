/// How a request left the simulation. Each request leaves in exactly one of these ways.
public enum Outcome: String, Sendable, CaseIterable {
  /// All its tokens were generated.
  case finished
  /// Refused by `admit`, or impossible to serve on any instance; the record says why.
  case rejected
  /// A later call of a session whose earlier call was rejected: never arrived.
  case cancelled
  /// Still queued or running when the run was stopped.
  case unfinished
}

/// The life of one request, written when it ends. `SimTime.never` is "not reached".
public struct RequestRecord: Sendable, Equatable {
  public var id = RequestID.none
  public var outcome = Outcome.finished
  /// Index into the run's table of rejection reasons; −1 is none.
  public var reason: Int32 = -1
  public var prefillInstance = InstanceID.none
  public var decodeInstance = InstanceID.none
  public var promptTokens: Int32 = 0
  /// Prompt tokens that prefix caches saved on the prefill side.
  public var cachedTokens: Int32 = 0
  /// Tokens generated (requested ones, once finished).
  public var outputTokens: Int32 = 0
  public var preemptions: Int32 = 0
  public var deferrals: Int32 = 0
  /// How often a fault took its instance, its KV cache or its transfer. But for arrival and first token, the moments of
  /// a request that had to begin anew are those of its last try.
  public var retries: Int32 = 0
  /// How often it was moved to another instance while it decoded.
  public var migrations: Int32 = 0
  public var arrival = SimTime.never
  /// Admitted and routed to its prefill instance.
  public var routed = SimTime.never
  /// Start of the first and of the last iteration that computed its prompt for the first time.
  public var prefillStart = SimTime.never
  public var lastPrefillStart = SimTime.never
  public var firstToken = SimTime.never
  /// The token that comes with the end of its prompt, and the end of its first iteration where it was handed to. One of
  /// them is the first token that the client gets.
  public var prefillToken = SimTime.never
  public var decodeToken = SimTime.never
  /// Decode-side blocks reserved and transfer begun, before the end of the prompt where layers are sent as they come; never for a request that stays where it was prefilled.
  public var transferStart = SimTime.never
  public var transferEnd = SimTime.never
  /// Start of the first iteration that computed a token after the first.
  public var decodeStart = SimTime.never
  public var end = SimTime.never
  /// From the end of an iteration until its token reached the client.
  public var receipt = SimDuration.zero
  /// Bytes that the hand-off moved.
  public var kvBytes: Int64 = 0
  public init() {}
}
