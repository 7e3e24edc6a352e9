/// The faults of a run: those to come, those under way, and what they have done.
struct FaultTracker {
  var schedule: FaultSchedule
  /// Those that have begun, in that order: places in the schedule.
  private var outcomes: [FaultOutcome] = []
  /// Those that last at present.
  private var underWay: [Int] = []

  init(_ scenario: Scenario) {
    var last = SimTime.zero
    if !scenario.options.faults.random.isEmpty {
      let arrivals = scenario.workload.requests.lazy.map(\.arrival)
      last = arrivals.filter { $0 != .never }.max() ?? .zero
    }
    schedule = FaultSchedule(
      scenario.options.faults, cluster: scenario.cluster, seed: scenario.options.seed, until: last)
  }

  mutating func begin(_ fault: Int) {
    let spec = schedule.faults[fault]
    var instance = InstanceID.none
    if case .instance(let id) = spec.target { instance = id }
    outcomes.append(
      FaultOutcome(words: spec.words, on: instance, start: spec.start, end: spec.end))
    if spec.kind != .loseTransfers { underWay.append(fault) }
  }

  /// Is one under way that will end?
  var mayHelp: Bool { underWay.contains { schedule.faults[$0].end != .never } }

  mutating func end(_ fault: Int) { underWay.removeAll { $0 == fault } }

  /// What all faults under way together make of the speed of an instance, or of a link.
  func slowdown(of target: Fault.Target, links: Bool) -> Double {
    underWay.reduce(1) { product, fault in
      let spec = schedule.faults[fault]
      guard spec.target == target else { return product }
      switch spec.kind {
      case .slow(let factor): return links ? product : product * factor
      case .slowLink(let factor): return links ? product * factor : product
      case .cutLink: return links ? .infinity : product
      case .kill, .loseTransfers: return product
      }
    }
  }

  mutating func hit(_ fault: Int, lostTokens: Int) {
    outcomes[fault].requests += 1
    outcomes[fault].lostTokens += lostTokens
    outcomes[fault].recovery = .zero
  }

  mutating func rejected(_ fault: Int) { outcomes[fault].rejected += 1 }

  mutating func recovered(_ fault: Int, at now: SimTime) {
    outcomes[fault].recovery = now - outcomes[fault].start
  }

  /// Of all that have begun, when the run ends.
  func outcomes(until end: SimTime) -> [FaultOutcome] {
    outcomes.map { outcome in
      var outcome = outcome
      outcome.end = min(outcome.end, end)
      return outcome
    }
  }
}
