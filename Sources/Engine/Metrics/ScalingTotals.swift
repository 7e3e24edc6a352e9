/// What a policy did to instances during a run.
public struct ScalingTotals: Sendable, Equatable {
  /// Instances that have changed their role, that were started, and that were stopped, each as often as it was.
  public var roleChanges = 0
  public var starts = 0
  public var stops = 0
  /// Time during which instances were not off, summed over instances: what they cost.
  public var on = SimDuration.zero
  public init() {}
}
