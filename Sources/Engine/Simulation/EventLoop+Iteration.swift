/// Iterations: formed, timed, planned ahead where nothing can change, and ended.
extension EventLoop {
  mutating func iterationEnded(_ event: Event) {
    let index = Int(event.id)
    guard event.generation == state.pointee.lanes[index].generation else { return }
    state.pointee.stage = max(state.pointee.stage, .outcomes)
    state.pointee.catchUp(index)
    if tellsIterations { reportIteration(index) }
    endedInstances.append(index)
  }

  @inline(__always)
  mutating func formDirtyInstances() throws(SimulationError) {
    guard !dirtyInstances.isEmpty else { return }
    let state = self.state
    swap(&formingInstances, &dirtyInstances)
    if formingInstances.count > 1 { formingInstances.sort() }
    let entered = state.pointee.stage
    for index in formingInstances {
      state.pointee.lanes[index].isDirty = false
      state.pointee.catchUp(index)
      guard state.pointee.lanes[index].isIdle else { continue }
      // Mostly a prefill instance that has handed its only request over.
      if state.pointee.instances[index].isDeserted {
        state.pointee.touch(index)
        continue
      }
      // In a second round of this instant, all that was planned has begun.
      if entered < .after {
        state.pointee.stage = .forming
        state.pointee.forming = index
      }
      try form(index)
    }
    state.pointee.stage = .after
    formingInstances.removeAll()
  }

  /// Begins the next iteration of an idle instance, or several, or leaves it idle.
  private mutating func form(_ index: Int) throws(SimulationError) {
    let state = self.state
    defer { state.pointee.touch(index) }
    guard state.pointee.instances[index].isAsynchronous else {
      if try chooseBatch(index) { plan(index) }
      return
    }
    let instance = state.pointee.instances + index
    // While an iteration ran, its successor was fixed already; after a pause nothing was.
    instance.pointee.horizon =
      instance.pointee.lastEnd == now
      ? SimTime(nanoseconds: now.nanoseconds - state.pointee.lanes[index].lastStep.nanoseconds)
      : .never
    let rows = state.pointee.rows
    let looksBack = instance.pointee.looksBack(rows)
    var isChosen = try chooseBatch(index)
    if instance.pointee.releaseLeaving() {
      markReservations(index)
      parkedMayMove = parkedMayMove || hasParked
    }
    instance.pointee.horizon = .never
    if looksBack {
      // What the batch does without, the next one may have.
      if isChosen {
        instance.pointee.needsDecision = true
      } else {
        isChosen = try chooseBatch(index)
      }
    }
    if isChosen { plan(index) }
  }

  /// Chooses the batch of the next iteration. Returns false where there is none.
  private mutating func chooseBatch(_ index: Int) throws(SimulationError) -> Bool {
    let state = self.state
    let instance = state.pointee.instances + index
    let rows = state.pointee.rows
    if !instance.pointee.ready.isEmpty { instance.pointee.admitReady(rows, now: now) }
    if instance.pointee.running.isEmpty, instance.pointee.waiting.isEmpty { return false }
    if hooks.contains(.evict) {
      try chooseEvictions(index, blocks: instance.pointee.blocksForNextStep(rows))
    }

    if mayContinue(instance) {
      instance.pointee.beginStep(StepLimits(instance.pointee.limits))
      instance.pointee.takeAllDecodes(rows)
    } else if hooks.contains(.batch) {
      try askForStep(index)
    } else {
      instance.pointee.beginStep(StepLimits(instance.pointee.limits))
      try formStep(index, StepLimits(instance.pointee.limits))
    }
    instance.pointee.endStep(rows, now: now)
    if tellsIterations, instance.pointee.step.preemptions > 0 { reportPreemptions(index) }
    for slot in instance.pointee.step.preempted {
      breakStream(slot)
      breakMigration(slot)
      try tell(.preempted, of: slot)
    }
    if instance.pointee.step.preemptions > 0 { try checkForFutility(index) }
    if instance.pointee.step.admissions > 0 || instance.pointee.step.preemptions > 0 {
      parkedMayMove = parkedMayMove || hasParked
      markReservations(index)
    }
    if instance.pointee.step.isEmpty {
      // Who was preempted has made room for those that were not running.
      if instance.pointee.step.preemptions > 0 { markDirty(index) }
      return false
    }
    noteStarts(instance)
    instance.pointee.needsDecision = !isSettled(instance)
    return true
  }

  var hasParked: Bool {
    !state.pointee.parkedPrompts.isEmpty || !state.pointee.parkedDecodes.isEmpty
  }

  /// Whether the last batch simply goes on: nothing has happened, and the blocks for it are there.
  private func mayContinue(_ instance: UnsafeMutablePointer<Instance<Batch>>) -> Bool {
    !instance.pointee.needsDecision && instance.pointee.batch.count > 0
      && instance.pointee.paused.isEmpty && instance.pointee.prefilling.isEmpty
      && instance.pointee.batch.growth(ahead: 0) <= instance.pointee.pool.free
  }

  /// Whether the step just formed can go on as it is until something happens.
  @inline(__always)
  private func isSettled(_ instance: UnsafeMutablePointer<Instance<Batch>>) -> Bool {
    guard instance.pointee.step.chunks.isEmpty, instance.pointee.step.preemptions == 0,
      instance.pointee.batch.count == instance.pointee.running.count
    else { return false }
    if hooks.contains(.batch), policy.everyIteration { return false }
    // Iterations that are planned ahead take blocks without asking.
    if hooks.contains(.evict), instance.pointee.pool.cached > 0 { return false }
    switch state.pointee.tiers.journal {
    case .none: break
    case .named: if instance.pointee.batch.hasKeyed { return false }
    case .forgotten: if instance.pointee.pool.cached > 0 { return false }
    }
    // Keys that decode requests publish may be what the next waiting request needs.
    return instance.pointee.waiting.isEmpty || !instance.pointee.batch.hasKeyed
  }

