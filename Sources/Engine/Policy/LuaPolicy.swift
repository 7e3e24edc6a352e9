import CLua

/// A policy written in Lua 5.4: one file, or several that define different hooks.
///
/// One machine for each run; a machine is not shared. What a policy may do is in the policy guide; what it does wrong
/// arrives as `PolicyError`, never as a crash or a hang.
public struct LuaPolicy: Policy {
  let vm: LuaVM
  public let hooks: HookSet
  public let everyIteration: Bool
  public let gatewayScan: Bool
  /// Which hook answers for requests whose prompt is done.
  let decodeHook: clua_hook_id

  /// Loads the files and applies `parameters`, pairs of name and text as `--param name=value` gives them.
  ///
  /// - Throws: on a file that cannot be read or run, an entry that means nothing, a hook defined twice, a parameter that
  ///   does not exist, is of another type or out of range.
  public static func load(
    files: [String], parameters: [(String, String)] = [],
    options: LuaPolicyOptions = LuaPolicyOptions()
  ) throws(PolicyError) -> LuaPolicy {
    for file in files where file.contains("://") {
      throw PolicyError(
        file: file, problem: "is an address; policies are files, and nothing is fetched",
        suggestion: "download it, read what it does, and give the file")
    }
    let vm = try LuaVM(options)
    for file in files where clua_load(vm.handle, file) != CLUA_OK {
      var error = vm.failure()
      if error.file == "policy" { error.file = file }
      throw error
    }
    try vm.apply(parameters, files: files)
    return LuaPolicy(vm)
  }

  private init(_ vm: LuaVM) {
    self.vm = vm
    var bound: HookSet = []
    for hook in LuaPolicy.allHooks where clua_hook_at(vm.handle, hook).pointee.bound {
      bound.insert(HookSet(rawValue: 1 << hook.rawValue))
    }
    // A policy that routes is asked for both stages, unless it names another hook for the second.
    decodeHook = bound.contains(.routeDecode) ? CLUA_ROUTE_DECODE : CLUA_ROUTE
    if bound.contains(.route) { bound.insert(.routeDecode) }
    hooks = bound
    everyIteration = clua_every_iteration(vm.handle)
    gatewayScan = clua_gateway_scan(vm.handle)
  }

  static let allHooks = (0..<CLUA_HOOK_COUNT.rawValue).map { clua_hook_id($0) }

  /// Every file that was read, required modules included, in the order of reading.
  public var sources: [String] {
    (0..<clua_file_count(vm.handle)).map { String(cString: clua_file_at(vm.handle, $0)) }
  }

  /// Bytes that the Lua machine holds now.
  public var memoryUsed: Int { vm.memoryUsed }

  public mutating func initialize(_ world: some PolicyWorld) throws(PolicyError) {
    try vm.call(CLUA_INIT, about: .run, in: world) { handle, now in
      clua_call_init(handle, now)
    }
  }

  public mutating func admit(_ request: RequestRef, _ world: some PolicyWorld) throws(PolicyError)
    -> AdmitDecision
  {
    var answer = clua_admit_answer()
    try vm.call(CLUA_ADMIT, about: .request(request), in: world) { handle, now in
      clua_call_admit(handle, now, clua_request(request), &answer)
    }
    switch answer.kind {
    case CLUA_REJECTED: return .reject(reason: answer.reason.map { String(cString: $0) } ?? "")
    case CLUA_DEFERRED: return .postpone(SimDuration(nanoseconds: answer.wait_ns))
    default: return .admit
    }
  }

  public mutating func route(
    _ request: RequestRef, candidates: ContiguousArray<InstanceID>, stage: RequestStage,
    _ world: some PolicyWorld
  ) throws(PolicyError) -> RouteDecision {
    let hook = stage == .prefill ? CLUA_ROUTE : decodeHook
    var answer = clua_route_answer(instance: -1, decode: -1, hand_off: CLUA_MOVES)
    try vm.call(hook, about: .request(request), in: world) { handle, now in
      candidates.withUnsafeBytes { bytes in
        clua_call_route(
          handle, hook, now, clua_request(request),
          bytes.assumingMemoryBound(to: Int32.self).baseAddress, Int32(candidates.count), &answer)
      }
    }
    var decision = RouteDecision(
      InstanceID(Int(answer.instance)), decode: InstanceID(Int(answer.decode)))
    switch answer.hand_off {
    case CLUA_STAYS: decision.handOff = .stays
    case CLUA_RECOMPUTES: decision.handOff = .recomputes
    default: break
    }
    return decision
  }

  public mutating func batch(_ instance: InstanceID, _ step: some PolicyStep) throws(PolicyError)
    -> BatchLimits?
  {
    var limits = clua_limits()
    try vm.call(forming: step, about: .instance(instance)) { handle, now in
      clua_call_batch(handle, now, instance.index, &limits)
    }
    return limits.given ? BatchLimits(limits) : nil
  }

  public mutating func preempt(
    _ instance: InstanceID, candidates: ContiguousArray<RequestRef>, neededTokens: Int,
    _ world: some PolicyWorld
  ) throws(PolicyError) -> RequestRef? {
    var answer: Int32 = -1
    let list = candidates.map { clua_request($0) }
    try vm.call(CLUA_PREEMPT, about: .instance(instance), in: world) { handle, now in
      clua_call_preempt(
        handle, now, instance.index, list, Int32(list.count), Int64(neededTokens), &answer)
    }
    return answer < 0 ? nil : candidates[Int(answer)]
  }

