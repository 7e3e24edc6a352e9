import Foundation
import Testing

@testable import Engine

/// Runs with policies in Lua, over random clusters and workloads.
@Suite struct PolicyRunTests {
  private static let policies = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("policies").path

  private static func run(_ scenario: Scenario, _ policy: LuaPolicy) throws -> RunResult {
    var policy = policy
    var observer = SilentObserver()
    return try Simulation.run(scenario, policy: &policy, observer: &observer)
  }

  private static func load(
    _ file: String, _ parameters: [(String, String)] = [], keepsViews: Bool = true
  ) throws -> LuaPolicy {
    var options = LuaPolicyOptions()
    options.keepsViews = keepsViews
    return try LuaPolicy.load(files: [file], parameters: parameters, options: options)
  }

  /// As many seeds as SIMHOST_SEEDS says, and some beyond at which the order of equal keys matters.
  private static let seeds =
    Array(0..<(Int(ProcessInfo.processInfo.environment["SIMHOST_SEEDS"] ?? "") ?? 600))
    + [717, 954, 1553, 2635, 3253, 3743, 3838, 3883, 5671]

  /// `batching/vllm.lua` is the native scheduler in Lua. Its parameters are those of the instances.
  @Test(arguments: seeds)
  func theVLLMPolicyGivesTheBytesOfTheNativeScheduler(seed: Int) throws {
    var random = RandomScenario(seed: seed)
    var scenario = random.scenario()
    let limits = scenario.cluster.instances[0].limits
    for index in scenario.cluster.instances.indices {
      scenario.cluster.instances[index].limits.longPrefillTokenThreshold =
        limits.longPrefillTokenThreshold
      scenario.cluster.instances[index].limits.reserveFullISL = limits.reserveFullISL
    }
    let policy = try Self.load(
      "\(Self.policies)/batching/vllm.lua",
      [
        ("chunk_tokens", "\(limits.longPrefillTokenThreshold)"),
        ("reserve_full_isl", "\(limits.reserveFullISL)"),
      ])
    let native = try Simulation.run(scenario)
    let lua = try Self.run(scenario, policy)
    let difference = firstDifference(native, lua)
    #expect(difference == nil)
  }

  @Test(arguments: 0..<150)
  func leastLoadedIsTheNativeRoute(seed: Int) throws {
    var random = RandomScenario(seed: seed)
    let scenario = random.scenario()
    let policy = try Self.load("\(Self.policies)/least_loaded.lua")
    let native = try Simulation.run(scenario)
    let lua = try Self.run(scenario, policy)
    let difference = firstDifference(native, lua)
    #expect(difference == nil)
  }

  /// What a random policy sees, and so what it decides, does not depend on how iterations are counted, nor on whether
  /// what it has seen of an instance is kept until that changes.
  @Test(arguments: 0..<300)
  func aRandomPolicySeesTheSameStepByStep(seed: Int) throws {
    let own = "simhost-chaos-\(seed)-\(ProcessInfo.processInfo.processIdentifier).lua"
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(own).path
    let text = ChaosPolicy.text(
      admits: seed % 2 == 0, batches: seed % 3 != 0, every: seed % 5 == 0, scan: seed % 7 == 0,
      victims: seed % 3 == 0 || seed % 11 == 0, evicts: seed % 4 < 2)
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: file) }
    var outcomes: [String] = []
    for (stepByStep, keepsViews) in [(false, true), (true, true), (false, false)] {
      var random = RandomScenario(seed: seed)
      var scenario = random.scenario()
      scenario.options.stepByStep = stepByStep
      do {
        let result = try Self.run(scenario, try Self.load(file, keepsViews: keepsViews))
        #expect(result.brokenLaw(injected: scenario.workload.requests.count) == nil)
        outcomes.append("\(result.policyJSON ?? "nothing")\n" + result.fingerprint)
      } catch let error as SimulationError {
        guard case .policy(let stall) = error else { throw error }
        outcomes.append("\(stall)")
      }
    }
    #expect(outcomes[0] == outcomes[1])
    #expect(outcomes[0] == outcomes[2])
  }
}
