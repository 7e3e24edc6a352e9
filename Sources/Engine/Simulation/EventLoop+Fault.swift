/// What goes wrong: instances that die and come back, slow ones, links, lost transfers.
///
/// A fault comes before all else at its instant: what would end just then has not ended yet.
extension EventLoop {
  mutating func takeFaults() throws(SimulationError) {
    resumeTicking()
    futilePreemptions = 0
    while let change = faults.schedule.pop(at: now) {
      let fault = faults.schedule.faults[change.fault]
      if change.begins { faults.begin(change.fault) } else { faults.end(change.fault) }
      switch (fault.kind, fault.target) {
      case (.kill, .instance(let id)):
        if change.begins {
          try takeDown(Int(id.index), by: change.fault)
        } else {
          try bringUp(Int(id.index))
        }
      case (.slow, .instance(let id)):
        interrupt(Int(id.index), decides: false)
        state.pointee.lanes[Int(id.index)].slowdown = faults.slowdown(
          of: fault.target, links: false)
      case (.loseTransfers, .instance(let id)):
        loseTransfers(id, by: change.fault)
      case (.slowLink, _), (.cutLink, _):
        slowLinks(fault.target)
      case (_, .node): preconditionFailure("\(fault.words) is about a node")
      }
    }
    scheduleNetwork()
    parkedMayMove = parkedMayMove || hasParked
  }

  private mutating func slowLinks(_ target: Fault.Target) {
    let state = self.state
    let topology = state.pointee.network.topology
    let links =
      switch target {
      case .instance(let id): topology.ports(ofInstance: Int(id.index))
      case .node(let node): topology.nics(ofNode: node)
      }
    state.pointee.network.slow(links, by: faults.slowdown(of: target, links: true), now: now)
  }

  private mutating func loseTransfers(_ id: InstanceID, by fault: Int) {
    var lost: [Int32] = []
    for slot in activeRequests where isBeingSent(slot) {
      let target = state.pointee.records[Int(rows[slot].id.index)].decodeInstance
      if rows[slot].instance == id || target == id { lost.append(slot) }
    }
    abortMigrations(with: id, onlyBytes: true)
    abortReplications(with: id)
    abortMoves(with: id, isDead: false)
    for slot in lost {
      recall(slot)
      note(slot, hitBy: fault, lostTokens: 0)
    }
    retry(lost)
  }

  // MARK: Instances

  private mutating func bringUp(_ index: Int) throws(SimulationError) {
    let lane = state.pointee.lanes + index
    lane.pointee.downs -= 1
    guard lane.pointee.downs == 0 else { return }
    state.pointee.recountDown()
    lane.pointee.totals.down += now - lane.pointee.downSince
    if hooks.contains(.instanceUp), state.pointee.isUp(InstanceID(index)) {
      try asking { (policy: inout P, world) throws(PolicyError) in
        try policy.instanceUp(InstanceID(index), world)
      }
    }
  }

  /// The instance dies: its requests begin anew elsewhere, and those on their way to it are called back.
  private mutating func takeDown(_ index: Int, by fault: Int) throws(SimulationError) {
    let state = self.state
    let lane = state.pointee.lanes + index
    lane.pointee.downs += 1
    if faults.schedule.faults[fault].end == .never { lane.pointee.isGone = true }
    guard lane.pointee.downs == 1 else { return }
    state.pointee.recountDown()
    lane.pointee.downSince = now
    state.pointee.catchUp(index)
    let id = InstanceID(index)
    abortMigrations(with: id, onlyBytes: false)
    abortReplications(with: id)
    abortMoves(with: id, isDead: true)
    let rows = state.pointee.rows
    var hit: [Int32] = []
    for slot in activeRequests {
      if rows[slot].plannedDecode == id { rows[slot].plannedDecode = .none }
      let comes =
        isMoving(slot) && state.pointee.records[Int(rows[slot].id.index)].decodeInstance == id
      if rows[slot].instance == id || comes { hit.append(slot) }
    }
    for slot in hit where isMoving(slot) { recall(slot) }
    state.pointee.parkedDecodes.removeAll { rows[$0].instance == id }
    stopWork(index)
    for slot in hit {
      let lostTokens = rows[slot].instance == id ? restart(slot) : 0
      note(slot, hitBy: fault, lostTokens: lostTokens)
    }
    state.pointee.instances[index].clear()
    try decide(hit.filter { rows[$0].place == .gateway }, after: id, by: fault)
  }

