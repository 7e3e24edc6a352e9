/// Requests get their instances: for the prompt, and for what comes after it.
extension EventLoop {
  func candidates(_ slot: Int32, stage: RequestStage) -> ContiguousArray<InstanceID> {
    let prompt = Int(rows[slot].promptTokens)
    let output = Int(rows[slot].target) - prompt
    if instancesComeAndGo {
      return candidatesEver(slot, stage: stage).filter { state.pointee.isUp($0) }
    }
    switch stage {
    case .prefill: return state.pointee.fit.promptCandidates(prompt: prompt, output: output)
    case .decode: return state.pointee.fit.decodeCandidates(prompt: prompt, output: output)
    }
  }

  private var instancesComeAndGo: Bool {
    !faults.schedule.isEmpty || state.pointee.scaling.isUsed
  }

  /// Candidates in a run whose instances come and go, those that are down among them.
  func candidatesEver(_ slot: Int32, stage: RequestStage) -> ContiguousArray<InstanceID> {
    let prompt = Int(rows[slot].promptTokens)
    let output = Int(rows[slot].target) - prompt
    let reached = Int(rows[slot].reached)
    var all: ContiguousArray<InstanceID> = []
    if stage == .prefill {
      all = state.pointee.fit.promptCandidates(
        prompt: reached, output: Int(rows[slot].target) - reached)
    }
    // What has grown too long for those that compute prompts begins anew where it can be finished.
    if all.isEmpty { all = state.pointee.fit.decodeCandidates(prompt: prompt, output: output) }
    return all
  }

  /// The instance that the policy, or without one the native default, gives; `.none` to wait.
  mutating func choose(_ slot: Int32, stage: RequestStage) throws(SimulationError)
    -> RouteDecision
  {
    guard hooks.contains(stage == .prefill ? .route : .routeDecode) else {
      return RouteDecision(leastLoaded(for: slot, stage: stage))
    }
    let candidates = candidates(slot, stage: stage)
    // Nobody is asked what cannot be answered.
    if candidates.isEmpty { return RouteDecision(.none) }
    if state.pointee.options.check { try checkViews() }
    let ref = state.pointee.ref(slot)
    let chosen = try asking { (policy: inout P, world) throws(PolicyError) in
      try policy.route(ref, candidates: candidates, stage: stage, world)
    }
    if chosen.handOff == .stays, stage == .decode { return try check(staying: chosen, slot) }
    guard chosen.handOff == .moves || stage == .decode else {
      throw .policy(
        policyError(
          "route", about: "request \(ref.id.index)",
          "answered how the request goes on after its prompt, before it",
          suggestion: "look at request.stage: only \"decode\" has a KV cache"))
    }
    guard chosen.instance.isNone || candidates.contains(chosen.instance) else {
      throw .policy(
        policyError(
          stage == .prefill ? "route" : "route_decode", about: "request \(ref.id.index)",
          "answered an instance that is no candidate", suggestion: "choose among the candidates"))
    }
    if stage == .prefill, !chosen.decode.isNone, !chosen.instance.isNone {
      try check(chosen, for: slot)
    }
    return chosen
  }

  /// Can the request decode where its prompt was computed?
  private func check(staying chosen: RouteDecision, _ slot: Int32) throws(SimulationError)
    -> RouteDecision
  {
    let here = rows[slot].instance
    let prompt = Int(rows[slot].promptTokens)
    let name = state.pointee.cluster.instances[Int(here.index)].name
    guard chosen.instance == here else {
      throw .policy(
        policyError(
          "route_decode", about: "request \(rows[slot].id.index)",
          "let it stay on another instance than \(name), where its KV cache is",
          suggestion: "return request.instance, \"stay\""))
    }
    let output = Int(rows[slot].target) - prompt
    guard state.pointee.fit.canStay(on: Int(here.index), prompt: prompt, output: output) else {
      throw .policy(
        policyError(
          "route_decode", about: "request \(rows[slot].id.index)",
          "let it stay on \(name), whose KV cache can never hold all of it",
          suggestion: "let it stay only where kv_capacity_tokens leaves room for its output"))
    }
    return chosen
  }

  /// Can the request decode where the policy wants it to, after its prompt there?
  private func check(_ chosen: RouteDecision, for slot: Int32) throws(SimulationError) {
    let computesPromptsOnly =
      state.pointee.instances[Int(chosen.instance.index)].role == .prefill
    let fits =
      computesPromptsOnly
      ? candidates(slot, stage: .decode).contains(chosen.decode)
      : chosen.decode == chosen.instance
    guard !fits else { return }
    let prompt = state.pointee.cluster.instances[Int(chosen.instance.index)].name
    let decode = state.pointee.cluster.instances[Int(chosen.decode.index)].name
    guard state.pointee.isUp(chosen.decode) else {
      throw .policy(
        policyError(
          "route", about: "request \(rows[slot].id.index)",
          "answered \(prompt) and \(decode), which is not up",
          suggestion: "look at the second instance's state"))
    }
    throw .policy(
      policyError(
        "route", about: "request \(rows[slot].id.index)",
        "answered \(prompt) and \(decode), but the request cannot decode on \(decode) after that",
        suggestion: computesPromptsOnly
          ? "give a decode or mixed instance that can hold it as the second"
          : "an instance that does both keeps its requests: give no second"))
  }

