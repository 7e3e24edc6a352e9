/// What a policy can have done to an instance, in `tick` and in observers.
public enum PolicyAction: Equatable, Sendable {
  /// It takes no more requests, and when those that it has are gone it takes those of its new role.
  case setRole(InstanceID, InstanceRole)
  /// It starts, and takes requests once it has loaded its weights.
  case start(InstanceID)
  /// It takes no more requests, and is off when those that it has are gone.
  case stop(InstanceID)
}

/// Why an action was refused; the cluster is then unchanged.
public enum ActionRefusal: String, Error, Sendable, CaseIterable {
  case notUp = "not up"
  case notOff = "not off"
  case sameRole = "has that role"
  case lastForPrompts = "the last that takes prompts"
  case lastForDecodes = "the last that decodes"
  case notNow = "not possible here"
}

/// Whether an instance takes requests, faults aside.
public enum InstanceCondition: Int64, Sendable {
  case up, down, draining, starting, off
}
