/// The native scheduler, with the policy's word on whom to preempt.
extension EventLoop {
  mutating func formStep(_ index: Int, _ limits: StepLimits) throws(SimulationError) {
    let instance = state.pointee.instances + index
    let rows = self.rows
    guard hooks.contains(.preempt) else {
      instance.pointee.formStep(limits, rows)
      return
    }
    guard limits.prefillFirst else {
      if try !continueRunning(.all, index) { instance.pointee.admitWaiting(limits, rows) }
      return
    }
    if try !continueRunning(.prompts, index) { instance.pointee.admitWaiting(limits, rows) }
    if instance.pointee.step.isEmpty { _ = try continueRunning(.decodes, index) }
  }

  /// Phase A; returns whether anything was preempted.
  private mutating func continueRunning(_ part: StepPart, _ index: Int) throws(SimulationError)
    -> Bool
  {
    let instance = state.pointee.instances + index
    let rows = self.rows
    if part == .all, instance.pointee.continueAllAtOnce(rows) { return false }
    let before = instance.pointee.step.preemptions
    var place = 0
    while let slot = instance.pointee.continueRunning(part, from: &place, rows) {
      let victim = try chooseVictim(index, from: place, for: slot)
      let kept = instance.pointee.preempt(victim, rows)
      precondition(kept == nil, "a candidate was scheduled: \(String(describing: kept))")
    }
    return instance.pointee.step.preemptions > before
  }

  /// Asks whom to preempt, among those that this step does not hold yet.
  private mutating func chooseVictim(_ index: Int, from place: Int, for slot: Int32)
    throws(SimulationError) -> Int32
  {
    let state = self.state
    let instance = state.pointee.instances + index
    let candidates = instance.pointee.candidates(from: place, rows)
    let isPrompt = rows[slot].place == .prefilling
    let step = instance.pointee.step
    let needed = isPrompt ? min(rows[slot].remaining, step.chunkTokens, step.room) : 1
    let refs = ContiguousArray(candidates.map { state.pointee.ref($0) })
    let answer = try asking { (policy: inout P, world) throws(PolicyError) in
      try policy.preempt(
        InstanceID(index), candidates: refs, neededTokens: needed, world)
    }
    if let answer, candidates.contains(answer.slot) { return answer.slot }
    return candidates.last ?? slot
  }
}

extension Instance {
  /// Running requests from that place on that the step does not hold.
  func candidates(from place: Int, _ rows: RequestRows) -> ContiguousArray<Int32> {
    ContiguousArray(running[place...].filter { rows[$0].scheduledIn != step.number })
  }
}
