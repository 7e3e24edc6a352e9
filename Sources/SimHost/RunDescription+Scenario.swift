import Engine

extension RunDescription {
  /// What a scenario is made of, with the memory of each instance as the engine divides it.
  init(_ scenario: Scenario, policy: PolicyDescription, notes: [String] = []) {
    self.init(
      cluster: scenario.cluster, costModels: scenario.costs.map(\.summary),
      memory: scenario.cluster.instances.map { spec in
        let capacity = KVCapacity(spec)
        return InstanceMemory(
          kvBlocks: capacity.blocks,
          bytesPerBlock: capacity.bytesPerToken * spec.limits.blockSize,
          weightBytes: capacity.weightBytes)
      },
      workload: WorkloadDescription(scenario.workload), policy: policy,
      seed: scenario.options.seed, notes: notes)
    firstToken = scenario.options.firstToken
  }
}

extension WorkloadDescription {
  init(_ workload: Workload) {
    // Later calls of a session arrive when the run says so.
    var first = SimTime.never
    var last = SimTime.zero
    var (prompts, outputs) = (0, 0)
    for request in workload.requests {
      prompts += Int(request.promptTokens)
      outputs += Int(request.outputTokens)
      if request.followsPrevious { continue }
      first = min(first, request.arrival)
      last = max(last, request.arrival)
    }
    self.init(
      source: workload.source, format: workload.format, requests: workload.requests.count,
      span: first == .never ? .zero : last - first,
      promptTokens: prompts, outputTokens: outputs)
  }
}

extension PolicyDescription.HookCalls {
  /// Without the host time, which is no result.
  init(_ cost: HookCost) {
    self.init(hook: cost.hook, file: cost.file, calls: cost.calls)
  }
}
