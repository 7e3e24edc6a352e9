/// Laws that hold at the end of every instant, and of the run.
extension EventLoop {
  /// Verifies every KV pool against the requests that hold blocks there, and every queue against its requests.
  mutating func checkBooks() throws(SimulationError) {
    for (node, tier) in state.pointee.tiers.nodes.enumerated() {
      if let law = tier.cpu.brokenLaw(holdings: []) ?? tier.ssd?.brokenLaw(holdings: []) {
        throw .brokenLaw("tiers of node \(node) at \(now.seconds) s: \(law)")
      }
    }
    for index in 0..<state.pointee.instanceCount {
      state.pointee.catchUp(index)
      let name = state.pointee.cluster.instances[index].name
      if let law = brokenLaw(index) {
        throw .brokenLaw("\(name) at \(now.seconds) s: \(law)")
      }
    }
    try checkViews()
  }

  private func brokenLaw(_ index: Int) -> String? {
    let instance = state.pointee.instances + index
    let rows = self.rows
    var holdings: [KVHolding] = []
    var inflight = 0
    var reserved = 0
    var waitingTokens = 0
    for slot in Int32(0)..<Int32(state.pointee.requests.used) where !rows[slot].id.isNone {
      let target = state.pointee.records[Int(rows[slot].id.index)].decodeInstance
      let comesHere =
        (rows[slot].place == .reserving || rows[slot].place == .transferring
          || rows[slot].stream != .none)
        && target == InstanceID(index)
      let isPromised =
        rows[slot].isMigrating
        && state.pointee.migrations.target(of: slot) == InstanceID(index)
      if rows[slot].place == .loading, rows[slot].instance == InstanceID(index) {
        holdings.append(rows[slot].incoming)
        reserved += rows[slot].incoming.blanks
      }
      if comesHere || isPromised {
        inflight += 1
        holdings.append(rows[slot].incoming)
        reserved += rows[slot].incoming.blanks
      }
      guard rows[slot].instance == InstanceID(index) else { continue }
      inflight += 1
      var held = rows[slot].held
      if rows[slot].place == .decoding {
        let computed = instance.pointee.batch.computed(slot, rows)
        held.blanks = instance.pointee.pool.blocks(forTokens: computed) - held.entries.count
      }
      if rows[slot].place == .waiting {
        waitingTokens += rows[slot].remaining
        if held.blocks > 0 { return "waiting request \(rows[slot].id.index) holds blocks" }
      }
      holdings.append(held)
    }
    holdings += state.pointee.replications.holdings(on: InstanceID(index))
    reserved += state.pointee.replications.promised(on: InstanceID(index))
    if inflight != instance.pointee.inflight {
      return "\(inflight) requests are here, \(instance.pointee.inflight) counted"
    }
    if reserved != instance.pointee.reservedBlocks {
      return "\(reserved) blocks promised, \(instance.pointee.reservedBlocks) counted"
    }
    if waitingTokens != instance.pointee.waitingTokens {
      return "\(waitingTokens) tokens wait, \(instance.pointee.waitingTokens) counted"
    }
    let parts =
      instance.pointee.prefilling.count + instance.pointee.paused.count
      + instance.pointee.batch.count
    if parts != instance.pointee.running.count {
      return "the running set has \(instance.pointee.running.count), its parts \(parts)"
    }
    if instance.pointee.running.count > instance.pointee.limits.maxNumSeqs {
      return "\(instance.pointee.running.count) run, more than max_num_seqs"
    }
    return instance.pointee.pool.brokenLaw(holdings: holdings)
  }

  /// After the last event no request may be left. One that is waits for a decision that never comes, or for our mistake.
  func checkNothingIsLeft() throws(SimulationError) {
    guard state.pointee.requests.active > 0 else { return }
    let parkedPrompts = state.pointee.parkedPrompts
    let parkedDecodes = state.pointee.parkedDecodes
    if let slot = parkedDecodes.first, hooks.contains(.routeDecode) {
      let hook = policy.hookCosts.contains { $0.hook == "route_decode" } ? "route_decode" : "route"
      throw .policy(stall(hook, slot, count: parkedDecodes.count))
    }
    if let slot = parkedPrompts.first, hooks.contains(.route) {
      throw .policy(stall("route", slot, count: parkedPrompts.count))
    }
    if state.pointee.scaling.isUsed, let slot = parkedDecodes.first ?? parkedPrompts.first {
      throw .policy(
        policyError(
          "tick", about: "request \(rows[slot].id.index)",
          "stalled: \(parkedDecodes.count + parkedPrompts.count) requests wait for instances that are off or draining, and nothing can change any more",
          suggestion: "start one with cluster:add_instance"))
    }
    if hooks.contains(.batch) {
      for index in 0..<state.pointee.instanceCount {
        let instance = state.pointee.instances + index
        let idle = instance.pointee.waiting.count + instance.pointee.running.count
        guard idle > 0 else { continue }
        throw .policy(
          policyError(
            "batch", about: "instance \(state.pointee.cluster.instances[index].name)",
            "stalled: the step was left empty while \(idle) requests wait or run here, and nothing can change any more",
            suggestion: "schedule something, or return a table of limits"))
      }
    }
    throw .brokenLaw(
      "\(state.pointee.requests.active) requests are left at \(now.seconds) s, and nothing happens any more: \(whereIsOne)"
    )
  }

  /// The first request that is left, for a report of our own mistake.
  private var whereIsOne: String {
    for slot in Int32(0)..<Int32(state.pointee.requests.used) where !rows[slot].id.isNone {
      let row = rows[slot]
      let name =
        row.instance.isNone
        ? "no instance" : state.pointee.cluster.instances[Int(row.instance.index)].name
      return
        "request \(row.id.index) is \(row.place) on \(name), \(row.remaining) tokens to compute of \(row.reached)"
    }
    return "none is known"
  }

  /// Requests that preempt themselves or each other, over and over, while all others wait for them: busy, and stalled.
  ///
  /// It takes a policy: one that lets finished prompts fill a prefill instance whose next prompt then never has room.
  mutating func checkForFutility(_ index: Int) throws(SimulationError) {
    futilePreemptions += state.pointee.instances[index].step.preemptions
    // guess: no run that comes anywhere preempts so often between two tokens.
    guard futilePreemptions >= 2_000 else { return }
    let isAlive =
      networkTime != .never || faults.mayHelp || state.pointee.scaling.nextStart != .never
      || (0..<state.pointee.instanceCount).contains {
        state.pointee.lanes[$0].isUnderWay && state.pointee.instances[$0].batch.count > 0
      }
    if isAlive {
      futilePreemptions = 0
      return
    }
    let name = state.pointee.cluster.instances[index].name
    let what =
      "stalled: \(futilePreemptions) preemptions since the last token of any request, and nobody has come further"
    guard !hooks.isEmpty else { throw .brokenLaw("\(name) at \(now.seconds) s \(what)") }
    let hook = [(HookSet.batch, "batch"), (.preempt, "preempt")].first { hooks.contains($0.0) }
    throw .policy(
      policyError(
        hook?.1 ?? "route", about: "instance \(name)", what,
        suggestion: "preempt only for requests that will then fit, and let finished prompts leave"))
  }

  private func stall(_ hook: String, _ slot: Int32, count: Int) -> PolicyError {
    policyError(
      hook, about: "request \(rows[slot].id.index)",
      "stalled: \(count) requests are parked because \(hook) answered nil, and nothing can change any more",
      suggestion: "answer an instance when the cluster is idle")
  }
}