  /// The iteration under way has not happened.
  private mutating func stopWork(_ index: Int) {
    let state = self.state
    let lane = state.pointee.lanes + index
    if lane.pointee.isUnderWay {
      lane.pointee.totals.busy += now - lane.pointee.start
      state.pointee.instances[index].batch.advance(by: -1)
      for chunk in state.pointee.instances[index].step.chunks {
        state.pointee.rows[chunk.slot].computed = Int32(chunk.before)
      }
    }
    lane.pointee.stop()
  }

  /// Asks what becomes of requests that have lost their instance, and does it.
  private mutating func decide(_ hit: [Int32], after id: InstanceID, by fault: Int)
    throws(SimulationError)
  {
    var decision = RetryDecision()
    if hooks.contains(.instanceDown) {
      let refs = ContiguousArray(hit.map { state.pointee.ref($0) })
      decision = try asking { (policy: inout P, world) throws(PolicyError) in
        try policy.instanceDown(id, refs, world)
      }
    }
    let rejected = Set(decision.rejected.map(\.slot))
    for slot in hit where rejected.contains(slot) {
      faults.rejected(fault)
      try giveUp(slot, reason: decision.reason)
    }
    retry(hit.filter { !rejected.contains($0) })
  }

  // MARK: Requests

  /// In order of arrival.
  private var activeRequests: [Int32] {
    let rows = self.rows
    return (0..<Int32(state.pointee.requests.used)).filter { !rows[$0].id.isNone }
      .sorted { rows[$0].id < rows[$1].id }
  }

  private func isBeingSent(_ slot: Int32) -> Bool {
    rows[slot].place == .transferring || rows[slot].stream == .sending
  }

  /// Is there, or will there be, a KV cache of it on two instances?
  private func isMoving(_ slot: Int32) -> Bool {
    isBeingSent(slot) || rows[slot].place == .reserving || rows[slot].stream == .reserving
      || rows[slot].stream == .sent
  }

  /// Calls back a KV cache that is on its way, or about to be. It is still where it was computed, or is being.
  private mutating func recall(_ slot: Int32) {
    let state = self.state
    let rows = state.pointee.rows
    let record = state.pointee.records[Int(rows[slot].id.index)]
    if let wait = record.kvWait {
      let source = Int(rows[slot].instance.index)
      let totals = state.pointee.lanes[source].totals.kvWait
      state.pointee.lanes[source].totals.kvWait = totals - wait
    }
    let isGranted = isBeingSent(slot) || rows[slot].stream == .sent
    withdrawTransfer(slot, hadBlocks: isGranted)
    if rows[slot].stream == .none { rows[slot].place = .gateway }
    rows[slot].stream = .none
  }

  /// Makes a request of a dead instance one that waits at the gateway with nothing computed. What the client has got of
  /// it counts as part of its prompt.
  ///
  /// Source: the migration of requests in NVIDIA Dynamo, https://docs.nvidia.com/dynamo/.
  /// - Returns: the tokens whose KV is gone.
  private mutating func restart(_ slot: Int32) -> Int {
    let state = self.state
    let rows = state.pointee.rows
    if rows[slot].place == .decoding {
      state.pointee.instances[Int(rows[slot].instance.index)].withdraw(slot, rows)
    }
    let lostTokens = Int(rows[slot].computed)
    if rows[slot].hasFirstToken {
      state.pointee.decodingCount -= 1
    } else {
      state.pointee.prefillingCount -= 1
    }
    rows[slot].place = .gateway
    rows[slot].instance = .none
    rows[slot].held = KVHolding()
    rows[slot].incoming = KVHolding()
    rows[slot].computed = 0
    rows[slot].lost += Int32(lostTokens)
    rows[slot].isRestarted = true
    rows[slot].isHandedOver = false
    rows[slot].stays = false
    rows[slot].repeatsLast = false
    rows[slot].plannedDecode = .none
    let id = Int(rows[slot].id.index)
    state.pointee.records[id].beginAnew()
    return lostTokens
  }

