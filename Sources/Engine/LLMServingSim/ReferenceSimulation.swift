/// Runs scenarios by the rules of LLMServingSim 2.0, to the nanosecond.
///
/// The reference does not have events of its own: after each event of its network simulator it asks every idle instance
/// whether there is something to do. Much of what it prints hangs on these *polls*, so the mode has a loop of its own, and
/// shares blocks, costs, workloads, records and outputs with the native one.
///
/// Source: https://github.com/casys-kaist/LLMServingSim (commit 5daddb2), from a description of its behaviour.
public enum ReferenceSimulation {
  /// Runs a scenario until every request has finished.
  ///
  /// - Parameters:
  ///   - scenario: made with `ReferenceSimulation.scenario`.
  ///   - routing: how requests are spread over instances.
  /// - Throws: where the reference aborts or never finishes; `SimulationError` where our own books do not balance.
  public static func run(
    _ scenario: Scenario, routing: ReferenceRouting = .load,
    observer: some RunObserver = SilentObserver()
  ) throws -> RunResult {
    var loop = try ReferenceLoop(scenario, routing, observer)
    try loop.run()
    return loop.makeResult()
  }

  /// The scenario that LLMServingSim makes of a cluster, profiles and a workload.
  ///
  /// - Throws: what the mode does not cover, and what is wrong with a profile.
  public static func scenario(
    cluster: ClusterSpec, profileDirectory: String, workload: Workload,
    options: RunOptions = RunOptions()
  ) throws(InputError) -> Scenario {
    let adopted = try ReferenceCluster.adopt(cluster)
    let costs = try CostSelection.models(
      for: adopted, hardware: HardwareCatalog(folders: []), profileDirectory: profileDirectory,
      rules: .reference)
    return Scenario(cluster: adopted, costs: costs, workload: workload, options: options)
  }
}
