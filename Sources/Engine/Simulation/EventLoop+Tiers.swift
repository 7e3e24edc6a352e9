/// KV blocks that go to CPU memory and SSDs, and come back for prompts that would else compute them again.
///
/// Blocks are found when a prompt is routed: what follows behind its hits on the accelerator is loaded before it joins the
/// queue, if there are free blocks for it, and is then in the prefix cache like any other. What is written can be found when
/// it has arrived.
extension EventLoop {
  // MARK: Writing

  /// Sends what accelerators have noted since the last instant on its way.
  mutating func writeJournals() {
    let state = self.state
    for index in 0..<state.pointee.instanceCount
    where state.pointee.instances[index].pool.journalled.count > 0 {
      let node = state.pointee.cluster.instances[index].node
      var known: Set<UInt64> = []
      var keys = BlockKeys()
      for key in state.pointee.instances[index].pool.journalled
      where !state.pointee.tiers.nodes[node].holds(key) && known.insert(key).inserted {
        keys.append(key)
      }
      state.pointee.instances[index].pool.journalled.removeAll()
      guard !keys.isEmpty else { continue }
      // What is being computed can be written when it is.
      let lane = state.pointee.lanes + index
      let isComputed = !lane.pointee.isUnderWay || lane.pointee.start < now
      let delay =
        state.pointee.tiers.journal == .forgotten || isComputed
        ? .zero : lane.pointee.ends[lane.pointee.ended] - now
      beginMove(
        .write, keys, node: node, instance: InstanceID(index), from: InstanceID(index),
        to: state.pointee.network.topology.cpu(ofNode: node), after: delay)
    }
  }

  private mutating func beginMove(
    _ kind: TierState.Move.Kind, _ keys: BlockKeys, node: Int, instance: InstanceID,
    from: InstanceID, to: InstanceID, after delay: SimDuration = .zero
  ) {
    let state = self.state
    let tag = state.pointee.tiers.nextTag()
    state.pointee.tiers.moves.append(
      TierState.Move(tag: tag, kind: kind, node: node, instance: instance, keys: keys))
    let bytes = count(keys.count, kind)
    state.pointee.network.begin(
      tag: tag, from: from, to: to, bytes: bytes, after: delay, now: now)
    scheduleNetwork()
  }

  /// Bytes of so many blocks, which the totals know from now on.
  private func count(_ blocks: Int, _ kind: TierState.Move.Kind) -> Int64 {
    let tiers = state.pointee.tiers
    switch kind {
    case .load:
      let bytes = Int64(blocks) * tiers.bytesLoaded
      state.pointee.tiers.totals.bytesLoaded += bytes
      return bytes
    case .write, .spill:
      let bytes = Int64(blocks) * tiers.bytesKept
      state.pointee.tiers.totals.bytesWritten += bytes
      return bytes
    }
  }

  /// Blocks have come to where they were to go.
  mutating func moveEnded(_ tag: Int32) throws(SimulationError) {
    let state = self.state
    guard let place = state.pointee.tiers.moves.firstIndex(where: { $0.tag == tag }) else { return }
    let move = state.pointee.tiers.moves.remove(at: place)
    switch move.kind {
    case .write: keep(move)
    case .spill:
      state.pointee.tiers.totals.spilled += move.keys.count
      for key in move.keys { _ = state.pointee.tiers.nodes[move.node].ssd?.keep(key) }
    case .load(let slot):
      rows[slot].loads -= 1
      if rows[slot].loads == 0 { loadEnded(slot) }
    }
  }

  /// CPU memory takes blocks in, and gives the least recently used ones to the SSD.
  private mutating func keep(_ move: TierState.Move) {
    let state = self.state
    state.pointee.tiers.totals.written += move.keys.count
    var gone = BlockKeys()
    for key in move.keys {
      let last = state.pointee.tiers.nodes[move.node].cpu.keep(key)
      let isKept = last == 0 || state.pointee.tiers.nodes[move.node].ssd?.holds(last) ?? true
      if !isKept { gone.append(last) }
    }
    guard !gone.isEmpty else { return }
    beginMove(
      .spill, gone, node: move.node, instance: .none,
      from: state.pointee.network.topology.cpu(ofNode: move.node),
      to: state.pointee.network.topology.ssd(ofNode: move.node))
  }

