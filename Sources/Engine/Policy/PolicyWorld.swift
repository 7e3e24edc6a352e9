/// What a real router could see of the cluster, at the present instant.
///
/// Valid only during the hook call that it is handed to. Reading changes nothing.
public protocol PolicyWorld {
  var now: SimTime { get }
  /// Instances in configuration order are 0 ..< instanceCount.
  var instanceCount: Int { get }
  /// Requests parked at the gateway.
  var gatewayWaiting: Int { get }
  func instanceView(_ id: InstanceID) -> InstanceView
  /// A number for each instance that changes with its view, but for what the passing of time brings; nil where nobody
  /// counts.
  var viewVersions: UnsafePointer<UInt32>? { get }
  /// Until when an instance's view, as it is now, stays the same if its version does; `freeAt` of an idle one is always now.
  func viewHolds(_ id: InstanceID) -> SimTime
  /// Facts of an instance: only its role can change.
  func instanceFacts(_ id: InstanceID) -> InstanceFacts
  /// nil once the request has ended.
  func requestView(_ request: RequestRef) -> RequestView?
  /// When a request that has ended did so; nil while it is active or has not arrived.
  func endOfRequest(_ id: RequestID) -> SimTime?
  /// Name of the request's session; nil is none.
  func sessionName(_ request: RequestRef) -> String?
  /// Kind and tenant that the request's trace names; nil is none.
  func className(_ request: RequestRef) -> String?
  func tenantName(_ request: RequestRef) -> String?
  /// What the request's prompt consists of, as its trace tells: ids of its tokens or blocks, whole ones only.
  func content(_ request: RequestRef) -> ArraySlice<UInt32>
  /// The path between two instances.
  func link(from: InstanceID, to: InstanceID) -> LinkView
  /// In queue order.
  func waiting(_ id: InstanceID) -> ContiguousArray<RequestRef>
  /// In order of admission.
  func running(_ id: InstanceID) -> ContiguousArray<RequestRef>
  /// How many of them there are, and the same written to `place`, which has room for all.
  func requestCount(_ id: InstanceID, running: Bool) -> Int
  func copyRequests(_ id: InstanceID, running: Bool, to place: UnsafeMutablePointer<RequestRef>)
  /// Tokens of the request's prompt that this instance's prefix cache holds now.
  func prefixHitTokens(_ request: RequestRef, _ id: InstanceID) -> Int
  /// Queue and compute until the request's prompt would be done on this instance, by the engine's own cost model.
  func estimatePrefill(_ request: RequestRef, _ id: InstanceID) -> SimDuration
  /// Duration of one iteration with this content on this instance.
  func estimateStep(_ id: InstanceID, prefillTokens: Int, decodeSeqs: Int, contextTokens: Int)
    -> SimDuration
  /// Moving the request's KV cache between two instances over idle links.
  func transferTime(_ request: RequestRef, from: InstanceID, to: InstanceID) -> SimDuration
  /// Has something done to an instance; nil when it is, or will be.
  func act(_ action: PolicyAction) -> ActionRefusal?
}

extension PolicyWorld {
  public var viewVersions: UnsafePointer<UInt32>? { nil }
  public func viewHolds(_ id: InstanceID) -> SimTime { .zero }
  public func requestCount(_ id: InstanceID, running: Bool) -> Int {
    (running ? self.running(id) : waiting(id)).count
  }
  public func copyRequests(
    _ id: InstanceID, running: Bool, to place: UnsafeMutablePointer<RequestRef>
  ) {
    for (index, request) in (running ? self.running(id) : waiting(id)).enumerated() {
      (place + index).initialize(to: request)
    }
  }
  public func content(_ request: RequestRef) -> ArraySlice<UInt32> { [] }
  public func className(_ request: RequestRef) -> String? { nil }
  public func tenantName(_ request: RequestRef) -> String? { nil }
  public func link(from: InstanceID, to: InstanceID) -> LinkView { LinkView() }
  public func act(_ action: PolicyAction) -> ActionRefusal? { .notNow }
}

/// The path between two instances: what it could carry alone, and what its two ports have before them.
public struct LinkView: Equatable, Sendable {
  public var bytesPerSecond = 0.0
  public var latency = SimDuration.zero
  /// Still to be sent by transfers that share a port with this path.
  public var queuedBytes = 0
  /// When those would be through, one after the other.
  public var freeAt = SimTime.zero
  public init() {}
}