  private mutating func note(_ slot: Int32, hitBy fault: Int, lostTokens: Int) {
    recovered(slot)
    rows[slot].fault = Int32(fault)
    faults.hit(fault, lostTokens: lostTokens)
    state.pointee.records[Int(rows[slot].id.index)].retries += 1
  }

  /// The request has what a fault took from it, or has ended.
  mutating func recovered(_ slot: Int32) {
    let fault = Int(rows[slot].fault)
    guard fault >= 0 else { return }
    rows[slot].fault = -1
    faults.recovered(fault, at: now)
  }

  /// Parks requests in front of all others, in this order.
  private mutating func retry(_ slots: [Int32]) {
    let state = self.state
    for slot in slots.reversed() where rows[slot].place == .gateway {
      if rows[slot].isHandedOver {
        state.pointee.parkedDecodes.prepend(slot)
      } else {
        state.pointee.parkedPrompts.prepend(slot)
      }
    }
  }

  /// Ends a request at the gateway, whose KV cache may be pinned somewhere.
  private mutating func giveUp(_ slot: Int32, reason: String) throws(SimulationError) {
    let state = self.state
    let rows = state.pointee.rows
    if !rows[slot].instance.isNone {
      let source = Int(rows[slot].instance.index)
      interrupt(source, decides: true)
      state.pointee.instances[source].pool.release(&rows[slot].held)
      state.pointee.instances[source].inflight -= 1
      markReservations(source)
      if rows[slot].hasFirstToken {
        state.pointee.decodingCount -= 1
      } else {
        state.pointee.prefillingCount -= 1
      }
    }
    try reject(slot, reason: reason)
  }

  // MARK: Waiting for instances that are down

  /// As `askParked`, but requests without any candidate keep nobody waiting, and those that can never have one end.
  mutating func askParkedWithCandidates() throws(SimulationError) {
    let state = self.state
    var isOver = false
    for _ in 0..<state.pointee.parkedDecodes.count {
      let slot = state.pointee.parkedDecodes.removeFirst()
      if try endStranded(slot) { continue }
      if !isOver, !candidates(slot, stage: .decode).isEmpty {
        if try routeDecode(slot) { continue }
        isOver = !policy.gatewayScan
      }
      state.pointee.parkedDecodes.append(slot)
    }
    isOver = false
    for _ in 0..<state.pointee.parkedPrompts.count {
      let slot = state.pointee.parkedPrompts.removeFirst()
      if try endStranded(slot) { continue }
      if !isOver, !candidates(slot, stage: .prefill).isEmpty {
        if try routePrompt(slot) { continue }
        isOver = !policy.gatewayScan
      }
      state.pointee.parkedPrompts.append(slot)
    }
  }

  /// Do all candidates of this parked request stay down for the rest of the run?
  func isStranded(_ slot: Int32) -> Bool {
    let state = self.state
    return candidatesEver(slot, stage: rows[slot].isHandedOver ? .decode : .prefill).allSatisfy {
      state.pointee.lanes[Int($0.index)].isGone
    }
  }

  /// Returns whether it was.
  private mutating func endStranded(_ slot: Int32) throws(SimulationError) -> Bool {
    guard isStranded(slot) else { return false }
    try giveUp(slot, reason: "no instance is left that could serve it")
    return true
  }

  /// Takes events that mean nothing any more off the queue, so that a run does not last as long as what a fault ended, or
  /// as the iterations that a request would have had where it was.
  mutating func dropVoidEvents() {
    while let event = events.first {
      switch event.phase {
      case .arrival: return
      case .network: if event.generation == networkGeneration { return }
      case .iterationEnd:
        if event.generation == state.pointee.lanes[Int(event.id)].generation { return }
      }
      _ = events.pop(at: event.time)
    }
  }
}

extension RequestRecord {
  /// What has been of its life counts as waiting at the gateway from now on; what the client has got stays.
  fileprivate mutating func beginAnew() {
    prefillInstance = .none
    decodeInstance = .none
    cachedTokens = 0
    kvBytes = 0
    routed = .never
    prefillStart = .never
    lastPrefillStart = .never
    prefillToken = .never
    decodeToken = .never
    transferStart = .never
    transferEnd = .never
    decodeStart = .never
  }
}
