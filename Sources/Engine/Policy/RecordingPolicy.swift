import CLua

/// A policy that answers as another does, and tells of each answer.
///
/// Without a policy, or without its `route`, it answers as the engine's own router would, so that this too can be told
/// of. The run is the same as without it, byte for byte; it is slower.
public struct RecordingPolicy: Policy {
  public private(set) var lua: LuaPolicy?
  public let hooks: HookSet
  /// Whether candidates of routers get an estimate of what choosing them would cost.
  private let estimates: Bool
  private let receive: (PolicyDecision) -> Void
  private let luaHooks: HookSet

  /// - Parameter tellsDefaults: whether to tell of the engine's own router too. Not where routers see old state: the
  ///   engine's never does.
  public init(
    _ lua: LuaPolicy?, estimates: Bool, tellsDefaults: Bool = true,
    receive: @escaping (PolicyDecision) -> Void
  ) throws(PolicyError) {
    try lua?.startRecording()
    self.lua = lua
    self.estimates = estimates
    self.receive = receive
    luaHooks = lua?.hooks ?? []
    hooks = tellsDefaults ? luaHooks.union([.route, .routeDecode]) : luaHooks
  }

  public var everyIteration: Bool { lua?.everyIteration ?? false }
  public var gatewayScan: Bool { lua?.gatewayScan ?? false }
  public var tickInterval: SimDuration? { lua?.tickInterval }
  public var hookCosts: [HookCost] { lua?.hookCosts ?? [] }

  public mutating func initialize(_ world: some PolicyWorld) throws(PolicyError) {
    try lua?.initialize(world)
    var unused = PolicyDecision(time: world.now, hook: "init")
    lua?.takeTrace(into: &unused, .initialize, world)
  }

  public mutating func admit(_ request: RequestRef, _ world: some PolicyWorld) throws(PolicyError)
    -> AdmitDecision
  {
    guard var lua else { return .admit }
    var decision = PolicyDecision(time: world.now, hook: "admit")
    decision.request = request.id
    let before = lua.hostNanoseconds(.admit)
    let answer = try lua.admit(request, world)
    decision.hostNanoseconds = lua.hostNanoseconds(.admit) - before
    lua.takeTrace(into: &decision, .admit, world)
    decision.choice =
      switch answer {
      case .admit: "admit"
      case .reject(let reason): "reject: \(reason)"
      case .postpone(let wait): "defer: \(wait.seconds) s"
      }
    receive(decision)
    return answer
  }

  public mutating func route(
    _ request: RequestRef, candidates: ContiguousArray<InstanceID>, stage: RequestStage,
    _ world: some PolicyWorld
  ) throws(PolicyError) -> RouteDecision {
    let asked: HookSet = stage == .prefill ? .route : .routeDecode
    var decision = PolicyDecision(
      time: world.now, hook: stage == .prefill ? "route" : "route_decode")
    decision.request = request.id
    decision.candidates = candidates.map { id in
      var candidate = PolicyDecision.Subject(
        instance: world.instanceFacts(id).name, index: id.index)
      if estimates { candidate.estimate = world.estimate(request, id, stage) }
      return candidate
    }
    let answer: RouteDecision
    if var lua, luaHooks.contains(asked) {
      let bound = lua.bound(stage)
      let before = lua.hostNanoseconds(bound)
      answer = try lua.route(request, candidates: candidates, stage: stage, world)
      decision.hostNanoseconds = lua.hostNanoseconds(bound) - before
      lua.takeTrace(into: &decision, bound, world)
    } else {
      answer = leastLoaded(candidates, world, &decision)
    }
    if !answer.instance.isNone { decision.choice = world.instanceFacts(answer.instance).name }
    if !answer.decode.isNone { decision.decode = world.instanceFacts(answer.decode).name }
    receive(decision)
    return answer
  }

