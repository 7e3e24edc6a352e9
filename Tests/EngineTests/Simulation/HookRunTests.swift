import Foundation
import Testing

@testable import Engine

/// What the engine asks and tells policies during runs, over random clusters and workloads.
@Suite struct HookRunTests {
  private static func run(_ scenario: Scenario, _ text: String) throws -> RunResult {
    let file = FileManager.default.temporaryDirectory.path + "/simhost-\(UUID().uuidString).lua"
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

  /// Hooks that only look change nothing; neither does one that leaves the choice to the engine.
  @Test(arguments: 0..<150) func whoOnlyWatchesChangesNothing(seed: Int) throws {
    let scenario = Self.scenario(seed)
    let native = try Simulation.run(scenario)
    let watched = try Self.run(
      scenario,
      """
      local function look(_, cluster) return cluster.now_s end
      return { api = 1, tick_interval_s = 0.001, tick = function(cluster) look(nil, cluster) end,
        preempt = function(instance, candidates)
          if instance.running_count % 2 == 0 then return candidates[#candidates] end
        end,
        on_first_token = look, on_finish = look, on_reject = look, on_preempt = look, on_transfer = look }
      """)
    #expect(firstDifference(native, watched) == nil)
  }

  /// Any choice of victims keeps the books.
  @Test(arguments: 0..<100) func anyVictimWillDo(seed: Int) throws {
    let scenario = Self.scenario(seed)
    let result = try Self.run(
      scenario,
      """
      return { api = 1, preempt = function(_, candidates) return candidates[math.random(#candidates)] end }
      """)
    #expect(result.brokenLaw(injected: scenario.workload.requests.count) == nil)
  }

  /// Observers are told of everything once.
  @Test(arguments: 0..<100) func observersAreToldOnce(seed: Int) throws {
    let result = try Self.run(
      Self.scenario(seed),
      """
      local n = { on_first_token = 0, on_finish = 0, on_reject = 0, on_preempt = 0, on_transfer = 0 }
      local policy = { api = 1, done = function() return n end }
      policy.admit = function() return math.random(5) > 1, "dice" end
      for name in pairs(n) do policy[name] = function(request) n[name] = n[name] + 1; assert(request.id >= 0) end end
      return policy
      """)
    let records = result.records
    let finished = records.filter { $0.outcome == .finished }
    let counts = [
      finished.count, finished.count,
      records.reduce(0) { $0 + Int($1.preemptions) },
      records.filter { $0.outcome == .rejected }.count,
      records.filter { $0.transferEnd != .never }.count,
    ]
    let expected = zip(
      ["on_finish", "on_first_token", "on_preempt", "on_reject", "on_transfer"], counts)
    for (name, count) in expected {
      #expect(
        result.policyJSON?.replacing(" ", with: "").contains("\"\(name)\":\(count)") == true,
        "\(name) \(count): \(result.policyJSON ?? "")")
    }
  }

  private static func split(_ count: Int = 2) -> Scenario {
    let instances =
      (0..<count).map { RandomScenario.instance("prefill/\($0)", .prefill, blocks: 100) }
      + (0..<count).map { RandomScenario.instance("decode/\($0)", .decode, blocks: 100) }
    var workload = Workload(source: "test", format: "test")
    for id in 0..<8 {
      workload.requests.append(
        WorkloadRequest(
          arrival: SimTime(nanoseconds: Int64(id) * 1_000_000_000), promptTokens: 20,
          outputTokens: 3))
    }
    let cost = LinearCost(base: 2_500_000, perPrefillToken: 0, perDecodeRequest: 0)
    return Scenario(
      cluster: RandomScenario.cluster(instances),
      costs: instances.map { _ in .linear(cost) }, workload: workload)
  }

  @Test func bothInstancesMayBeChosenAtOnce() throws {
    let result = try Self.run(
      Self.split(),
      """
      return { api = 1,
        route = function(request, candidates, cluster)
          assert(request.stage == "prefill" and request.decode_instance == nil)
          return candidates[1 + request.id % 2], cluster.decode[1 + request.id // 2 % 2]
        end,
        on_first_token = function(request, cluster)
          assert(request.decode_instance == cluster.decode[1 + request.id // 2 % 2])
        end,
        route_decode = function() error("is not asked") end }
      """)
    #expect(result.records.map { Int($0.prefillInstance.index) } == [0, 1, 0, 1, 0, 1, 0, 1])
    #expect(result.records.map { Int($0.decodeInstance.index) } == [2, 2, 3, 3, 2, 2, 3, 3])
  }

  @Test func pairsThatCannotBeAreRefused() {
    for (pair, words) in [
      ("candidates[1], candidates[2]", "the request cannot decode on prefill/1 after that"),
      ("candidates[1], 3", "returned a number (3) as the second value"),
      ("candidates[1], request", "returned request 0 as the second value"),
    ] {
      let error = #expect(throws: SimulationError.self) {
        try Self.run(
          Self.split(),
          "return { api = 1, route = function(request, candidates, cluster) return \(pair) end }")
      }
      #expect(
        error.map { "\($0)" }?.contains(words) == true, "\(pair): \(error.map { "\($0)" } ?? "")")
    }
  }

  @Test func wrongVictimsAreRefused() throws {
    for (answer, words) in [
      ("1", "preempt returned a number (1), expected one of the"),
      ("instance", "preempt returned instance"), ("candidates", "preempt returned a table"),
    ] {
      var failures = 0
      for seed in 0..<40 {
        do {
          _ = try Self.run(
            Self.scenario(seed),
            "return { api = 1, preempt = function(instance, candidates) return \(answer) end }")
        } catch {
          failures += 1
          #expect("\(error)".contains(words), "\(error)")
        }
      }
      #expect(failures > 0)
    }
  }

  /// Eight requests, one a second, of three iterations of 2.5 ms and a transfer each.
  @Test func ticksComeAtTheirTimes() throws {
    let result = try Self.run(
      Self.split(),
      """
      local n, busy = 0, 0
      return { api = 1, tick_interval_s = 0.5,
        tick = function(cluster)
          n = n + 1
          assert(cluster.now_s == n * 0.5)
        end,
        done = function() return { n = n } end }
      """)
    // The last request arrives at 7 s and ends before 7.5 s.
    #expect(result.policyJSON?.contains("14") == true, "\(result.policyJSON ?? "")")
    #expect(result.end.nanoseconds < 7_500_000_000)
  }

  /// Ticks go on while somebody waits for the policy, and a run that waits for ever still ends.
  @Test func aTickMayLetParkedRequestsGo() throws {
    let text = """
      local open = false
      return { api = 1, tick_interval_s = 0.001,
        tick = function(cluster) open = OPEN end,
        route = function(request, candidates) if open then return candidates[1] end end }
      """
    let result = try Self.run(Self.split(), text.replacing("OPEN", with: "cluster.now_s > 9"))
    #expect(result.records.allSatisfy { $0.outcome == .finished })
    #expect(result.records.allSatisfy { $0.routed.nanoseconds == 9_001_000_000 })
    let error = #expect(throws: SimulationError.self) {
      try Self.run(Self.split(), text.replacing("OPEN", with: "false"))
    }
    #expect(error.map { "\($0)" }?.contains("stalled") == true)
  }
}
