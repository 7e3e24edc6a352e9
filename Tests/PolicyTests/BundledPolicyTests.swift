import Engine
import Foundation
import Testing

/// The policies that come with the simulator, on clusters made by hand.
@Suite struct BundledPolicyTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("policies").path

  static let routers = [
    "least_kv", "round_robin", "random", "least_loaded", "join_shortest_queue", "power_of_two",
    "prefix_affinity", "routing/llm_d", "routing/dynamo_kv", "routing/sglang_cache_aware",
    "routing/sglang_bucket", "routing/prefix_aware", "routing/session_affinity",
    "routing/mooncake_conductor", "routing/preble_e2", "routing/llumnix", "routing/distserve",
    "routing/splitwise_mixed_pool",
  ]

  static let names =
    routers + [
      "admission/token_bucket", "admission/kv_watermark", "admission/early_rejection",
      "admission/slo_predicted", "admission/saturation", "admission/tenant_share", "batching/vllm",
      "batching/prefill_first", "batching/sjf", "batching/orca", "batching/sarathi",
      "batching/static", "batching/shortest_remaining", "batching/priority_aging",
      "batching/earliest_deadline", "batching/virtual_token_counter", "scaling/threshold",
      "scaling/dynamo_load_planner", "scaling/role_flip", "scaling/llumnix_migrate", "eviction/lfu",
      "caching/replicate_hot",
    ]

  private func load(
    _ name: String, _ parameters: [(String, String)] = [], seed: UInt64 = 0
  ) throws -> LuaPolicy {
    var options = LuaPolicyOptions()
    options.seed = seed
    options.libraryFolder = "\(BundledPolicyTests.folder)/lib"
    return try LuaPolicy.load(
      files: ["\(BundledPolicyTests.folder)/\(name).lua"], parameters: parameters, options: options)
  }

  @Test(arguments: names) func eachDescribesItself(_ name: String) throws {
    var options = LuaPolicyOptions()
    options.libraryFolder = "\(BundledPolicyTests.folder)/lib"
    let described = try LuaPolicy.describe(
      file: "\(BundledPolicyTests.folder)/\(name).lua", options: options)
    #expect(described.name == name.split(separator: "/").last.map(String.init))
    #expect(described.version?.wholeMatch(of: /\d+\.\d+\.\d+/) != nil)
    #expect(described.description?.isEmpty == false)
    #expect(!described.hooks.isEmpty)
    #expect(described.parameters.allSatisfy { !$0.help.isEmpty })
  }

  /// Routers must cope with any number of candidates, in any state.
  @Test(arguments: routers) func routersAnswerWithACandidateOrWait(_ name: String) throws {
    for seed in 0..<200 as Range<UInt64> {
      var random = RandomStream(seed: seed, name: "test")
      let cluster = FakeCluster([.prefill, .prefill, .mixed, .decode, .decode])
      var policy = try load(name, seed: seed)
      if policy.hooks.contains(.initialize) { try policy.initialize(cluster) }
      for id in 0..<10 {
        for index in cluster.views.indices {
          cluster.views[index].kvUsedTokens = random.nextIndex(below: 1001)
          cluster.views[index].waitingCount = random.nextIndex(below: 5)
          cluster.views[index].waitingPromptTokens = random.nextIndex(below: 1000)
          cluster.views[index].runningCount = random.nextIndex(below: 5)
          cluster.views[index].inflight = random.nextIndex(below: 100)
          cluster.hits[index] = random.nextIndex(below: 100)
        }
        let stage = random.nextIndex(below: 2) == 0 ? RequestStage.prefill : .decode
        let candidates = (0..<5).filter { _ in random.nextIndex(below: 2) == 0 }
        let request = cluster.addRequest(id) { $0.stage = stage }
        let answer = try policy.ask(cluster, request, candidates, stage: stage)
        #expect(candidates.isEmpty ? answer == -1 : candidates.contains(answer), "seed \(seed)")
      }
    }
  }

  @Test func leastKVTakesTheEmptiestAndAvoidsTheFull() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    var policy = try load("least_kv", [("headroom", "0.1")])
    cluster.views[0].kvUsedTokens = 300
    cluster.views[1].kvUsedTokens = 200
    #expect(try policy.ask(cluster, request) == 1)
    cluster.views[1].kvReservedTokens = 200
    #expect(try policy.ask(cluster, request) == 0)
    cluster.views[0].kvUsedTokens = 400
    cluster.views[0].inflight = 3
    #expect(try policy.ask(cluster, request) == 1)
  }

  @Test func roundRobinKeepsOneTurnForEachStage() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    let decoding = cluster.addRequest(1) { $0.stage = .decode }
    var policy = try load("round_robin")
    var seen: [Int] = []
    for _ in 0..<2 {
      seen.append(try policy.ask(cluster, request))
      seen.append(try policy.ask(cluster, decoding, [2, 3], stage: .decode))
    }
    #expect(seen == [0, 2, 1, 3])
  }

  @Test func randomFollowsTheSeed() throws {
    func picks(_ seed: UInt64) throws -> [Int] {
      let cluster = FakeCluster.split()
      let request = cluster.addRequest(0)
      var policy = try load("random", seed: seed)
      return try (0..<40).map { _ in try policy.ask(cluster, request) }
    }
    let first = try picks(1)
    let again = try picks(1)
    let other = try picks(2)
    #expect(first == again && first != other && Set(first) == [0, 1])
  }

  @Test func leastLoadedWeighsWaitingFourTimes() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    var policy = try load("least_loaded")
    cluster.views[0].waitingCount = 1  // 4·1 + 0 = 4
    cluster.views[1].runningCount = 3  // 4·0 + 3 = 3
    #expect(try policy.ask(cluster, request) == 1)
    cluster.views[1].runningCount = 4  // 4: a tie goes to the first
    #expect(try policy.ask(cluster, request) == 0)
  }

  @Test func shortestQueueCountsTokensOrHeads() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    cluster.views[0].waitingCount = 1
    cluster.views[0].waitingPromptTokens = 5000
    cluster.views[1].waitingCount = 3
    cluster.views[1].waitingPromptTokens = 300
    var tokens = try load("join_shortest_queue")
    #expect(try tokens.ask(cluster, request) == 1)
    var heads = try load("join_shortest_queue", [("by", "requests")])
    #expect(try heads.ask(cluster, request) == 0)
  }

  @Test func powerOfTwoNeverTakesTheBusiestOfThree() throws {
    let cluster = FakeCluster([.mixed, .mixed, .mixed])
    let request = cluster.addRequest(0)
    cluster.views[1].inflight = 9
    var policy = try load("power_of_two")
    for _ in 0..<200 { #expect(try policy.ask(cluster, request, [0, 1, 2]) != 1) }
  }

  @Test func prefixAffinityFollowsHitsUntilLoadIsUneven() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    var policy = try load("prefix_affinity", [("spread", "10")])
    cluster.hits = [0, 80, 0, 0]
    cluster.views[1].inflight = 5
    #expect(try policy.ask(cluster, request) == 1)
    cluster.views[1].inflight = 11  // 11 - 0 > 10
    #expect(try policy.ask(cluster, request) == 0)
    cluster.hits = [0, 20, 0, 0]  // 20 of 100 tokens: less than 0.3
    cluster.views[1].inflight = 5
    #expect(try policy.ask(cluster, request) == 0)
  }

  @Test func tokenBucketDefersThenRejects() throws {
    let cluster = FakeCluster.split()
    cluster.now = SimTime(nanoseconds: 1_000_000_000)
    var policy = try load(
      "admission/token_bucket", [("rate", "100"), ("burst", "150"), ("max_wait_s", "1")])
    try policy.initialize(cluster)
    let requests = (0..<4).map { cluster.addRequest($0) }
    #expect(try policy.admit(requests[0], cluster) == .admit)
    // 50 tokens left, 100 needed: half a second at 100 a second, and a millisecond for rounding.
    #expect(
      try policy.admit(requests[1], cluster) == .postpone(SimDuration(nanoseconds: 501_000_000)))
    cluster.now = SimTime(nanoseconds: 1_501_000_000)
    #expect(try policy.admit(requests[1], cluster) == .admit)
    // 0.1 tokens left: 0.999 s more after 0.501 s of waiting is longer than 1 s.
    #expect(try policy.admit(requests[2], cluster) == .reject(reason: "rate limit"))
  }

  @Test func watermarksHaveHysteresis() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    var policy = try load("admission/kv_watermark", [("high", "0.8"), ("low", "0.5")])
    func admitted(_ used: Int) throws -> Bool {
      cluster.views[2].kvUsedTokens = used
      cluster.views[3].kvUsedTokens = used
      return try policy.admit(request, cluster) == .admit
    }
    #expect(
      try [700, 801, 700, 501, 499, 700].map(admitted) == [true, false, false, false, true, true])
  }

  @Test func sjfAgesWaitingPrompts() throws {
    let cluster = FakeCluster([.mixed])
    // Now is 2.5 s. The long prompt came at 0.5 s, the short one at 2.5 s.
    let old = cluster.addRequest(0) {
      $0.remainingPromptTokens = 900
      $0.arrival = SimTime(nanoseconds: 500_000_000)
    }
    let young = cluster.addRequest(1) {
      $0.remainingPromptTokens = 100
      $0.arrival = SimTime(nanoseconds: 2_500_000_000)
    }
    cluster.waitingQueues[0] = [old, young]
    var plain = try load("batching/sjf")
    #expect(
      try plain.batch(InstanceID(0), FakeStep(cluster, InstanceID(0)))?.order == .shortestFirst)
    // 900 - 2 · 300 = 300 against 100; 900 - 2 · 500 = -100 against 100.
    var slow = try load("batching/sjf", [("aging", "300")])
    #expect(
      try slow.batch(InstanceID(0), FakeStep(cluster, InstanceID(0)))?.order
        == .listed([young, old]))
    var fast = try load("batching/sjf", [("aging", "500")])
    #expect(
      try fast.batch(InstanceID(0), FakeStep(cluster, InstanceID(0)))?.order
        == .listed([old, young]))
  }

  @Test func prefillFirstAsksForIt() throws {
    let cluster = FakeCluster([.mixed])
    var policy = try load("batching/prefill_first")
    let limits = try policy.batch(InstanceID(0), FakeStep(cluster, InstanceID(0)))
    #expect(limits?.prefillFirst == true)
  }

  static let luacheck = "/usr/bin/luacheck"

  @Test(
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: luacheck), "luacheck is not installed"))
  func luacheckFindsNothing() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: BundledPolicyTests.luacheck)
    process.arguments = ["-q", "--no-color", "."]
    process.currentDirectoryURL = URL(fileURLWithPath: BundledPolicyTests.folder)
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }
}

