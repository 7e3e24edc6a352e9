/// What a policy can have done, in `tick` and in observers.
public enum PolicyAction: Equatable, Sendable {
  /// It takes no more requests, and when those that it has are gone it takes those of its new role.
  case setRole(InstanceID, InstanceRole)
  /// It starts, and takes requests once it has loaded its weights.
  case start(InstanceID)
  /// It takes no more requests, and is off when those that it has are gone.
  case stop(InstanceID)
  /// The request moves there with its KV cache, and goes on decoding meanwhile.
  case migrate(RequestRef, InstanceID)
  /// The blocks of its prompt that one instance has cached are copied to another, as far as they are missing there.
  case replicate(RequestRef, from: InstanceID, to: InstanceID)
}

/// Why an action was refused; the cluster is then unchanged.
public enum ActionRefusal: String, Error, Sendable, CaseIterable {
  case notUp = "not up"
  case notOff = "not off"
  case sameRole = "has that role"
  case lastForPrompts = "the last that takes prompts"
  case lastForDecodes = "the last that decodes"
  case notNow = "not possible here"
  case notDecoding = "not decoding"
  case isMigrating = "on its way already"
  case nothingToSend = "nothing that is missing there"
  case isThere = "there already"
  case doesNotDecode = "does not decode"
  case neverFits = "can never hold it"
  case otherModel = "serves another model, or in other blocks"
  case noRoom = "no KV block for it"
}

/// Whether an instance takes requests, faults aside.
public enum InstanceCondition: Int64, Sendable {
  case up, down, draining, starting, off
}
