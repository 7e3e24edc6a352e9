/// Simulates measured runs.
public enum Validation {
  /// Serves the requests of a measured run on a simulated cluster, and compares.
  ///
  /// - Parameter costs: one for each instance of the cluster.
  public static func simulate<P: Policy>(
    _ run: MeasuredRun, on cluster: ClusterSpec, costs: [IterationCost], policy: inout P
  ) throws(SimulationError) -> (comparison: Comparison, result: RunResult) {
    var options = RunOptions()
    options.logInterval = SimDuration(nanoseconds: 1_000_000_000)
    let scenario = Scenario(
      cluster: cluster, costs: costs, workload: run.workload, options: options)
    var observer = SilentObserver()
    let result = try Simulation.run(scenario, policy: &policy, observer: &observer)
    if let law = result.brokenLaw(injected: run.workload.requests.count) {
      throw .brokenLaw(law)
    }
    return (Comparison(run, result), result)
  }

  /// The same with the native policy.
  public static func simulate(
    _ run: MeasuredRun, on cluster: ClusterSpec, costs: [IterationCost]
  ) throws(SimulationError) -> (comparison: Comparison, result: RunResult) {
    var native = NativePolicy()
    return try simulate(run, on: cluster, costs: costs, policy: &native)
  }

  /// What a simulation takes from the record of a run, as far as it says: the limits of the scheduler.
  public static func defaults(
    _ settings: MeasuredRun.Settings, otherwise given: InstanceDefaults
  ) -> InstanceDefaults {
    let usual = SchedulerLimits()
    var defaults = given
    func take(_ value: Int?, _ limit: WritableKeyPath<SchedulerLimits, Int>) {
      // A flag that was given wins over the record.
      if let value, given.limits[keyPath: limit] == usual[keyPath: limit] {
        defaults.limits[keyPath: limit] = value
      }
    }
    take(settings.maxNumSeqs, \.maxNumSeqs)
    take(settings.maxNumBatchedTokens, \.maxNumBatchedTokens)
    take(settings.blockSize, \.blockSize)
    if defaults.kvBlocks == nil { defaults.kvBlocks = settings.kvBlocks }
    return defaults
  }

  /// In what the simulated cluster is another than the measured one.
  public static func differences(
    _ settings: MeasuredRun.Settings, _ cluster: ClusterSpec
  ) -> [String] {
    var notes: [String] = []
    for instance in cluster.instances {
      if let model = settings.model, model != instance.model.name {
        notes.append("measured was \(model), \(instance.name) serves \(instance.model.name)")
      }
      if let ranks = settings.tensorParallelSize, ranks != instance.tpSize {
        notes.append("measured were \(ranks) ranks, \(instance.name) has \(instance.tpSize)")
      }
      if let seqs = settings.maxNumSeqs, seqs != instance.limits.maxNumSeqs {
        notes.append(
          "measured was max_num_seqs \(seqs), \(instance.name) has \(instance.limits.maxNumSeqs)")
      }
      if let tokens = settings.maxNumBatchedTokens, tokens != instance.limits.maxNumBatchedTokens {
        notes.append(
          "measured was max_num_batched_tokens \(tokens), \(instance.name) has "
            + "\(instance.limits.maxNumBatchedTokens)")
      }
    }
    return notes
  }
}