/// A batch in the making, with the refusals of POLICY_API section 4.
public protocol PolicyStep: PolicyWorld {
  var instance: InstanceID { get }
  /// Tokens scheduled so far, and most that this iteration may hold.
  var tokens: Int { get }
  var budget: Int { get }
  /// Requests scheduled so far.
  var seqs: Int { get }
  /// Could KV blocks for `tokens` more tokens of this request be had now?
  func canAllocate(_ request: RequestRef, tokens: Int) -> Bool
  func decode(_ request: RequestRef) -> StepRefusal?
  /// Schedules every running decode request in order of admission; stops at the first refusal. Returns how many were taken, and
  /// how many running requests were not.
  func decodeAll() -> (taken: Int, left: Int)
  func prefill(_ request: RequestRef, tokens: Int) -> StepRefusal?
  func preempt(_ request: RequestRef) -> StepRefusal?
}

/// Facts of an instance that do not change during a run, its role aside.
public struct InstanceFacts: Sendable {
  public var name: String
  public var role: InstanceRole
  public var node: Int
  public var model: String
  public var hardware: String
  public var tpSize: Int
  public var ppSize: Int
  public var kvCapacityTokens: Int
  public var maxNumSeqs: Int
  public var maxNumBatchedTokens: Int
  public var blockSize: Int
  public init(
    name: String, role: InstanceRole, node: Int, model: String, hardware: String, tpSize: Int,
    ppSize: Int,
    kvCapacityTokens: Int, maxNumSeqs: Int, maxNumBatchedTokens: Int, blockSize: Int
  ) {
    self.name = name
    self.role = role
    self.node = node
    self.model = model
    self.hardware = hardware
    self.tpSize = tpSize
    self.ppSize = ppSize
    self.kvCapacityTokens = kvCapacityTokens
    self.maxNumSeqs = maxNumSeqs
    self.maxNumBatchedTokens = maxNumBatchedTokens
    self.blockSize = blockSize
  }
}

/// State of an instance at one instant. Tokens of KV count whole blocks.
public struct InstanceView: Equatable, Sendable {
  public var condition = InstanceCondition.up
  public var busy = false
  public var waitingCount = 0
  public var runningCount = 0
  /// Prompt tokens still to compute of waiting requests.
  public var waitingPromptTokens = 0
  /// Context tokens of running requests.
  public var runningContextTokens = 0
  /// Routed here and not finished or moved on.
  public var inflight = 0
  /// Held by requests, without what is reserved.
  public var kvUsedTokens = 0
  /// Promised to transfers under way.
  public var kvReservedTokens = 0
  /// Capacity less used and reserved.
  public var kvFreeTokens = 0
  /// Not held by a request, kept for prefix hits.
  public var cachedTokens = 0
  public var transfersIn = 0
  public var transfersOut = 0
  /// Requests whose KV cache waits elsewhere for blocks here.
  public var kvWaitingCount = 0
  /// Duration of the last iteration that ended; 0 before the first.
  public var lastStep = SimDuration.zero
  /// End of the iteration under way, or now.
  public var freeAt = SimTime.zero
  public init() {}
}

/// State of an active request at one instant. Without its output length, which no router knows.
public struct RequestView: Equatable, Sendable {
  public var stage = RequestStage.prefill
  public var arrival = SimTime.zero
  public var promptTokens = 0
  /// Prompt tokens that prefix caches saved.
  public var cachedTokens = 0
  public var computedTokens = 0
  /// Tokens to compute before the next one can be generated (after a preemption this includes generated ones).
  public var remainingPromptTokens = 0
  public var generatedTokens = 0
  public var contextTokens = 0
  public var predictedOutputTokens = 0
  /// True output length; the bridge shows it to runs with `--oracle` only.
  public var outputTokens = 0
  public var kvBytes = 0
  public var turn = 0
  public var deferrals = 0
  public var preemptions = 0
  public var priority = 0
  public var ttftTarget: SimDuration?
  public var tpotTarget: SimDuration?
  /// Moment by which its last token should be there.
  public var deadline: SimTime?
  /// Where it is; none at the gateway before its prompt.
  public var instance = InstanceID.none
  public var prefillInstance = InstanceID.none
  public var decodeInstance = InstanceID.none
  /// Where it is being migrated to.
  public var migrationTarget = InstanceID.none
  public init() {}
}

/// What `done` is told.
public struct PolicySummary: Sendable {
  /// Name and value, in the order of the JSON summary: counts, throughputs, `mean_ttft_ms` and so on.
  public var fields: [(name: String, value: Double)] = []
  public init() {}
}
