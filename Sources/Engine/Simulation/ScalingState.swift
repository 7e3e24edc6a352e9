/// What instances are by the policy's will, over all of them.
struct ScalingState {
  /// Was anything ever asked for, or is an instance on standby?
  var isUsed = false
  /// Something was asked for that is not worked off, or an instance drains.
  var isChanging = false
  /// When the next instance that starts is there.
  var nextStart = SimTime.never
  var totals = ScalingTotals()
}

extension ClusterView {
  /// Decisions of one instant see each other: what was asked for shows at once.
  func act(_ action: PolicyAction) -> ActionRefusal? {
    switch action {
    case .migrate(let request, let target):
      return state.pointee.ask(toMigrate: request, to: target)
    case .replicate(let request, let source, let target):
      return state.pointee.ask(toReplicate: request, from: source, to: target)
    case .setRole, .start, .stop: break
    }
    let refusal = state.pointee.begin(action)
    if refusal == nil {
      state.pointee.scaling.isUsed = true
      state.pointee.scaling.isChanging = true
      state.pointee.recountDown()
    }
    return refusal
  }
}

extension ClusterState {
  fileprivate mutating func begin(_ action: PolicyAction) -> ActionRefusal? {
    switch action {
    case .setRole(let id, let role):
      guard isUp(id) else { return .notUp }
      guard instances[Int(id.index)].role != role else { return .sameRole }
      if let refusal = whyNeeded(id) { return refusal }
      drain(id, to: role)
    case .stop(let id):
      guard isUp(id) else { return .notUp }
      if let refusal = whyNeeded(id) { return refusal }
      drain(id, to: nil)
    case .start(let id):
      let lane = lanes + Int(id.index)
      guard lane.pointee.condition == .off else { return .notOff }
      let weights = capacities[Int(id.index)].weightBytes
      lane.pointee.condition = .starting
      lane.pointee.onSince = now
      lane.pointee.startsAt = now + cluster.scaling.duration(weightBytes: weights)
      scaling.nextStart = min(scaling.nextStart, lane.pointee.startsAt)
      scaling.totals.starts += 1
    case .migrate, .replicate: preconditionFailure("no instance changes by it")
    }
    return nil
  }

  private func drain(_ id: InstanceID, to role: InstanceRole?) {
    lanes[Int(id.index)].condition = .draining
    lanes[Int(id.index)].nextRole = role
  }

  /// Without an instance for each stage, requests would wait for ever.
  private func whyNeeded(_ id: InstanceID) -> ActionRefusal? {
    let role = instances[Int(id.index)].role
    func others(_ takes: (InstanceRole) -> Bool) -> Bool {
      (0..<instanceCount).contains {
        InstanceID($0) != id && isUp(InstanceID($0)) && takes(instances[$0].role)
      }
    }
    if role.takesPrompts, !others(\.takesPrompts) { return .lastForPrompts }
    if role.takesDecodes, !others(\.takesDecodes) { return .lastForDecodes }
    return nil
  }
}
