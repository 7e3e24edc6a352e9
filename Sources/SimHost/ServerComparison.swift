import Engine

extension ExperimentOptions {
  /// Servers beside one another on the same samples.
  ///
  /// A seed is a job: all servers serve its sample, one after the other, and only numbers are kept of it.
  ///
  /// - Parameter changed: how many of the requests that changed most to keep.
  func comparison(
    of servers: [Server], names: [String], on workload: Workload, seeds: [UInt64],
    arrivals: ArrivalProcess?, targets: GoodputTargets?, changed: Int,
    progress: JobProgress? = nil
  ) throws -> CandidateComparison {
    let metrics = SeedMetric.all(targets: targets)
    let runs = try SideBySide.map(seeds.count, workers: cores) { place in
      let seed = seeds[place]
      let (sample, origins) = try workload.resampled(seed: seed, arrivals: arrivals)
      let options = runOptions(seed: seed, targets: targets)
      var baseline: RunResult?
      var values: [[Double?]] = []
      var changes: [ChangedRequest.Changes] = []
      for server in servers {
        let (result, summary) = try server.run(sample, options, self, keepsRecords: true)
        values.append(metrics.map { $0.value(summary) })
        if let baseline {
          changes.append(
            ChangedRequest.between(
              baseline, result, seed: seed, origins: origins, count: changed))
        } else {
          baseline = result
        }
      }
      progress?.advance()
      return (values: values, changes: changes)
    }
    var changes = [ChangedRequest.Changes](repeating: .init(), count: servers.count - 1)
    for run in runs {
      for (place, other) in run.changes.enumerated() {
        changes[place].add(other, keeping: changed)
      }
    }
    return CandidateComparison(
      names: names, metrics: metrics,
      values: servers.indices.map { server in runs.map { $0.values[server] } }, changes: changes,
      seed: seed)
  }
}