  /// As the engine's own router: 4 · waiting + running, ties to the first.
  private func leastLoaded(
    _ candidates: ContiguousArray<InstanceID>, _ world: some PolicyWorld,
    _ decision: inout PolicyDecision
  ) -> RouteDecision {
    var best = InstanceID.none
    var least = Int.max
    for (place, candidate) in candidates.enumerated() {
      let view = world.instanceView(candidate)
      decision.candidates[place].read = [
        PolicyDecision.Field(name: "waiting_count", value: .integer(view.waitingCount)),
        PolicyDecision.Field(name: "running_count", value: .integer(view.runningCount)),
      ]
      let load = 4 * view.waitingCount + view.runningCount
      if load < least { (best, least) = (candidate, load) }
    }
    return RouteDecision(best)
  }

  public mutating func batch(_ instance: InstanceID, _ step: some PolicyStep) throws(PolicyError)
    -> BatchLimits?
  {
    guard var lua else { return nil }
    var decision = PolicyDecision(time: step.now, hook: "batch")
    decision.instance = step.instanceFacts(instance).name
    let before = lua.hostNanoseconds(.batch)
    let limits = try lua.batch(instance, step)
    decision.hostNanoseconds = lua.hostNanoseconds(.batch) - before
    lua.takeTrace(into: &decision, .batch, step)
    decision.choice = limits.map(\.words)
    receive(decision)
    return limits
  }

  public mutating func preempt(
    _ instance: InstanceID, candidates: ContiguousArray<RequestRef>, neededTokens: Int,
    _ world: some PolicyWorld
  ) throws(PolicyError) -> RequestRef? {
    guard var lua else { return nil }
    var decision = PolicyDecision(time: world.now, hook: "preempt")
    decision.instance = world.instanceFacts(instance).name
    decision.candidates = candidates.map { PolicyDecision.Subject(request: $0.id) }
    let before = lua.hostNanoseconds(.preempt)
    let answer = try lua.preempt(
      instance, candidates: candidates, neededTokens: neededTokens, world)
    decision.hostNanoseconds = lua.hostNanoseconds(.preempt) - before
    lua.takeTrace(into: &decision, .preempt, world)
    decision.choice = answer.map { "request \($0.id.index)" }
    receive(decision)
    return answer
  }

  public mutating func evict(
    _ instance: InstanceID, candidates: ContiguousArray<CachedPrefix>, neededBlocks: Int,
    _ world: some PolicyWorld
  ) throws(PolicyError) -> Int? {
    guard var lua else { return nil }
    var decision = PolicyDecision(time: world.now, hook: "evict")
    decision.instance = world.instanceFacts(instance).name
    decision.candidates = candidates.indices.map { PolicyDecision.Subject(prefix: $0) }
    let before = lua.hostNanoseconds(.evict)
    let answer = try lua.evict(
      instance, candidates: candidates, neededBlocks: neededBlocks, world)
    decision.hostNanoseconds = lua.hostNanoseconds(.evict) - before
    lua.takeTrace(into: &decision, .evict, world)
    decision.choice = answer.map { decision.candidates[$0].name }
    receive(decision)
    return answer
  }

  /// Told of only when the policy noted something.
  public mutating func tick(_ world: some PolicyWorld) throws(PolicyError) {
    guard var lua else { return }
    let before = lua.hostNanoseconds(.tick)
    try lua.tick(world)
    tellNotes("tick", .tick, of: nil, lua.hostNanoseconds(.tick) - before, world)
  }

  public mutating func observe(
    _ moment: RequestMoment, of request: RequestRef, _ world: some PolicyWorld
  ) throws(PolicyError) {
    guard var lua else { return }
    let before = lua.hostNanoseconds(moment.hook)
    try lua.observe(moment, of: request, world)
    tellNotes(
      moment.name, moment.hook, of: request.id, lua.hostNanoseconds(moment.hook) - before, world)
  }

