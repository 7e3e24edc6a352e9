/// KV caches that are sent layer by layer while their prompts are computed: `kv_transfer.mode` `layerwise`.
///
/// A decode instance is chosen when the first chunk has begun. Once it has promised blocks for the whole prompt, what is
/// computed already is sent at once and the rest with each layer. What opens and closes streams is worked off when all
/// iterations of an instant have begun, so that it looks the same however iterations are counted.
extension EventLoop {
  /// Tells the network of the chunks that an iteration now computes, and notes requests whose first chunk it is.
  mutating func noteStreams(_ index: Int) {
    let state = self.state
    let instance = state.pointee.instances + index
    guard instance.pointee.role == .prefill else { return }
    let rows = state.pointee.rows
    for chunk in instance.pointee.step.chunks {
      switch rows[chunk.slot].stream {
      case .sending: computeUnderWay(chunk.slot)
      case .none, .broken:
        if chunk.before == rows[chunk.slot].cachedTokens, !rows[chunk.slot].stays {
          newStreams.append(chunk.slot)
        }
      default: break
      }
    }
    scheduleNetwork()
  }

  /// A request was preempted: its stream is of no use any more.
  mutating func breakStream(_ slot: Int32) {
    guard rows[slot].stream != .none, rows[slot].stream != .broken else { return }
    brokenStreams.append(slot)
    rows[slot].hadBlocks = rows[slot].stream != .reserving
    rows[slot].stream = .broken
  }

  mutating func settleStreams() throws(SimulationError) {
    guard !brokenStreams.isEmpty || !newStreams.isEmpty else { return }
    for slot in brokenStreams { closeStream(slot) }
    brokenStreams.removeAll()
    // Asking adds nothing to the list: no iteration begins meanwhile.
    for place in newStreams.indices { try openStream(newStreams[place]) }
    newStreams.removeAll()
  }

  private mutating func openStream(_ slot: Int32) throws(SimulationError) {
    let state = self.state
    let rows = state.pointee.rows
    guard rows[slot].place == .prefilling, rows[slot].stream == .none else { return }
    let onlyToken = rows[slot].target - rows[slot].reached == 1
    if onlyToken, state.pointee.options.firstToken == .prefill { return }
    let planned = rows[slot].plannedDecode
    // The question is that for what comes after the prompt.
    rows[slot].isHandedOver = true
    let decision = planned.isNone ? try choose(slot, stage: .decode) : RouteDecision(planned)
    rows[slot].isHandedOver = false
    // Who wants something else is asked again when the prompt is done.
    guard !decision.instance.isNone, decision.handOff == .moves else { return }
    let target = Int(decision.instance.index)
    state.pointee.records[Int(rows[slot].id.index)].decodeInstance = decision.instance
    rows[slot].stream = .reserving
    state.pointee.instances[target].inflight += 1
    state.pointee.instances[target].reservations.append(slot)
    state.pointee.touch(target)
    try grantReservations(target)
  }

  private mutating func closeStream(_ slot: Int32) {
    withdrawTransfer(slot, hadBlocks: rows[slot].hadBlocks)
    rows[slot].stream = .none
  }

  /// Gives back what the request was promised on the decode side, and stops what is on its way there.
  mutating func withdrawTransfer(_ slot: Int32, hadBlocks: Bool) {
    let state = self.state
    let rows = state.pointee.rows
    let id = Int(rows[slot].id.index)
    let source = Int(rows[slot].instance.index)
    let target = Int(state.pointee.records[id].decodeInstance.index)
    interrupt(target, decides: true)
    state.pointee.touch(source)
    state.pointee.touch(target)
    let instance = state.pointee.instances + target
    if hadBlocks {
      let left = state.pointee.network.cancel(tag: slot, now: now)
      state.pointee.lanes[source].totals.bytesSent -= left
      state.pointee.lanes[target].totals.bytesReceived -= left
      state.pointee.instances[source].transfersOut -= 1
      instance.pointee.withdrawPromise(slot, rows)
      scheduleNetwork()
    } else if let place = instance.pointee.reservations.firstIndex(of: slot) {
      instance.pointee.reservations.remove(at: place)
    }
    instance.pointee.inflight -= 1
    state.pointee.records[id].decodeInstance = .none
    state.pointee.records[id].transferStart = .never
    state.pointee.records[id].kvBytes = 0
    markReservations(target)
    parkedMayMove = parkedMayMove || hasParked
  }

  /// The prompt is done: what is left of its stream is a transfer like any other.
  mutating func endStream(_ slot: Int32) throws(SimulationError) {
    let state = self.state
    let rows = state.pointee.rows
    let stream = rows[slot].stream
    let target = Int(state.pointee.records[Int(rows[slot].id.index)].decodeInstance.index)
    state.pointee.adoptKeys(slot, on: target)
    rows[slot].stream = .none
    rows[slot].place = stream == .reserving ? .reserving : .transferring
    if stream == .sending {
      state.pointee.network.compute(
        tag: slot, bytes: 0, rest: 0, from: now, to: now, layers: 1, now: now)
      scheduleNetwork()
    }
    if stream == .sent { try transferEnded(slot) }
  }

  /// Bytes of a prompt that are still to be computed, the chunk under way included.
  func heldBytes(_ slot: Int32, cached: Int) -> Int64 {
    let rows = self.rows
    let source = Int(rows[slot].instance.index)
    let done = max(cached, chunkUnderWay(slot)?.before ?? Int(rows[slot].computed))
    return Int64(Int(rows[slot].reached) - done) * bytesPerToken(slot, from: source)
  }

  /// Of a request whose decode instance is known.
  private func bytesPerToken(_ slot: Int32, from source: Int) -> Int64 {
    let target = state.pointee.records[Int(rows[slot].id.index)].decodeInstance
    return state.pointee.bytesPerToken(from: source, to: Int(target.index))
  }

  private func chunkUnderWay(_ slot: Int32) -> PromptChunk? {
    let source = Int(rows[slot].instance.index)
    return state.pointee.instances[source].step.chunks.first { $0.slot == slot }
  }

  /// Tells the network of the chunk of a prompt that is being computed, if one is.
  func computeUnderWay(_ slot: Int32) {
    let state = self.state
    let source = Int(rows[slot].instance.index)
    let lane = state.pointee.lanes + source
    guard let chunk = chunkUnderWay(slot), lane.pointee.ended < lane.pointee.ends.count else {
      return
    }
    let bytesPerToken = bytesPerToken(slot, from: source)
    // What the decode side has already comes first.
    let sent = state.pointee.records[Int(rows[slot].id.index)].kvBytes / bytesPerToken
    let cached = Int(rows[slot].reached) - Int(sent)
    let first = max(cached, chunk.before)
    let tokens = max(0, chunk.before + chunk.tokens - first)
    state.pointee.network.compute(
      tag: slot, bytes: Int64(tokens) * bytesPerToken,
      rest: Int64(Int(rows[slot].reached) - first) * bytesPerToken, from: lane.pointee.start,
      to: lane.pointee.ends[lane.pointee.ended],
      layers: state.pointee.cluster.instances[source].model.layers, now: now)
  }
}
