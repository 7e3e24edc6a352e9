/// Instances that change their role, start and stop, as the policy wants.
extension EventLoop {
  /// Works off what was asked for, and what has drained.
  mutating func settleScaling() {
    let state = self.state
    let rows = state.pointee.rows
    for slot in 0..<Int32(state.pointee.requests.used) where !rows[slot].plannedDecode.isNone {
      if !state.pointee.isUp(rows[slot].plannedDecode) { rows[slot].plannedDecode = .none }
    }
    var isDraining = false
    for index in 0..<state.pointee.instanceCount
    where state.pointee.lanes[index].condition == .draining {
      if state.pointee.instances[index].inflight == 0 {
        drained(index)
      } else {
        isDraining = true
      }
    }
    state.pointee.scaling.isChanging = isDraining
  }

  private mutating func drained(_ index: Int) {
    let state = self.state
    let lane = state.pointee.lanes + index
    if let role = lane.pointee.nextRole {
      lane.pointee.condition = .up
      state.pointee.instances[index].role = role
      state.pointee.fit.setRole(index, role)
      state.pointee.scaling.totals.roleChanges += 1
      policy.roleChanged(InstanceID(index), to: role)
    } else {
      lane.pointee.condition = .off
      state.pointee.scaling.totals.stops += 1
      state.pointee.scaling.totals.on += now - lane.pointee.onSince
      // What its prefix cache held goes with it.
      abortReplications(with: InstanceID(index))
      state.pointee.instances[index].clear()
    }
    state.pointee.recountDown()
    parkedMayMove = hasParked
  }

  /// Instances that have started take requests.
  mutating func finishStarts() throws(SimulationError) {
    let state = self.state
    resumeTicking()
    state.pointee.scaling.nextStart = .never
    for index in 0..<state.pointee.instanceCount
    where state.pointee.lanes[index].condition == .starting {
      let lane = state.pointee.lanes + index
      guard lane.pointee.startsAt == now else {
        state.pointee.scaling.nextStart = min(
          state.pointee.scaling.nextStart, lane.pointee.startsAt)
        continue
      }
      lane.pointee.condition = .up
      state.pointee.recountDown()
      if hooks.contains(.instanceUp), state.pointee.isUp(InstanceID(index)) {
        try asking { (policy: inout P, world) throws(PolicyError) in
          try policy.instanceUp(InstanceID(index), world)
        }
      }
    }
    parkedMayMove = parkedMayMove || hasParked
  }

  /// What was done, with what instances that are on have cost until now.
  var scalingTotals: ScalingTotals {
    var totals = state.pointee.scaling.totals
    for index in 0..<state.pointee.instanceCount {
      let lane = state.pointee.lanes[index]
      if lane.condition != .off { totals.on += now - lane.onSince }
    }
    return totals
  }
}
