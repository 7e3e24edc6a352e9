/// What the end of an iteration brings: first tokens, last tokens, prompts that move on.
extension EventLoop {
  /// Works off an instance whose iteration has ended, in order of admission.
  mutating func workOffOutcomes(_ index: Int) throws(SimulationError) {
    let state = self.state
    let instance = state.pointee.instances + index
    let rows = state.pointee.rows
    markDirty(index)
    if state.pointee.lanes[index].wantsToPull { markReservations(index) }

    producers.removeAll()
    for chunk in instance.pointee.step.chunks where rows[chunk.slot].remaining == 0 {
      producers.append(chunk.slot)
    }
    let prompts = producers.count
    instance.pointee.batch.popFinished(rows, into: &producers)
    let produced = producers
    state.pointee.touch(index)
    for place in prompts..<produced.count {
      instance.pointee.settleAfterBatch(produced[place], rows)
    }
    if instance.pointee.step.chunks.count > 0 || !produced.isEmpty {
      instance.pointee.needsDecision = true
      parkedMayMove = parkedMayMove || hasParked
    }
    instance.pointee.step.chunks.removeAll()
    if !state.pointee.migrations.active.isEmpty { departLeavers(of: index) }
    if !produced.isEmpty || instance.pointee.batch.count > 0 { futilePreemptions = 0 }
    if produced.isEmpty { return }
    if prompts > 0, produced.count > 1 {
      producers.sort { rows[$0].order < rows[$1].order }
    }

    for slot in produced {
      if rows[slot].place == .prefilling {
        try promptDone(slot, on: index)
      } else {
        try finish(slot, on: index)
      }
    }
    markReservations(index)
  }

  /// The last chunk of a prompt brings a token: the first one, or after a preemption the next one.
  private mutating func promptDone(_ slot: Int32, on index: Int) throws(SimulationError) {
    let state = self.state
    let instance = state.pointee.instances + index
    let rows = state.pointee.rows
    let id = Int(rows[slot].id.index)
    let isFirst = !rows[slot].hasFirstToken
    rows[slot].isRestarted = false
    if state.pointee.records[id].prefillToken == .never {
      state.pointee.records[id].prefillToken = now
    } else if rows[slot].isHandedOver, state.pointee.records[id].decodeToken == .never {
      state.pointee.records[id].decodeToken = now
    }
    let movesOn = instance.pointee.role == .prefill && !rows[slot].stays
    if !movesOn { recovered(slot) }
    if movesOn, state.pointee.options.firstToken == .decode {
      try handOff(slot, from: index)
      return
    }
    rows[slot].reached += 1
    if isFirst {
      state.pointee.records[id].firstToken = now
      state.pointee.prefillingCount -= 1
      state.pointee.decodingCount += 1
    } else {
      let gap = now - rows[slot].lastToken
      state.pointee.note(gap: gap, count: 1)
      if state.pointee.options.keepGaps { rows[slot].gaps.append(gap.nanoseconds) }
    }
    rows[slot].lastToken = now
    state.pointee.tokenRate.add(1, at: now, to: &state.pointee.lanes[index].tokens)

    let isLast = rows[slot].reached >= rows[slot].target
    if !isLast, !movesOn {
      if let place = instance.pointee.prefilling.firstIndex(of: slot) {
        instance.pointee.prefilling.remove(at: place)
      }
      rows[slot].place = .paused
      instance.pointee.paused.append(slot)
      state.pointee.touch(index)
    }
    if isFirst, hooks.contains(.firstToken) {
      let ref = state.pointee.ref(slot)
      try asking { (policy: inout P, world) throws(PolicyError) in
        try policy.firstToken(ref, world)
      }
    }
    if isLast {
      try finish(slot, on: index)
    } else if movesOn {
      try handOff(slot, from: index)
    }
  }

  private mutating func finish(_ slot: Int32, on index: Int) throws(SimulationError) {
    let state = self.state
    let instance = state.pointee.instances + index
    let rows = state.pointee.rows
    let id = Int(rows[slot].id.index)
    if rows[slot].isMigrating { abortMigration(of: slot, .ended) }
    if hooks.contains(.finish) {
      let ref = state.pointee.ref(slot)
      try asking { (policy: inout P, world) throws(PolicyError) in
        try policy.finish(ref, world)
      }
    }
    instance.pointee.withdraw(slot, rows)
    instance.pointee.giveUp(&rows[slot].held)
    instance.pointee.inflight -= 1
    state.pointee.touch(index)
    if state.pointee.records[id].decodeStart != .never {
      state.pointee.records[id].decodeInstance = InstanceID(index)
    }
    state.pointee.decodingCount -= 1
    state.pointee.finishedCount += 1
    state.pointee.finishedOutputTokens += Int(rows[slot].reached - rows[slot].promptTokens)
    let entry = Int(state.pointee.records[id].prefillInstance.index)
    state.pointee.records[id].receipt = state.pointee.receipts[entry]
    end(slot, as: .finished)

    let next = id + 1
    let requests = state.pointee.trace
    if next < requests.count, requests[next].followsPrevious {
      let wait = requests[next].toolDelay + state.pointee.records[id].receipt
      events.push(
        Event(time: now + wait, phase: .arrival, id: Int32(next), generation: 0))
    }
  }
}
