/// A request of the reference mode, from the trace to its last token.
struct ReferenceRequest {
  let prompt: Int
  /// Prompt and output together.
  let target: Int
  /// Tokens whose KV exists or is being computed: moves when an iteration starts.
  var computed = 0
  /// Prompt and generated tokens so far: moves when an iteration ends.
  var reached: Int
  /// KV blocks on the instance where it runs.
  var held = KVHolding()
  /// Keys of its blocks there; empty where contents are unknown or nothing is cached.
  var keys = BlockKeys()
  var lastToken = SimTime.never
  /// Gaps between its tokens, in ns.
  var gaps: ContiguousArray<Int64> = []
  /// Moments of its life so far.
  var record = RequestRecord()

  init(_ request: WorkloadRequest, id: Int) {
    prompt = Int(request.promptTokens)
    target = prompt + Int(request.outputTokens)
    reached = prompt
    record.id = RequestID(id)
    record.promptTokens = request.promptTokens
    record.outputTokens = request.outputTokens
    record.arrival = request.arrival
  }

  /// Its prompt has not yet brought a token.
  var isInitial: Bool { record.firstToken == .never }
}

/// A request's part of an iteration.
struct ScheduledTokens {
  var request: Int
  /// Tokens computed in the iteration, and before it.
  var new: Int
  var before: Int
}

extension IterationShape {
  /// Adds a request: one that computes more than one token counts as prefill, whatever those tokens are.
  mutating func add(_ part: ScheduledTokens) {
    let (new, before) = (part.new, part.before)
    guard new == 1 else {
      prefillTokens += new
      prefillContext += before
      prefillPairs += new * (2 * before + new + 1) / 2
      prefillRequests += 1
      return
    }
    decodeContextMin = decodeRequests == 0 ? before : min(decodeContextMin, before)
    decodeContextMax = max(decodeContextMax, before)
    decodeContext += before
    decodeRequests += 1
  }
}
