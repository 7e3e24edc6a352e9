import Testing

@testable import Engine

/// Law: observers that watch iterations are told of all of them, and change nothing.
@Suite struct IterationEventTests {
  private struct Watcher: RunObserver {
    var events: [IterationEvent] = []
    var preemptions = 0
    var watchesIterations: Bool { true }
    mutating func sample(_ sample: IntervalSample) {}
    mutating func progress(ended: Int, of total: Int, at now: SimTime) {}
    mutating func iterationEnded(_ event: IterationEvent) { events.append(event) }
    mutating func preempted(_ request: RequestID, on instance: InstanceID, at now: SimTime) {
      preemptions += 1
    }
  }

  @Test(arguments: 0..<100)
  func eventsAddUpToTheTotals(seed: Int) throws {
    var random = RandomScenario(seed: seed)
    var scenario = random.scenario()
    let alone = try Simulation.run(scenario)
    scenario.options.stepByStep = true
    var policy = NativePolicy()
    var watcher = Watcher()
    let result = try Simulation.run(scenario, policy: &policy, observer: &watcher)
    #expect(firstDifference(alone, result) == nil)
    #expect(watcher.preemptions == result.instances.reduce(0) { $0 + $1.preemptions })
    for (index, totals) in result.instances.enumerated() {
      let events = watcher.events.filter { $0.instance == InstanceID(index) }
      #expect(events.count == totals.iterations)
      #expect(events.reduce(0) { $0 + $1.prefillTokens } == totals.prefillTokens)
      #expect(events.reduce(0) { $0 + $1.decodes } == totals.decodeTokens)
      #expect(
        events.reduce(SimDuration.zero) { $0 + ($1.end - $1.start) } == totals.busy)
      for (a, b) in zip(events, events.dropFirst()) { #expect(a.end <= b.start) }
      #expect(events.allSatisfy { $0.kvUsed + $0.kvReserved <= totals.kvPeakBlocks })
    }
  }
}
