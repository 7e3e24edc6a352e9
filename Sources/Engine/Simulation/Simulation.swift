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
    var watcher: any RunObserver = observer
    defer { if let watched = watcher as? O { observer = watched } }
    return try runSpecialized(scenario, policy: &policy, observer: &watcher)
  }

  /// Runs a scenario with the native defaults for every decision.
  public static func run(_ scenario: Scenario) throws(SimulationError) -> RunResult {
    var policy = NativePolicy()
    var observer = SilentObserver()
    return try run(scenario, policy: &policy, observer: &observer)
  }

  /// Callers live in other modules, and the compiler makes a loop without run-time generics only for the types that it is
  /// told of here; the loop of any other policy is the same, and several times slower.
  @_specialize(where P == NativePolicy)
  @_specialize(where P == LuaPolicy)
  private static func runSpecialized<P: Policy>(
    _ scenario: Scenario, policy: inout P, observer: inout any RunObserver
  ) throws(SimulationError) -> RunResult {
    if scenario.options.stepByStep {
      try run(scenario, policy: &policy, observer: &observer, ExplicitDecodeBatch.self)
    } else {
      try run(scenario, policy: &policy, observer: &observer, LazyDecodeBatch.self)
    }
  }

  private static func run<P: Policy, Batch: DecodeBatch>(
    _ scenario: Scenario, policy: inout P, observer: inout any RunObserver, _: Batch.Type
  ) throws(SimulationError) -> RunResult {
    var loop = EventLoop<P, Batch>(scenario, policy: policy, observer: observer)
    defer {
      policy = loop.policy
      observer = loop.observer
      loop.deallocate()
    }
    try loop.run()
    return try loop.makeResult()
  }
}