  /// 4 · waiting + running, ties to the first: the router of vLLM's data-parallel front end.
  private func leastLoaded(for slot: Int32, stage: RequestStage) -> InstanceID {
    // Mostly, candidates are all there are: nobody need make a list of them.
    if !instancesComeAndGo, state.pointee.fit.fitsAnywhere(Int(rows[slot].target)) {
      if stage == .decode { return leastLoaded(state.pointee.fit.allDecodes) }
      if !state.pointee.fit.allPrompts.isEmpty { return leastLoaded(state.pointee.fit.allPrompts) }
    }
    return leastLoaded(candidates(slot, stage: stage))
  }

  @inline(__always)
  private func leastLoaded(_ candidates: ContiguousArray<InstanceID>) -> InstanceID {
    var best = InstanceID.none
    var least = Int.max
    for candidate in candidates {
      let instance = state.pointee.instances + Int(candidate.index)
      let load = 4 * instance.pointee.waitingCount + instance.pointee.running.count
      if load < least { (best, least) = (candidate, load) }
    }
    return best
  }

  /// Returns false when the request has to wait.
  mutating func routePrompt(_ slot: Int32) throws(SimulationError) -> Bool {
    let decision = try choose(slot, stage: .prefill)
    let chosen = decision.instance
    if chosen.isNone { return false }
    let state = self.state
    let index = Int(chosen.index)
    let rows = state.pointee.rows
    rows[slot].plannedDecode = decision.decode
    let id = Int(rows[slot].id.index)
    state.pointee.records[id].routed = now
    state.pointee.records[id].prefillInstance = chosen
    state.pointee.adoptKeys(slot, on: index)
    announceArrival(index)
    rows[slot].queuedAt = now
    if !state.pointee.tiers.isUsed || !beginLoad(slot, on: index) {
      state.pointee.instances[index].enqueue(slot, rows)
    }
    state.pointee.instances[index].inflight += 1
    state.pointee.touch(index)
    if rows[slot].hasFirstToken {
      state.pointee.decodingCount += 1
    } else {
      state.pointee.prefillingCount += 1
    }
    return true
  }

  /// Interrupts the instance for a newcomer, unless that cannot change what it does next.
  mutating func announceArrival(_ index: Int) {
    let instance = state.pointee.instances + index
    if !hooks.contains(.batch), !state.pointee.lanes[index].isIdle {
      // The running set is full, or someone before the newcomer has been refused already; until the plan ends, nothing
      // is given back.
      if instance.pointee.running.count >= instance.pointee.limits.maxNumSeqs { return }
      if !instance.pointee.waiting.isEmpty, !instance.pointee.needsDecision { return }
    }
    interrupt(index, decides: true)
  }

  /// Returns false when the request has to wait, its KV cache pinned where it is.
  mutating func routeDecode(_ slot: Int32) throws(SimulationError) -> Bool {
    let planned = rows[slot].plannedDecode
    let decision = planned.isNone ? try choose(slot, stage: .decode) : RouteDecision(planned)
    let chosen = decision.instance
    if chosen.isNone { return false }
    switch decision.handOff {
    case .moves: break
    case .stays:
      stay(slot)
      return true
    case .recomputes:
      recompute(slot, on: Int(chosen.index))
      return true
    }
    let state = self.state
    let index = Int(chosen.index)
    let rows = state.pointee.rows
    state.pointee.records[Int(rows[slot].id.index)].decodeInstance = chosen
    state.pointee.adoptKeys(slot, on: index)
    rows[slot].place = .reserving
    state.pointee.instances[index].inflight += 1
    state.pointee.instances[index].reservations.append(slot)
    state.pointee.touch(index)
    if state.pointee.cluster.kvTransfer.mode == .pull {
      markReservations(index)
    } else {
      try grantReservations(index)
    }
    return true
  }

  /// The request waits at the gateway, behind all others.
  mutating func park(_ slot: Int32) {
    if rows[slot].isHandedOver {
      state.pointee.parkedDecodes.append(slot)
    } else {
      state.pointee.parkedPrompts.append(slot)
    }
    if state.pointee.downCount > 0, isStranded(slot) { parkedMayMove = true }
  }

  /// Asks again for parked requests, in order of parking: first those that hold KV, then those without.
  ///
  /// Stops at the first that has to wait, unless the policy wants all of them asked.
  mutating func askParked() throws(SimulationError) {
    parkedMayMove = false
    let state = self.state
    if state.pointee.downCount > 0 { return try askParkedWithCandidates() }
    for _ in 0..<state.pointee.parkedDecodes.count {
      let slot = state.pointee.parkedDecodes.removeFirst()
      if try routeDecode(slot) { continue }
      if policy.gatewayScan {
        state.pointee.parkedDecodes.append(slot)
      } else {
        state.pointee.parkedDecodes.prepend(slot)
        break
      }
    }
    for _ in 0..<state.pointee.parkedPrompts.count {
      let slot = state.pointee.parkedPrompts.removeFirst()
      if try routePrompt(slot) { continue }
      if policy.gatewayScan {
        state.pointee.parkedPrompts.append(slot)
      } else {
        state.pointee.parkedPrompts.prepend(slot)
        break
      }
    }
  }
}
