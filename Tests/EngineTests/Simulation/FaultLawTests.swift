import Foundation
import Testing

@testable import Engine

/// Laws over random scenarios with random faults: `SIMHOST_FAULT_SEEDS` says how many, 400 unless given.
///
/// Faults come at any point of a request's life: dense in time, of every kind, on every instance, overlapping, some for
/// ever. `options.check` verifies the KV books after every instant.
@Suite struct FaultLawTests {
  static let seeds =
    0..<(ProcessInfo.processInfo.environment["SIMHOST_FAULT_SEEDS"].flatMap { Int($0) } ?? 400)

  /// The scenario of a seed, with faults.
  static func scenario(_ seed: Int) -> Scenario {
    var random = RandomScenario(seed: seed)
    var scenario = random.scenario()
    var stream = RandomStream(seed: UInt64(seed), name: "test faults")
    func draw(_ below: Int) -> Int { stream.nextIndex(below: below) }
    let span = [20_000, 200_000, 2_000_000][draw(3)]
    let lengths = [1, 500, 10_000, 200_000]
    var faults: [Fault] = []
    for _ in 0..<(1 + draw(12)) {
      let id = InstanceID(draw(scenario.cluster.instances.count))
      let start = SimTime(nanoseconds: Int64(draw(span)))
      let length = SimDuration(nanoseconds: Int64(lengths[draw(lengths.count)]))
      let factor = [1.5, 2, 20][draw(3)]
      let isForEver = draw(8) == 0
      let nic = scenario.cluster.network?.nic != nil && draw(2) == 0
      let end: Fault.Target =
        nic ? .node(draw(scenario.cluster.nodes.count)) : .instance(id)
      let lasting = isForEver ? nil : length
      switch draw(8) {
      case 0...2: faults.append(Fault(.kill, .instance(id), at: start, for: lasting, words: "kill"))
      case 3:
        faults.append(Fault(.slow(factor), .instance(id), at: start, for: lasting, words: "slow"))
      case 4:
        faults.append(Fault(.slowLink(factor), end, at: start, for: lasting, words: "slow link"))
      case 5: faults.append(Fault(.cutLink, end, at: start, for: length, words: "cut link"))
      default:
        faults.append(Fault(.loseTransfers, .instance(id), at: start, words: "lose transfers"))
      }
    }
    scenario.options.faults.faults = faults
    // Samples are what takes longest to compare.
    scenario.options.logInterval = SimDuration(nanoseconds: 1_000_000)
    return scenario
  }

  static func run(_ scenario: Scenario, stepByStep: Bool = false) throws -> RunResult {
    var scenario = scenario
    scenario.options.stepByStep = stepByStep
    return try Simulation.run(scenario)
  }

  static func run(_ scenario: Scenario, policy file: String) throws -> RunResult {
    var policy = try LuaPolicy.load(files: [file])
    var observer = SilentObserver()
    return try Simulation.run(scenario, policy: &policy, observer: &observer)
  }

  /// As `firstDifference`, which takes far longer to find none.
  static func difference(_ a: RunResult, _ b: RunResult) -> String? {
    let isSame =
      a.records == b.records && a.gaps == b.gaps && a.gapStarts == b.gapStarts
      && a.reasons == b.reasons && a.end == b.end && a.iterations == b.iterations
      && a.kvBlocksHeld == b.kvBlocksHeld && a.samples == b.samples && a.faults == b.faults
      && a.migration == b.migration && a.replication == b.replication && a.instances == b.instances
      && a.maxOutputTokensPerSecond == b.maxOutputTokensPerSecond
      && a.gapHistogram.bins.elementsEqual(b.gapHistogram.bins, by: ==)
    return isSame ? nil : firstDifference(a, b) ?? "histograms, or rates"
  }

  static func check(_ result: RunResult, _ scenario: Scenario) {
    let law = result.brokenLaw(injected: scenario.workload.requests.count)
    #expect(law == nil)
    for (row, record) in result.records.enumerated() where record.outcome == .finished {
      #expect(record.outputTokens == scenario.workload.requests[Int(record.id.index)].outputTokens)
      let stages = [
        record.gatewayWait, record.prefillQueue, record.prefill, record.kvWait, record.transfer,
        record.decodeQueue, record.decode,
      ].compactMap { $0 }
      if record.outputTokens > 1 {
        #expect(stages.reduce(.zero, +) + record.receipt == record.endToEnd, "request \(row)")
      }
      // Each token after the first has one gap, however often the request began anew.
      let gaps = result.gaps[result.gapStarts[row]..<result.gapStarts[row + 1]]
      #expect(gaps.count == Int(record.outputTokens) - 1, "request \(row)")
      #expect(gaps.reduce(0, +) == (record.end - record.firstToken).nanoseconds, "request \(row)")
      #expect(gaps.allSatisfy { $0 >= 0 }, "request \(row)")
    }
    let retries = result.records.reduce(0) { $0 + Int($1.retries) }
    #expect(retries == result.faults.reduce(0) { $0 + $1.requests })
    let lost = result.faults.reduce(0) { $0 + $1.lostTokens }
    let repeated = result.instances.reduce(0) { $0 + $1.repeatedTokens }
    #expect(repeated <= lost)
    for fault in result.faults {
      #expect(fault.rejected <= fault.requests)
      #expect((fault.recovery == nil) == (fault.requests == 0))
      #expect(fault.end >= fault.start && (fault.recovery ?? .zero) <= result.end - fault.start)
    }
  }

  @Test(arguments: seeds)
  func everyRequestEndsOnceAndAllWaysOfCountingAgree(seed: Int) throws {
    let scenario = Self.scenario(seed)
    let lazy = try Self.run(scenario)
    Self.check(lazy, scenario)
    let difference = Self.difference(lazy, try Self.run(scenario, stepByStep: true))
    #expect(difference == nil)
    let again = Self.difference(lazy, try Self.run(scenario))
    #expect(again == nil)
  }

  /// A policy that looks at everything and throws dice, among others about who is given up.
  @Test(arguments: seeds)
  func aRandomPolicySeesTheSameStepByStep(seed: Int) throws {
    let own = "simhost-faults-\(seed)-\(ProcessInfo.processInfo.processIdentifier).lua"
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(own).path
    let text = ChaosPolicy.text(
      admits: seed % 2 == 0, batches: seed % 3 != 0, every: seed % 5 == 0, scan: seed % 7 == 0,
      victims: seed % 3 == 0 || seed % 11 == 0, evicts: seed % 4 < 2)
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: file) }
    var results: [RunResult] = []
    var stalls: [String] = []
    for stepByStep in [false, true] {
      var scenario = Self.scenario(seed)
      scenario.options.stepByStep = stepByStep
      do {
        let result = try Self.run(scenario, policy: file)
        let law = result.brokenLaw(injected: scenario.workload.requests.count)
        #expect(law == nil)
        results.append(result)
      } catch let error as SimulationError {
        // Its second choices need not fit the request.
        let isItsOwn = ["stall", "cannot decode on"].contains { "\(error)".contains($0) }
        #expect(isItsOwn, "\(error)")
        stalls.append("\(error)")
      }
    }
    if results.isEmpty {
      #expect(stalls[0] == stalls[1])
    } else {
      #expect(results.count == 2 && results[0].policyJSON == results[1].policyJSON)
      let difference = Self.difference(results[0], results[1])
      #expect(difference == nil)
    }
  }
}
