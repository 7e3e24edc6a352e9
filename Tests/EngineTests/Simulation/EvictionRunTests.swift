import Foundation
import Testing

@testable import Engine

/// Runs in which a policy chooses what the prefix caches drop.
@Suite struct EvictionRunTests {
  private static func run(_ scenario: Scenario, _ evict: String) throws -> RunResult {
    let file = FileManager.default.temporaryDirectory.path + "/simhost-\(UUID().uuidString).lua"
    let text =
      "local asked = 0 return { api = 1, evict = function(instance, candidates, needed, cluster) asked = asked + 1 "
      + evict + " end, done = function() return { asked = asked } end }"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: file) }
    var policy = try LuaPolicy.load(files: [file])
    var observer = SilentObserver()
    return try Simulation.run(scenario, policy: &policy, observer: &observer)
  }

  private static func scenario(_ seed: Int) -> Scenario {
    var random = RandomScenario(seed: seed)
    return random.scenario()
  }

  /// Leaving the choice to the engine, and choosing what it would, change nothing.
  @Test(arguments: 0..<300) func theLeastRecentlyUsedIsTheDefault(seed: Int) throws {
    let scenario = Self.scenario(seed)
    let native = try Simulation.run(scenario)
    for answer in ["return nil", "return candidates[1]"] {
      let asked = try Self.run(scenario, answer)
      let difference = firstDifference(native, asked)
      #expect(difference == nil, "\(answer)")
    }
  }

  /// Any choice keeps the books, and does not depend on how iterations are counted.
  @Test(arguments: 0..<300) func anyChoiceKeepsTheBooks(seed: Int) throws {
    var scenario = Self.scenario(seed)
    let answer = """
      assert(needed >= 1 and #candidates >= 1 and #candidates <= 32)
      for i, c in ipairs(candidates) do
        assert(c.blocks >= 1 and c.tokens == c.blocks * instance.block_size and c.start_tokens >= 0)
        assert(c.hits >= 0 and c.idle_s >= 0 and c.freed_s <= cluster.now_s)
      end
      return candidates[math.random(#candidates)]
      """
    let lazy = try Self.run(scenario, answer)
    #expect(lazy.brokenLaw(injected: scenario.workload.requests.count) == nil)
    scenario.options.stepByStep = true
    let explicit = try Self.run(scenario, answer)
    let difference = firstDifference(lazy, explicit)
    #expect(difference == nil && lazy.policyJSON == explicit.policyJSON)
  }

  @Test func policiesAreAsked() throws {
    let asked = try (0..<60).filter { seed in
      try Self.run(Self.scenario(seed), "return nil").policyJSON?.contains("\"asked\":0") == false
    }
    #expect(asked.count > 10)
  }

  /// Eight blocks of four tokens; a prompt that two requests share, then others that nobody repeats.
  private static func popular() -> Scenario {
    var limits = SchedulerLimits()
    limits.blockSize = 4
    limits.enablePrefixCaching = true
    let instance = RandomScenario.instance("mixed/0", .mixed, blocks: 8, limits: limits)
    var workload = Workload(source: "test", format: "test")
    for (place, prompt) in [1, 1, 2, 3, 1].enumerated() {
      var request = WorkloadRequest(
        arrival: SimTime(nanoseconds: Int64(place) * 1_000_000_000), promptTokens: 13,
        outputTokens: 1)
      request.contentStart = Int32(workload.content.count)
      request.contentCount = 13
      workload.content += (0..<13).map { UInt32(100 * prompt + $0) }
      workload.requests.append(request)
    }
    return Scenario(
      cluster: RandomScenario.cluster([instance]),
      costs: [
        .linear(LinearCost(base: 1_000_000, perPrefillToken: 1000, perDecodeRequest: 0))
      ],
      workload: workload)
  }

  /// 13 tokens are three full blocks and a part of a fourth. When the fourth prompt comes, the queue of free blocks is: one
  /// blank, three of prompt 1, found once, one blank, three of prompt 2. It takes four: the native order drops prompt 1.
  @Test func whatOthersFoundMayStay() throws {
    let scenario = Self.popular()
    let native = try Simulation.run(scenario)
    let kept = try Self.run(
      scenario, "return cluster:argmin(candidates, \"hits\")")
    #expect(native.records.map(\.cachedTokens) == [0, 12, 0, 0, 0])
    #expect(kept.records.map(\.cachedTokens) == [0, 12, 0, 0, 12])
  }

  @Test func wrongAnswersAreErrors() {
    for (answer, words) in [
      ("return 1", "evict returned a number (1), expected one of the"),
      ("return instance", "evict returned instance mixed/0, expected one of the"),
      ("kept = kept", "'kept'"),
      ("return candidates[1].hit", "did you mean 'hits'?"),
      ("candidates[1].hits = 3", "a prefix is read-only"),
    ] {
      let error = #expect(throws: SimulationError.self) { try Self.run(Self.popular(), answer) }
      guard case .policy(let policy)? = error else {
        Issue.record("\(answer): \(String(describing: error))")
        continue
      }
      #expect("\(policy)".contains(words), "\(answer): \(policy)")
      #expect(policy.hook == "evict")
    }
  }
}
