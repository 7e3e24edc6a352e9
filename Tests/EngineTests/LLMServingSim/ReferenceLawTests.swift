import Testing

@testable import Engine

/// Laws over random clusters and traces. `options.check` verifies the KV books at every poll.
@Suite struct ReferenceLawTests {
  private typealias F = ReferenceFixture

  @Test(arguments: 0..<200)
  func everyRequestEndsOnceAndTheBooksBalance(seed: Int) throws {
    var random = RandomScenario(seed: seed)
    var scenario = random.scenario()
    let cost = try IterationCost.profile(F.cost())
    scenario.costs = scenario.costs.map { _ in cost }
    // What never fits is refused, and a decode side without room ends the run: both are tested by hand.
    for index in scenario.cluster.instances.indices {
      let spec = scenario.cluster.instances[index]
      var limits = spec.limits
      limits.enableChunkedPrefill = true
      scenario.cluster.instances[index] = RandomScenario.instance(
        spec.name, spec.role, blocks: (spec.role == .decode ? 40_000 : 300) / limits.blockSize,
        limits: limits)
    }
    let routing = random.pick(ReferenceRouting.allCases)
    let result = try F.run(scenario, routing)
    #expect(result.brokenLaw(injected: scenario.workload.requests.count) == nil)
    #expect(result.completions.count == result.records.count)
    for (row, record) in result.records.enumerated() {
      let gaps = result.gaps[result.gapStarts[row]..<result.gapStarts[row + 1]]
      #expect(gaps.reduce(0, +) == (record.end - record.firstToken).nanoseconds)
      let handedOver = record.decodeInstance != record.prefillInstance && record.outputTokens == 1
      #expect(
        gaps.count == Int(record.outputTokens)
          - (handedOver && !record.decodeInstance.isNone ? 0 : 1))
    }
    #expect(firstDifference(result, try F.run(scenario, routing)) == nil)
  }

  /// Whatever the cluster, a run ends: with all requests, or with one message about a request or a cluster.
  @Test func noClusterTrapsOrHangs() throws {
    var ended = 0
    var refused = 0
    for seed in 1000..<1300 {
      var random = RandomScenario(seed: seed)
      var scenario = random.scenario()
      let cost = try IterationCost.profile(F.cost())
      scenario.costs = scenario.costs.map { _ in cost }
      do {
        let result = try F.run(scenario, random.pick(ReferenceRouting.allCases))
        let law = result.brokenLaw(injected: scenario.workload.requests.count)
        #expect(law == nil, "seed \(seed)")
        ended += 1
      } catch let error as InputError {
        #expect(error.file == "test" && error.key != nil && error.suggestion != nil, "\(error)")
        refused += 1
      }
    }
    #expect(ended > 50 && refused > 50)
  }

  /// Two schedulers that share no line, on what both define alike: one instance that is never idle.
  @Test func theNativeSchedulerAgreesOnOneBusyInstance() throws {
    var preemptions = 0
    var hits = 0
    var chunked = 0
    for seed in 0..<200 {
      let scenario = try busyInstance(seed)
      let native = try Simulation.run(scenario)
      let reference = try F.run(scenario)
      for (a, b) in zip(native.records, reference.records) {
        #expect(
          (a.firstToken, a.end, a.lastPrefillStart) == (b.firstToken, b.end, b.lastPrefillStart),
          "seed \(seed), request \(a.id.index)")
        #expect(a.preemptions == b.preemptions, "seed \(seed), request \(a.id.index)")
        if b.prefillStart < b.lastPrefillStart { chunked += 1 }
      }
      #expect(native.gaps == reference.gaps, "seed \(seed)")
      #expect(native.iterations == reference.iterations, "seed \(seed)")
      preemptions += reference.instances[0].preemptions
      hits += reference.instances[0].prefixHits
    }
    // Each rule has had something to do.
    #expect(preemptions > 500 && hits > 10_000 && chunked > 500)
  }

  private func busyInstance(_ seed: Int) throws -> Scenario {
    var random = RandomScenario(seed: seed)
    var limits = random.limits()
    limits.enableChunkedPrefill = limits.enableChunkedPrefill || limits.maxNumBatchedTokens < 256
    let spec = RandomScenario.instance(
      "mixed/0", .mixed, blocks: random.pick([220, 300, 2000]) / limits.blockSize, limits: limits)
    var workload = random.workload(count: random.number(2...40))
    // The first one keeps the instance busy for 12 ms, until all have arrived.
    let first = workload.requests[0].arrival
    workload.requests[0].outputTokens = 60
    workload.requests[0].promptTokens = 30
    workload.requests[0].contentCount = 0
    for index in workload.requests.indices {
      let wait = (workload.requests[index].arrival - first).nanoseconds
      workload.requests[index].arrival = SimTime(nanoseconds: min(10_000_000, wait * 7))
      workload.requests[index].followsPrevious = false
      workload.requests[index].turn = 0
    }
    var options = RunOptions()
    options.keepGaps = true
    options.check = true
    return Scenario(
      cluster: RandomScenario.cluster([spec]), costs: [.profile(try F.cost())],
      workload: workload, options: options)
  }
}