  public mutating func instanceDown(
    _ instance: InstanceID, _ requests: ContiguousArray<RequestRef>, _ world: some PolicyWorld
  ) throws(PolicyError) -> RetryDecision {
    guard var lua else { return RetryDecision() }
    var decision = PolicyDecision(time: world.now, hook: "on_instance_down")
    decision.instance = world.instanceFacts(instance).name
    decision.candidates = requests.map { PolicyDecision.Subject(request: $0.id) }
    let before = lua.hostNanoseconds(.instanceDown)
    let answer = try lua.instanceDown(instance, requests, world)
    decision.hostNanoseconds = lua.hostNanoseconds(.instanceDown) - before
    lua.takeTrace(into: &decision, .instanceDown, world)
    decision.choice =
      answer.rejected.isEmpty
      ? "retry" : "reject \(answer.rejected.count): \(answer.reason)"
    receive(decision)
    return answer
  }

  public mutating func instanceUp(_ instance: InstanceID, _ world: some PolicyWorld)
    throws(PolicyError)
  {
    guard var lua else { return }
    let before = lua.hostNanoseconds(.instanceUp)
    try lua.instanceUp(instance, world)
    tellNotes(
      "on_instance_up", .instanceUp, of: nil, lua.hostNanoseconds(.instanceUp) - before, world)
  }

  public mutating func roleChanged(_ instance: InstanceID, to role: InstanceRole) {
    lua?.roleChanged(instance, to: role)
  }

  private func tellNotes(
    _ name: String, _ hook: HookSet, of request: RequestID?, _ nanoseconds: Int,
    _ world: some PolicyWorld
  ) {
    var decision = PolicyDecision(time: world.now, hook: name)
    decision.request = request
    decision.hostNanoseconds = nanoseconds
    lua?.takeTrace(into: &decision, hook, world)
    if !decision.notes.isEmpty { receive(decision) }
  }

  public mutating func done(_ summary: PolicySummary, _ world: some PolicyWorld)
    throws(PolicyError) -> String?
  {
    try lua?.done(summary, world)
  }
}

extension PolicyWorld {
  /// What choosing this instance would cost the request, by the engine's own models.
  ///
  /// For a prompt: queue and compute until it is done. For decoding: its KV cache over idle links, then one iteration
  /// with what runs there. Other requests that come later, waiting for KV blocks and busy links are left out.
  fileprivate func estimate(_ request: RequestRef, _ id: InstanceID, _ stage: RequestStage)
    -> SimDuration?
  {
    guard let view = requestView(request) else { return nil }
    if stage == .prefill { return estimatePrefill(request, id) }
    let instance = instanceView(id)
    let step = estimateStep(
      id, prefillTokens: 0, decodeSeqs: instance.runningCount + 1,
      contextTokens: instance.runningContextTokens + view.contextTokens)
    let from = view.prefillInstance
    return from.isNone ? step : transferTime(request, from: from, to: id) + step
  }
}

extension LuaPolicy {
  /// The hook that answers where a request goes.
  fileprivate func bound(_ stage: RequestStage) -> HookSet {
    stage == .prefill || decodeHook == CLUA_ROUTE ? .route : .routeDecode
  }
}

extension RequestMoment {
  fileprivate var name: String {
    switch self {
    case .firstToken: "on_first_token"
    case .finish: "on_finish"
    case .reject: "on_reject"
    case .preempted: "on_preempt"
    case .transfer: "on_transfer"
    }
  }
}

extension BatchLimits {
  /// `max_num_seqs 64, order sjf`
  fileprivate var words: String {
    var words: [String] = []
    if let maxNumSeqs { words.append("max_num_seqs \(maxNumSeqs)") }
    if let maxNumBatchedTokens { words.append("max_num_batched_tokens \(maxNumBatchedTokens)") }
    if let chunkTokens { words.append("chunk_tokens \(chunkTokens)") }
    switch order {
    case .firstComeFirstServed: break
    case .shortestFirst: words.append("order sjf")
    case .earliestDeadlineFirst: words.append("order edf")
    case .listed(let requests):
      words.append("order \(requests.map { "\($0.id.index)" }.joined(separator: " "))")
    }
    if prefillFirst { words.append("prefill_first") }
    return words.isEmpty ? "limits of the instance" : words.joined(separator: ", ")
  }
}
