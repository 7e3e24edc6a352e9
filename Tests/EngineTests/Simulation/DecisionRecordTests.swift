import Foundation
import Testing

@testable import Engine

/// Recording decisions changes no run, and what is recorded does not depend on how iterations are counted.
@Suite struct DecisionRecordTests {
  private static func record(_ scenario: Scenario, _ policy: LuaPolicy?) throws
    -> (result: RunResult, decisions: [PolicyDecision])
  {
    var decisions: [PolicyDecision] = []
    var recording = try RecordingPolicy(
      policy, estimates: true, tellsDefaults: scenario.options.viewLag == nil
    ) { decision in
      var decision = decision
      decision.hostNanoseconds = 0
      decisions.append(decision)
    }
    var observer = SilentObserver()
    let result = try Simulation.run(scenario, policy: &recording, observer: &observer)
    return (result, decisions)
  }

  @Test(arguments: 0..<100)
  func theEnginesOwnRouterIsToldOfAsItDecides(seed: Int) throws {
    var random = RandomScenario(seed: seed)
    let scenario = random.scenario()
    let native = try Simulation.run(scenario)
    let recorded = try Self.record(scenario, nil)
    #expect(firstDifference(native, recorded.result) == nil)
    let routed = native.records.count { $0.routed != .never }
    #expect(recorded.decisions.count { $0.hook == "route" } == routed)
  }

  @Test(arguments: 0..<60)
  func aRandomPolicyDecidesTheSameWhenItIsRecorded(seed: Int) throws {
    let own = "simhost-record-\(seed)-\(ProcessInfo.processInfo.processIdentifier).lua"
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(own).path
    defer { try? FileManager.default.removeItem(atPath: file) }
    let text = ChaosPolicy.text(
      admits: seed % 2 == 0, batches: seed % 3 != 0, every: seed % 5 == 0, scan: seed % 7 == 0,
      victims: seed % 3 == 0, evicts: seed % 2 == 0)
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    func outcome(stepByStep: Bool, records: Bool) throws -> (String, [PolicyDecision]) {
      var random = RandomScenario(seed: seed)
      var scenario = random.scenario()
      scenario.options.stepByStep = stepByStep
      var policy = try LuaPolicy.load(files: [file])
      do {
        if records {
          let (result, decisions) = try Self.record(scenario, policy)
          return (result.fingerprint + (result.policyJSON ?? ""), decisions)
        }
        var observer = SilentObserver()
        let result = try Simulation.run(scenario, policy: &policy, observer: &observer)
        return (result.fingerprint + (result.policyJSON ?? ""), [])
      } catch let error as SimulationError {
        guard case .policy(let stall) = error else { throw error }
        return ("\(stall)", [])
      }
    }
    let plain = try outcome(stepByStep: false, records: false)
    let first = try outcome(stepByStep: false, records: true)
    let second = try outcome(stepByStep: true, records: true)
    #expect(plain.0 == first.0 && first.0 == second.0)
    #expect(first.1.count == second.1.count)
    let differs = zip(first.1, second.1).first { $0 != $1 }
    #expect(differs == nil, "\(String(describing: differs))")
  }
}
