/// Runs scenarios.
public enum Simulation {
  /// Runs a scenario to its end: every request finished, rejected or cancelled.
  ///
  /// A pure function of its inputs: equal scenarios and policies give equal results, byte for byte. With
  /// `options.stepByStep` the same result comes from another way of counting.
  /// - Throws: what the policy did wrong, or a law that does not hold.
  public static func run<P: Policy, O: RunObserver>(
    _ scenario: Scenario, policy: inout P, observer: inout O
  ) throws(SimulationError) -> RunResult {
    if scenario.options.stepByStep {
      try run(scenario, policy: &policy, observer: &observer, ExplicitDecodeBatch.self)
    } else {
      try run(scenario, policy: &policy, observer: &observer, LazyDecodeBatch.self)
    }
  }

  /// Runs a scenario with the native defaults for every decision.
  public static func run(_ scenario: Scenario) throws(SimulationError) -> RunResult {
    var policy = NativePolicy()
    var observer = SilentObserver()
    return try run(scenario, policy: &policy, observer: &observer)
  }

  private static func run<P: Policy, O: RunObserver, Batch: DecodeBatch>(
    _ scenario: Scenario, policy: inout P, observer: inout O, _: Batch.Type
  ) throws(SimulationError) -> RunResult {
    var loop = EventLoop<P, O, Batch>(scenario, policy: policy, observer: observer)
    defer {
      policy = loop.policy
      observer = loop.observer
      loop.deallocate()
    }
    try loop.run()
    return try loop.makeResult()
  }
}