  private mutating func askForStep(_ index: Int) throws(SimulationError) {
    let state = self.state
    let instance = state.pointee.instances + index
    let own = instance.pointee.limits
    instance.pointee.beginStep(StepLimits(own))
    let view = StepView(state: state, index: index)
    let asked: BatchLimits?
    do {
      asked = try policy.batch(InstanceID(index), view)
    } catch {
      throw .policy(error)
    }
    guard let asked else { return }
    guard instance.pointee.step.isEmpty, instance.pointee.step.preemptions == 0 else {
      throw .policy(
        policyError(
          "batch", about: "instance \(state.pointee.cluster.instances[index].name)",
          "called step and returned limits as well", suggestion: "do one of the two"))
    }
    instance.pointee.beginStep(StepLimits(own, asked: asked))
    try formStep(index, StepLimits(own, asked: asked))
  }

  /// Writes into the records what begins with this step.
  private func noteStarts(_ instance: UnsafeMutablePointer<Instance<Batch>>) {
    let rows = self.rows
    for chunk in instance.pointee.step.chunks {
      let id = Int(rows[chunk.slot].id.index)
      guard state.pointee.records[id].prefillToken == .never else {
        // Handed over: its next token comes with this chunk, or after a preemption with the last one.
        if state.pointee.records[id].decodeStart == .never {
          state.pointee.records[id].decodeStart = now
        }
        continue
      }
      if state.pointee.records[id].prefillStart == .never {
        state.pointee.records[id].prefillStart = now
        state.pointee.records[id].cachedTokens = rows[chunk.slot].cachedTokens
      }
      state.pointee.records[id].lastPrefillStart = now
    }
    for slot in instance.pointee.step.joined {
      let id = Int(rows[slot].id.index)
      if state.pointee.records[id].decodeStart == .never {
        state.pointee.records[id].decodeStart = now
      }
    }
  }

  // MARK: Planning

  /// Times the step, and as many repetitions of it as surely follow.
  private mutating func plan(_ index: Int) {
    let state = self.state
    let lane = state.pointee.lanes + index
    let instance = state.pointee.instances + index
    let shape = state.pointee.shape(index)
    lane.pointee.ends.removeAll()
    lane.pointee.ended = 0
    lane.pointee.start = now
    lane.pointee.renew()
    if !state.pointee.options.stepByStep, !instance.pointee.needsDecision {
      let toFinish = instance.pointee.batch.iterationsToFinish(rows) ?? 1
      let further = instance.pointee.batch.iterations(
        most: min(lane.pointee.reach, toFinish) - 1, free: instance.pointee.pool.free)
      state.pointee.costs[index].writeEnds(
        of: shape, from: now, to: lane.pointee.ends.extend(by: 1 + further))
      if lane.pointee.ends.count == lane.pointee.reach {
        lane.pointee.reach = min(Lane.longestReach, 2 * lane.pointee.reach)
      }
    } else {
      lane.pointee.ends.append(now + state.pointee.costs[index].iterationTime(shape))
    }
    if lane.pointee.slowdown > 1 { lane.pointee.stretch() }
    state.pointee.beginIteration(index)
    if state.pointee.cluster.kvTransfer.mode == .layerwise { noteStreams(index) }
    for slot in instance.pointee.step.joined where rows[slot].isHandedOver {
      let id = Int(rows[slot].id.index)
      if state.pointee.records[id].decodeToken == .never {
        state.pointee.records[id].decodeToken = lane.pointee.ends[0]
      }
    }
    events.push(state.pointee.endOfPlan(index))
  }
}

extension ClusterState {
  /// What the iteration about to begin on this instance computes.
  mutating func shape(_ index: Int) -> IterationShape {
    var shape = IterationShape()
    let instance = instances + index
    shape.decodeRequests = instance.pointee.batch.count
    shape.decodeContext = instance.pointee.batch.contextTokens
    let range = costs[index].usesContextExtremes && shape.decodeRequests > 0
    if range {
      (shape.decodeContextMin, shape.decodeContextMax) = instance.pointee.batch.contextRange(
        requests.rows, running: instance.pointee.running)
      shape.decodeContextSquares = instance.pointee.batch.contextSquares
    }
    for chunk in instance.pointee.step.chunks {
      // One token is a decode, whosever it is: the attention kernel is the same.
      if chunk.tokens == 1 {
        if costs[index].usesContextExtremes {
          let isFirst = shape.decodeRequests == 0
          shape.decodeContextMin =
            isFirst ? chunk.before : min(shape.decodeContextMin, chunk.before)
          shape.decodeContextMax = max(shape.decodeContextMax, chunk.before)
          shape.decodeContextSquares = shape.decodeContextSquares &+ chunk.before &* chunk.before
        }
        shape.decodeRequests += 1
        shape.decodeContext += chunk.before
      } else {
        shape.prefillRequests += 1
        shape.prefillTokens += chunk.tokens
        shape.prefillContext += chunk.before
        shape.prefillPairs += chunk.tokens * (2 * chunk.before + chunk.tokens + 1) / 2
      }
    }
    return shape
  }
}