/// batching/vllm.lua against the rules of the vLLM V1 scheduler, worked out by hand.
@Suite struct VLLMPolicyTests {
  private func step(
    running: [(context: Int, left: Int)], waiting: [Int], free: Int, hits: Int = 0,
    _ parameters: [(String, String)] = []
  ) throws -> [String] {
    let cluster = FakeCluster([.mixed])
    cluster.views[0].kvFreeTokens = free
    cluster.hits[0] = hits
    for (index, request) in running.enumerated() {
      cluster.runningSets[0].append(
        cluster.addRequest(index) {
          $0.contextTokens = request.context
          $0.remainingPromptTokens = request.left
        })
    }
    for (index, tokens) in waiting.enumerated() {
      cluster.waitingQueues[0].append(
        cluster.addRequest(10 + index) {
          $0.contextTokens = tokens
          $0.remainingPromptTokens = tokens
        })
    }
    var policy = try LuaPolicy.load(
      files: ["\(BundledPolicyTests.folder)/batching/vllm.lua"], parameters: parameters)
    let step = FakeStep(cluster, InstanceID(0))
    #expect(try policy.batch(InstanceID(0), step) == nil)
    return step.log
  }

  @Test func decodesComeFirstThenPromptsInTheBudget() throws {
    // 100 tokens an iteration: 2 decodes, then 60, then the 38 that are left; the set holds 4.
    #expect(
      try step(running: [(20, 0), (20, 0)], waiting: [60, 70, 5], free: 1000)
        == ["decode 0 1", "decode 1 1", "prefill 10 60", "prefill 11 38"])
  }

  @Test func unfinishedPromptsKeepTheirPlace() throws {
    #expect(
      try step(running: [(50, 30), (20, 0)], waiting: [90], free: 1000)
        == ["prefill 0 30", "decode 1 1", "prefill 10 69"])
    #expect(
      try step(running: [(20, 0), (500, 300)], waiting: [90], free: 1000)
        == ["decode 0 1", "prefill 1 99"])
  }

  @Test func chunksAreLimited() throws {
    #expect(
      try step(running: [], waiting: [60, 70], free: 1000, [("chunk_tokens", "25")])
        == ["prefill 10 25", "prefill 11 25"])
  }

  @Test func runningSetIsBounded() throws {
    #expect(
      try step(running: [(9, 0), (9, 0), (9, 0)], waiting: [5, 5], free: 1000)
        == ["decode 0 1", "decode 1 1", "decode 2 1", "prefill 10 5"])
  }

  @Test func theLastAdmittedIsPreemptedAndNobodyIsAdmittedThen() throws {
    // One free token: request 0 takes it; request 1 evicts 3, which frees 30, and goes on; 2 goes on too.
    #expect(
      try step(running: [(20, 0), (20, 0), (20, 0), (30, 0)], waiting: [5], free: 1)
        == ["decode 0 1", "preempt 3", "decode 1 1", "decode 2 1"])
    // Nobody behind it: the last one gives way itself.
    #expect(
      try step(running: [(20, 0), (20, 0)], waiting: [5], free: 1)
        == ["decode 0 1", "preempt 1"])
  }

  @Test func aPromptIsAdmittedWhenAllOfItFits() throws {
    #expect(try step(running: [], waiting: [300, 5], free: 200) == [])
    #expect(
      try step(running: [], waiting: [300, 5], free: 200, [("reserve_full_isl", "false")])
        == ["prefill 10 100"])
  }

  @Test func cachedTokensAreNotComputed() throws {
    #expect(try step(running: [], waiting: [90], free: 1000, hits: 64) == ["prefill 10 26"])
  }
}
