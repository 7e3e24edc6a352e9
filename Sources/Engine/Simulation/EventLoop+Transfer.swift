/// The hand-off: a request whose prompt is done moves to a decode instance, blocks first, then bytes.
extension EventLoop {
  /// Takes the request out of the running set of its prefill instance and finds it a decode instance.
  ///
  /// Its KV cache stays where it is, pinned, until the last byte has arrived on the other side.
  mutating func handOff(_ slot: Int32, from index: Int) throws(SimulationError) {
    state.pointee.instances[index].withdraw(slot, rows)
    state.pointee.instances[index].giveUpPlace()
    state.pointee.touch(index)
    rows[slot].place = .gateway
    rows[slot].isHandedOver = true
    if rows[slot].stream != .none { return try endStream(slot) }
    if try !routeDecode(slot) { park(slot) }
  }

  /// The request goes on where its prompt was computed, as soon as there is a place.
  mutating func stay(_ slot: Int32) {
    let state = self.state
    let rows = state.pointee.rows
    let index = Int(rows[slot].instance.index)
    interrupt(index, decides: true)
    state.pointee.records[Int(rows[slot].id.index)].decodeInstance = InstanceID(index)
    rows[slot].stays = true
    rows[slot].queuedAt = now
    repeatLast(slot)
    recovered(slot)
    state.pointee.instances[index].makeReady(slot, rows)
    state.pointee.touch(index)
    parkedMayMove = parkedMayMove || hasParked
  }

  /// Where the other side's token was dropped, the last one that was computed is computed once more.
  private func repeatLast(_ slot: Int32) {
    guard rows[slot].remaining == 0 else { return }
    rows[slot].computed -= 1
    rows[slot].repeatsLast = true
  }

  /// The request leaves its KV cache behind, and waits on the decode side to have it computed again.
  mutating func recompute(_ slot: Int32, on index: Int) {
    let state = self.state
    let rows = state.pointee.rows
    let source = Int(rows[slot].instance.index)
    interrupt(source, decides: true)
    state.pointee.instances[source].pool.release(&rows[slot].held)
    state.pointee.instances[source].inflight -= 1
    state.pointee.touch(source)
    markReservations(source)
    state.pointee.records[Int(rows[slot].id.index)].decodeInstance = InstanceID(index)
    state.pointee.adoptKeys(slot, on: index)
    announceArrival(index)
    rows[slot].computed = 0
    rows[slot].queuedAt = now
    state.pointee.instances[index].enqueue(slot, rows)
    state.pointee.instances[index].inflight += 1
    state.pointee.touch(index)
    parkedMayMove = parkedMayMove || hasParked
  }

  mutating func grantDirtyReservations() throws(SimulationError) {
    guard !dirtyReservations.isEmpty else { return }
    swap(&grantingInstances, &dirtyReservations)
    if grantingInstances.count > 1 { grantingInstances.sort() }
    for index in grantingInstances {
      state.pointee.lanes[index].reservationsAreDirty = false
      try grantReservations(index)
    }
    grantingInstances.removeAll()
  }

  /// Promises blocks to waiting transfers in order, as long as there are some, and sends them on their way.
  mutating func grantReservations(_ index: Int) throws(SimulationError) {
    let state = self.state
    let instance = state.pointee.instances + index
    let rows = state.pointee.rows
    guard !instance.pointee.reservations.isEmpty else { return }
    // The pool must be at the present before anything is taken from it.
    state.pointee.catchUp(index)
    let isPull = state.pointee.cluster.kvTransfer.mode == .pull
    if isPull {
      // Its scheduler looks between two iterations.
      interrupt(index, decides: false)
      state.pointee.lanes[index].wantsToPull = !state.pointee.lanes[index].isIdle
      if state.pointee.lanes[index].wantsToPull { return }
    }
    var began = false
    if hooks.contains(.evict) { try chooseEvictions(forTransferTo: index) }
    while !isPull || instance.pointee.seats < instance.pointee.limits.maxNumSeqs,
      let head = instance.pointee.reservations.first,
      let granted = instance.pointee.grantReservation(
        rows, keys: state.pointee.keysOnArrival(head, on: index))
    {
      let slot = granted.slot
      let id = Int(rows[slot].id.index)
      let source = Int(rows[slot].instance.index)
      let isStream = rows[slot].stream != .none
      let tokens = Int(isStream ? rows[slot].reached : rows[slot].computed)
      let bytes =
        Int64(tokens - granted.cachedTokens)
        * state.pointee.bytesPerToken(from: source, to: index)
      state.pointee.records[id].transferStart = now
      state.pointee.records[id].kvBytes = bytes
      state.pointee.instances[source].transfersOut += 1
      state.pointee.touch(source)
      state.pointee.touch(index)
      state.pointee.lanes[source].totals.bytesSent += bytes
      state.pointee.lanes[index].totals.bytesReceived += bytes
      if !isStream {
        state.pointee.lanes[source].totals.kvWait += now - state.pointee.records[id].promptEnd
      }
      state.pointee.network.begin(
        tag: slot, from: InstanceID(source), to: InstanceID(index), bytes: bytes,
        held: isStream ? heldBytes(slot, cached: granted.cachedTokens) : 0,
        after: state.pointee.transferDelay(from: InstanceID(source), to: InstanceID(index)),
        now: now)
      if isStream { computeUnderWay(slot) }
      began = true
      if hooks.contains(.evict) { try chooseEvictions(forTransferTo: index) }
    }
    guard began else { return }
    // The plan may have counted on blocks that are gone.
    if !state.pointee.planHasItsBlocks(index) { interrupt(index, decides: false) }
    parkedMayMove = parkedMayMove || hasParked
    scheduleNetwork()
  }

  /// Keeps one pending event: the next change of the network.
  mutating func scheduleNetwork() {
    let next = state.pointee.network.nextEvent ?? .never
    guard next != networkTime else { return }
    networkTime = next
    networkGeneration = (networkGeneration &+ 1) & .max
    guard next != .never else { return }
    events.push(Event(time: next, phase: .network, id: 0, generation: networkGeneration))
  }

  mutating func networkChanged(_ event: Event) throws(SimulationError) {
    guard event.generation == networkGeneration else { return }
    networkTime = .never
    arrivedTransfers.removeAll()
    state.pointee.network.advance(to: now, ended: &arrivedTransfers)
    for slot in arrivedTransfers { try transferEnded(slot) }
    scheduleNetwork()
  }

  mutating func transferEnded(_ slot: Int32) throws(SimulationError) {
    if slot < 0 {
      if slot % 2 == 0 { return try moveEnded(slot) }
      return replicationEnded(slot)
    }
    let state = self.state
    let rows = state.pointee.rows
    if rows[slot].isMigrating { return try stageEnded(slot) }
    if rows[slot].stream == .sending {
      rows[slot].stream = .sent
      return
    }
    let id = Int(rows[slot].id.index)
    let source = Int(rows[slot].instance.index)
    let target = Int(state.pointee.records[id].decodeInstance.index)
    interrupt(source, decides: true)
    interrupt(target, decides: true)
    state.pointee.records[id].transferEnd = now
    state.pointee.instances[source].pool.release(&rows[slot].held)
    state.pointee.instances[source].inflight -= 1
    state.pointee.instances[source].transfersOut -= 1
    rows[slot].queuedAt = now
    state.pointee.instances[target].receive(slot, rows)
    state.pointee.touch(source)
    state.pointee.touch(target)
    repeatLast(slot)
    recovered(slot)
    markReservations(source)
    parkedMayMove = parkedMayMove || hasParked
    try tell(.transfer, of: slot)
  }
}
