extension EventLoop {
  /// Gathers what the run produced, and tells the policy.
  mutating func makeResult() throws(SimulationError) -> RunResult {
    let state = self.state
    var result = RunResult()
    try letRecordsGo()
    result.records = state.pointee.records.take()
    if let tally = state.pointee.tally.take() { result.digest = tally.digest() }
    for index in 0..<state.pointee.instanceCount {
      state.pointee.lanes[index].gaps.close(into: &state.pointee.gapHistogram)
      state.pointee.tokenRate.close(&state.pointee.lanes[index].tokens)
    }
    result.maxOutputTokensPerSecond = state.pointee.tokenRate.most
    result.gapHistogram = state.pointee.gapHistogram
    result.reasons = reasons
    result.samples = samples
    if var series {
      state.pointee.stage = .after
      series.close(makeMoment())
      result.series = series
    }
    result.end = now
    result.faults = faults.outcomes(until: now)
    result.scaling = state.pointee.scaling.isUsed ? scalingTotals : nil
    let migrations = state.pointee.migrations.totals
    result.migration = migrations.begun > 0 ? migrations : nil
    result.tiers = state.pointee.tiers.isUsed ? state.pointee.tiers.totals : nil
    let replications = state.pointee.replications.totals
    result.replication = replications.begun > 0 ? replications : nil
    for index in 0..<state.pointee.instanceCount {
      let instance = state.pointee.instances + index
      var totals = state.pointee.lanes[index].totals
      let counters = instance.pointee.counters
      let capacity = state.pointee.capacities[index]
      totals.prefixQueries = counters.prefixQueries
      totals.prefixHits = counters.prefixHits
      totals.preemptions = counters.preemptions
      totals.recomputedTokens = counters.recomputedTokens
      totals.repeatedTokens = counters.repeatedTokens
      if state.pointee.lanes[index].downs > 0 {
        totals.down += now - state.pointee.lanes[index].downSince
      }
      totals.kvCapacityBlocks = capacity.blocks
      totals.kvPeakBlocks = instance.pointee.peakBlocks
      totals.weightBytes = capacity.weightBytes
      totals.kvBytesPerBlock = capacity.bytesPerToken * instance.pointee.limits.blockSize
      result.instances.append(totals)
      result.iterations += totals.iterations
      result.kvBlocksHeld += instance.pointee.pool.held
    }
    result.events = eventCount
    if state.pointee.options.keepGaps {
      result.gapStarts.append(0)
      for gaps in state.pointee.gaps {
        result.gaps.append(contentsOf: gaps)
        result.gapStarts.append(result.gaps.count)
      }
      state.pointee.gaps = []
    }
    if hooks.contains(.done) { result.policyJSON = try askDone(result) }
    return result
  }

  private mutating func askDone(_ result: RunResult) throws(SimulationError) -> String? {
    let summary = RunSummary(
      result, cluster: state.pointee.cluster, injected: state.pointee.trace.count,
      targets: state.pointee.options.targets, window: state.pointee.options.window)
    var told = PolicySummary()
    told.fields = summary.fields.compactMap { field in
      field.number.map { (name: field.name, value: $0) }
    }
    return try asking { (policy: inout P, world) throws(PolicyError) in
      try policy.done(told, world)
    }
  }
}