  // MARK: Loading

  /// Has what tiers hold of the request's prompt brought to its instance. Returns false where there is nothing to bring, or no
  /// room for it.
  mutating func beginLoad(_ slot: Int32, on index: Int) -> Bool {
    let state = self.state
    let rows = state.pointee.rows
    let instance = state.pointee.instances + index
    let size = instance.pointee.pool.blockSize
    state.pointee.catchUp(index)
    let limit = min(rows[slot].keys.count, (Int(rows[slot].reached) - 1) / size)
    let hit = instance.pointee.pool.lookUp(rows[slot].keys, limit: limit)
    guard hit.hits < limit, instance.pointee.preemptedWaiting == 0,
      instance.pointee.reservations.isEmpty
    else { return false }
    let node = state.pointee.cluster.instances[index].node
    let find = state.pointee.tiers.find(
      rows[slot].keys, from: hit.hits, limit: limit, node: node)
    guard find.blocks > 0, find.blocks + hit.free <= instance.pointee.pool.free else {
      return false
    }
    let keys = BlockKeys(rows[slot].keys.prefix(hit.hits + find.blocks))
    instance.pointee.promise(
      &rows[slot].incoming, tokens: keys.count * size, keys: keys, hits: hit.hits)
    instance.pointee.transfersIn += 1
    if !state.pointee.planHasItsBlocks(index) { interrupt(index, decides: false) }
    rows[slot].place = .loading
    rows[slot].instance = InstanceID(index)
    rows[slot].loads = Int32(find.parts.count)
    state.pointee.tiers.totals.loads += 1
    state.pointee.tiers.totals.loadedTokens += find.blocks * size
    var first = hit.hits
    for part in find.parts {
      if part.isSSD { state.pointee.tiers.totals.loadedTokensOfSSD += part.blocks * size }
      let topology = state.pointee.network.topology
      beginMove(
        .load(slot: slot), BlockKeys(keys[first..<(first + part.blocks)]), node: part.node,
        instance: InstanceID(index),
        from: part.isSSD ? topology.ssd(ofNode: part.node) : topology.cpu(ofNode: part.node),
        to: InstanceID(index))
      first += part.blocks
    }
    return true
  }

  /// The prompt's blocks are there, and it queues to have the rest computed.
  private mutating func loadEnded(_ slot: Int32) {
    let state = self.state
    let rows = state.pointee.rows
    let index = Int(rows[slot].instance.index)
    interrupt(index, decides: true)
    let blocks = rows[slot].incoming.blocks
    let keys = BlockKeys(rows[slot].keys.prefix(blocks))
    state.pointee.instances[index].receive(&rows[slot].incoming, keys: keys)
    join(slot)
  }

  /// Gives back the blocks that were held for a prompt, found or not, and lets it queue.
  private mutating func join(_ slot: Int32) {
    let state = self.state
    let rows = state.pointee.rows
    let index = Int(rows[slot].instance.index)
    state.pointee.instances[index].withdrawPromise(&rows[slot].incoming)
    state.pointee.instances[index].transfersIn -= 1
    state.pointee.tiers.totals.loading += now - rows[slot].queuedAt
    rows[slot].queuedAt = now
    state.pointee.instances[index].enqueue(slot, rows)
    markReservations(index)
    parkedMayMove = parkedMayMove || hasParked
  }

  // MARK: Faults

  /// What is on its way from and to an instance is of no use. Its prompts have all computed, if it lives.
  mutating func abortMoves(with id: InstanceID, isDead: Bool) {
    let state = self.state
    let hit = state.pointee.tiers.moves.filter { $0.instance == id }
    state.pointee.tiers.moves.removeAll { $0.instance == id }
    for move in hit {
      let left = state.pointee.network.cancel(tag: move.tag, now: now)
      guard case .load(let slot) = move.kind else {
        state.pointee.tiers.totals.bytesWritten -= left
        continue
      }
      state.pointee.tiers.totals.bytesLoaded -= left
      guard rows[slot].loads > 0 else { continue }
      rows[slot].loads = 0
      state.pointee.tiers.totals.aborted += 1
      guard !isDead else { continue }
      interrupt(Int(id.index), decides: true)
      join(slot)
    }
    if !hit.isEmpty { scheduleNetwork() }
  }
}