  public mutating func evict(
    _ instance: InstanceID, candidates: ContiguousArray<CachedPrefix>, neededBlocks: Int,
    _ world: some PolicyWorld
  ) throws(PolicyError) -> Int? {
    var answer: Int32 = -1
    let blockSize = world.instanceFacts(instance).blockSize
    let now = world.now
    let list = candidates.map { clua_prefix_state($0, blockSize: blockSize, now: now) }
    try vm.call(CLUA_EVICT, about: .instance(instance), in: world) { handle, now in
      clua_call_evict(
        handle, now, instance.index, list, Int32(list.count), Int64(neededBlocks), &answer)
    }
    return answer < 0 ? nil : Int(answer)
  }

  public var tickInterval: SimDuration? {
    let interval = clua_tick_ns(vm.handle)
    return interval > 0 ? SimDuration(nanoseconds: interval) : nil
  }

  public mutating func tick(_ world: some PolicyWorld) throws(PolicyError) {
    try vm.call(CLUA_TICK, about: .run, in: world) { handle, now in
      clua_call_tick(handle, now)
    }
  }

  public mutating func observe(
    _ moment: RequestMoment, of request: RequestRef, _ world: some PolicyWorld
  ) throws(PolicyError) {
    let hook =
      switch moment {
      case .firstToken: CLUA_ON_FIRST_TOKEN
      case .finish: CLUA_ON_FINISH
      case .reject: CLUA_ON_REJECT
      case .preempted: CLUA_ON_PREEMPT
      case .transfer: CLUA_ON_TRANSFER
      }
    try vm.call(hook, about: .request(request), in: world) { handle, now in
      clua_call_notify(handle, hook, now, clua_request(request))
    }
  }

  public mutating func instanceDown(
    _ instance: InstanceID, _ requests: ContiguousArray<RequestRef>, _ world: some PolicyWorld
  ) throws(PolicyError) -> RetryDecision {
    let list = requests.map { clua_request($0) }
    var rejected = [Bool](repeating: false, count: requests.count)
    var answer = clua_down_answer()
    try rejected.withUnsafeMutableBufferPointer { places throws(PolicyError) in
      answer.rejected = places.baseAddress
      try vm.call(CLUA_ON_INSTANCE_DOWN, about: .instance(instance), in: world) { handle, now in
        clua_call_instance_down(handle, now, instance.index, list, Int32(list.count), &answer)
      }
    }
    var decision = RetryDecision()
    for (place, request) in requests.enumerated() where rejected[place] {
      decision.rejected.append(request)
    }
    if let reason = answer.reason { decision.reason = String(cString: reason) }
    return decision
  }

  public mutating func instanceUp(_ instance: InstanceID, _ world: some PolicyWorld)
    throws(PolicyError)
  {
    try vm.call(CLUA_ON_INSTANCE_UP, about: .instance(instance), in: world) { handle, now in
      clua_call_instance_up(handle, now, instance.index)
    }
  }

  public mutating func roleChanged(_ instance: InstanceID, to role: InstanceRole) {
    clua_set_role(vm.handle, instance.index, role.code)
  }

  public mutating func done(_ summary: PolicySummary, _ world: some PolicyWorld)
    throws(PolicyError) -> String?
  {
    var json: String?
    try vm.call(CLUA_DONE, about: .run, in: world) { handle, now in
      withCStrings(summary.fields.map(\.name)) { names in
        var text: UnsafePointer<CChar>?
        var length = 0
        let status = clua_call_done(
          handle, now, names.baseAddress, summary.fields.map(\.value), Int32(names.count), &text,
          &length)
        json = text.map {
          String(decoding: UnsafeRawBufferPointer(start: $0, count: length), as: UTF8.self)
        }
        return status
      }
    }
    return json
  }

  public var hookCosts: [HookCost] {
    LuaPolicy.allHooks.compactMap { hook in
      let binding = clua_hook_at(vm.handle, hook).pointee
      guard binding.bound else { return nil }
      return HookCost(
        hook: String(cString: clua_hook_name(hook)), file: vm.file(of: hook),
        calls: Int(binding.calls), hostNanoseconds: Int(binding.host_ns))
    }
  }
}

extension BatchLimits {
  fileprivate init(_ raw: clua_limits) {
    self.init()
    maxNumSeqs = raw.max_num_seqs < 0 ? nil : Int(raw.max_num_seqs)
    maxNumBatchedTokens = raw.max_num_batched_tokens < 0 ? nil : Int(raw.max_num_batched_tokens)
    chunkTokens = raw.chunk_tokens < 0 ? nil : Int(raw.chunk_tokens)
    prefillFirst = raw.prefill_first
    switch raw.order {
    case CLUA_SJF: order = .shortestFirst
    case CLUA_EDF: order = .earliestDeadlineFirst
    case CLUA_LISTED:
      let listed = UnsafeBufferPointer(start: raw.listed, count: Int(raw.listed_count))
      order = .listed(ContiguousArray(listed.map { RequestRef($0) }))
    default: order = .firstComeFirstServed
    }
  }
}
