/// Requests come to the gateway: for the first time, after a deferral, or as the next call of a session.
extension EventLoop {
  /// How often one request may be told to come back. guess: far more than a retry policy needs, and it ends.
  static var mostDeferrals: Int32 { 10_000 }

  /// Puts the trace's next arrival into the queue; later calls of sessions follow their predecessors instead.
  mutating func scheduleNextArrival() {
    let state = self.state
    let count = state.pointee.trace.count
    while nextArrival < count, state.pointee.trace[nextArrival].followsPrevious {
      nextArrival += 1
    }
    guard nextArrival < count else { return }
    let time = max(state.pointee.trace[nextArrival].arrival, now)
    events.push(
      Event(time: time, phase: .arrival, id: Int32(nextArrival), generation: 0))
    nextArrival += 1
  }

  mutating func arrive(_ event: Event) throws(SimulationError) {
    let id = Int(event.id)
    guard event.generation == 0 else {
      try admit(event.generation - 1)
      return
    }
    let state = self.state
    let request = state.pointee.trace[id]
    if !request.followsPrevious { scheduleNextArrival() }
    state.pointee.tokenRate.start(at: now)
    let slot = state.pointee.requests.add()
    let rows = state.pointee.rows
    rows[slot].id = RequestID(id)
    rows[slot].place = .gateway
    rows[slot].promptTokens = request.promptTokens
    rows[slot].target = request.promptTokens + request.outputTokens
    rows[slot].reached = request.promptTokens
    rows[slot].predictedOutput =
      state.pointee.options.predictor.prediction(
        output: Int(request.outputTokens), request: id, seed: state.pointee.options.seed) ?? -1
    if request.traits >= 0,
      let limit = state.pointee.workload.traits[Int(request.traits)].deadline
    {
      rows[slot].deadline = now + limit
    }
    openRecord(id)
    state.pointee.records[id].arrival = now
    guard
      state.pointee.fit.canServe(
        prompt: Int(request.promptTokens), output: Int(request.outputTokens))
    else {
      let reason = state.pointee.fit.reason(
        prompt: Int(request.promptTokens), output: Int(request.outputTokens))
      try reject(slot, reason: reason)
      return
    }
    try admit(slot)
  }

  /// Asks whether the request may come in, and does what the answer says.
  private mutating func admit(_ slot: Int32) throws(SimulationError) {
    guard hooks.contains(.admit) else { return try enter(slot) }
    let ref = state.pointee.ref(slot)
    let decision = try asking { (policy: inout P, world) throws(PolicyError) in
      try policy.admit(ref, world)
    }
    switch decision {
    case .admit: try enter(slot)
    case .reject(let reason): try reject(slot, reason: reason)
    case .postpone(let wait):
      let rows = self.rows
      rows[slot].deferrals += 1
      guard wait > .zero, rows[slot].deferrals < Self.mostDeferrals,
        wait.nanoseconds <= Int64.max - now.nanoseconds
      else {
        throw .policy(
          policyError(
            "admit", about: "request \(ref.id.index)",
            "put off \(rows[slot].deferrals) times, now by \(wait.seconds) s",
            suggestion: "reject it, or let it in"))
      }
      events.push(
        Event(time: now + wait, phase: .arrival, id: ref.id.index, generation: slot + 1))
    }
  }

  /// The request is in: it gets an instance, or parks.
  private mutating func enter(_ slot: Int32) throws(SimulationError) {
    if try !routePrompt(slot) { park(slot) }
  }

  /// Ends a request that was refused, and the rest of its session.
  mutating func reject(_ slot: Int32, reason: String) throws(SimulationError) {
    let state = self.state
    try tell(.reject, of: slot)
    let id = Int(state.pointee.rows[slot].id.index)
    let place: Int
    if let known = reasons.firstIndex(of: reason) {
      place = known
    } else {
      place = reasons.count
      reasons.append(reason)
    }
    state.pointee.records[id].reason = Int32(place)
    end(slot, as: .rejected)
    var successor = id + 1
    while successor < state.pointee.trace.count,
      state.pointee.trace[successor].followsPrevious
    {
      state.pointee.records[successor].id = RequestID(successor)
      state.pointee.records[successor].outcome = .cancelled
      state.pointee.records[successor].promptTokens =
        state.pointee.trace[successor].promptTokens
      state.pointee.endedCount += 1
      successor += 1
    }
  }

  /// Writes the record's last lines and gives the slot back.
  mutating func end(_ slot: Int32, as outcome: Outcome) {
    let state = self.state
    let rows = state.pointee.rows
    let id = Int(rows[slot].id.index)
    recovered(slot)
    state.pointee.records[id].id = rows[slot].id
    state.pointee.records[id].outcome = outcome
    state.pointee.records[id].promptTokens = rows[slot].promptTokens
    state.pointee.records[id].outputTokens = rows[slot].reached - rows[slot].promptTokens
    state.pointee.records[id].preemptions = rows[slot].preemptions
    state.pointee.records[id].deferrals = rows[slot].deferrals
    state.pointee.records[id].end = now
    if state.pointee.options.keepGaps { state.pointee.gaps[id] = rows[slot].gaps }
    state.pointee.endedCount += 1
    state.pointee.requests.remove(slot)
  }

  /// What went wrong in a hook, for errors that the policy did not raise itself.
  func policyError(
    _ hook: String, about subject: String?, _ problem: String, suggestion: String?
  ) -> PolicyError {
    let cost = policy.hookCosts.first { $0.hook == hook }
    return PolicyError(
      file: cost?.file ?? "policy", hook: hook, time: now, subject: subject, problem: problem,
      suggestion: suggestion)
  }
}
