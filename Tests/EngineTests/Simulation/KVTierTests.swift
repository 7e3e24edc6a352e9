import Testing

@testable import Engine

/// Tiers by hand; costs as in `KVTransferTests`: an iteration takes 1,000 ns, 10 a prompt token and 5 a decode request. A
/// block has 4 tokens of 256 bytes; tiers read and write a byte a nanosecond each, 500 ns after they are asked.
@Suite struct KVTierTests {
  static let link = LinkSpec(
    bandwidth: NetworkTests.link.bandwidth, latency: SimDuration(nanoseconds: 500))

  static func tiers(
    _ writes: KVTierSpec.Writes = .through, _ scope: KVTierSpec.Scope = .node, blocks: Int = 1000,
    ssd: Bool = false
  ) -> KVTierSpec {
    KVTierSpec(
      cpu: KVTierSpec.Tier(sizeGiB: Double(blocks * 1024) / 1_073_741_824, link: link),
      ssd: ssd ? KVTierSpec.Tier(sizeGiB: 1, link: link) : nil, writes: writes, scope: scope)
  }

  /// Prompts of 100 tokens by number, each with an output of 2, on an instance of 30 blocks, or each on its own.
  static func run(
    _ tiers: KVTierSpec?, stepByStep: Bool, instances: Int = 1, faults: [Fault] = [],
    _ requests: [(at: Int64, prompt: Int)]
  ) throws -> RunResult {
    try ScalingTests.withFile(
      "return { api = 1, route = function(r, c) return c[1 + r.id % \(instances)] end }"
    ) { file in
      try KVTransferTests.run(
        decodeBlocks: 30, roles: Array(repeating: .mixed, count: instances),
        stepByStep: stepByStep, policy: file, faults: faults, tiers: tiers,
        change: { workload, instances in
          for index in instances.indices { instances[index].node = index }
          workload.contentUnit = 1
          for index in requests.indices {
            workload.requests[index].contentStart = Int32(workload.content.count)
            workload.requests[index].contentCount = 100
            workload.content.append(
              contentsOf: (0..<100).map { UInt32(1000 * requests[index].prompt + $0) })
          }
        }, requests.map { (at: $0.at, prompt: 100, output: 2) })
    }
  }

  /// One prompt, another that takes its place, and the first again.
  static let again: [(at: Int64, prompt: Int)] = [(0, 1), (30_000, 2), (60_000, 1)]

  @Test(arguments: [false, true]) func withoutTiersWhatIsEvictedIsComputedAgain(stepByStep: Bool)
    throws
  {
    let result = try Self.run(nil, stepByStep: stepByStep, Self.again)
    // The second prompt and its token take 26 blocks: 5 blank ones, and the last 21 of the 25 of the first.
    #expect(result.records[2].cachedTokens == 16 && result.tiers == nil)
    #expect(result.records[2].firstToken.nanoseconds == 60_000 + 1840)
  }

  @Test(arguments: [KVTierSpec.Writes.through, .back], [false, true])
  func evictedBlocksComeBack(writes: KVTierSpec.Writes, stepByStep: Bool) throws {
    let result = try Self.run(Self.tiers(writes), stepByStep: stepByStep, Self.again)
    // 4 blocks are still there, 20 come: 500 + 20,480 ns. The last 4 tokens are computed.
    let record = result.records[2]
    #expect(record.cachedTokens == 96 && record.prefillStart.nanoseconds == 80_980)
    #expect(record.firstToken.nanoseconds == 80_980 + 1040)
    let totals = try #require(result.tiers)
    #expect(totals.loads == 1 && totals.loadedTokens == 80 && totals.bytesLoaded == 20_480)
    #expect(totals.loading.nanoseconds == 20_980 && totals.loadedTokensOfSSD == 0)
    // Through: each prompt's 25 blocks once. Back: the 21 blocks of the first that the second took, and of the second those
    // that the first took back: 1 blank block is there, so 19, then one for its own last block, and one for its token.
    #expect(totals.written == (writes == .through ? 50 : 42))
    #expect(totals.bytesWritten == Int64(totals.written * 1024))
  }

  @Test(arguments: [false, true]) func aBlockIsThereWhenItIsWritten(stepByStep: Bool) throws {
    // The iteration that computes it ends at 2,000; 500 + 25,600 later all of it is in CPU memory. What arrives at that
    // instant comes first.
    for (time, isThere) in [(Int64(28_100), false), (28_101, true)] {
      let result = try Self.run(
        Self.tiers(.through, .cluster), stepByStep: stepByStep, instances: 2,
        [(0, 1), (time, 1)])
      #expect(result.tiers?.loads == (isThere ? 1 : 0), "\(time)")
    }
  }

  @Test(arguments: [false, true]) func whatCPUMemoryHasNoRoomForGoesToTheSSD(stepByStep: Bool)
    throws
  {
    let requests: [(at: Int64, prompt: Int)] = [(0, 1), (30_000, 2), (100_000, 1)]
    let result = try Self.run(Self.tiers(blocks: 25, ssd: true), stepByStep: stepByStep, requests)
    let totals = try #require(result.tiers)
    #expect(totals.loadedTokens == 80 && totals.loadedTokensOfSSD == 80)
    #expect(result.records[2].prefillStart.nanoseconds == 100_000 + 500 + 20_480)
    #expect(totals.spilled >= 25)
    let without = try Self.run(Self.tiers(blocks: 25), stepByStep: stepByStep, requests)
    #expect(without.tiers?.loads == 0 && without.tiers?.spilled == 0)
    #expect(without.records[2].cachedTokens == 16)
  }

  @Test(arguments: [false, true]) func aClusterSharesWhatNodesKeep(stepByStep: Bool) throws {
    let requests: [(at: Int64, prompt: Int)] = [(0, 1), (60_000, 1)]
    let own = try Self.run(Self.tiers(), stepByStep: stepByStep, instances: 2, requests)
    #expect(own.records[1].firstToken.nanoseconds == 62_000 && own.tiers?.loads == 0)
    // 24 blocks over the tier's link and the instance's, behind both latencies.
    let shared = try Self.run(
      Self.tiers(.through, .cluster), stepByStep: stepByStep, instances: 2, requests)
    #expect(shared.records[1].firstToken.nanoseconds == 60_000 + 600 + 24_576 + 1040)
  }

  @Test(arguments: [false, true]) func aLostLoadIsComputed(stepByStep: Bool) throws {
    let lost = Fault(
      .loseTransfers, .instance(InstanceID(0)), at: SimTime(nanoseconds: 70_000), words: "lose")
    let result = try Self.run(Self.tiers(), stepByStep: stepByStep, faults: [lost], Self.again)
    #expect(result.tiers?.aborted == 1 && result.tiers?.bytesLoaded == 9500)
    #expect(result.records[2].cachedTokens == 16)
    #expect(result.records[2].firstToken.nanoseconds == 70_000 + 1840)
    // Who dies meanwhile begins anew, and finds on its node what it had written.
    let dead = Fault(
      .kill, .instance(InstanceID(0)), at: SimTime(nanoseconds: 70_000),
      for: SimDuration(nanoseconds: 1000), words: "kill")
    let second = try Self.run(Self.tiers(), stepByStep: stepByStep, faults: [dead], Self.again)
    #expect(second.tiers?.aborted == 1 && second.tiers?.loads == 2)
    #expect(second.records[2].firstToken.nanoseconds == 71_000 + 500 + 24_576 + 1040)
  }

  /// Random scenarios with random tiers: no request is lost, no block is held twice, and all ways of counting agree.
  @Test func anyTiersWillDo() throws {
    var sum = TierTotals()
    for seed in 0..<400 {
      var stream = RandomStream(seed: UInt64(seed), name: "tiers")
      func draw(_ below: Int) -> Int { stream.nextIndex(below: below) }
      var scenario = MigrationLawTests.scenario(seed)
      for index in scenario.cluster.instances.indices {
        scenario.cluster.instances[index].limits.blockSize = 4
        scenario.cluster.instances[index].limits.enablePrefixCaching = true
        scenario.cluster.instances[index].kvBlocks = [30, 50, 60, 300][draw(4)]
      }
      func tier(_ blocks: Int) -> KVTierSpec.Tier {
        KVTierSpec.Tier(
          sizeGiB: Double(blocks * 1024) / 1_073_741_824,
          link: LinkSpec(
            bandwidth: [0.1, 1, 100][draw(3)],
            latency: SimDuration(nanoseconds: Int64([0, 700][draw(2)]))))
      }
      scenario.cluster.kvTiers = KVTierSpec(
        cpu: tier([1, 20, 1000][draw(3)]), ssd: draw(2) == 0 ? nil : tier([20, 1000][draw(2)]),
        writes: draw(2) == 0 ? .through : .back, scope: draw(2) == 0 ? .node : .cluster)
      let lazy = try FaultLawTests.run(scenario)
      FaultLawTests.check(lazy, scenario)
      let step = try FaultLawTests.run(scenario, stepByStep: true)
      let difference = FaultLawTests.difference(lazy, step)
      #expect(difference == nil && lazy.tiers == step.tiers, "seed \(seed)")
      let totals = try #require(lazy.tiers)
      sum.loads += totals.loads
      sum.aborted += totals.aborted
      sum.spilled += totals.spilled
      sum.loadedTokensOfSSD += totals.loadedTokensOfSSD
    }
    #expect(sum.loads > 300 && sum.aborted > 3, "\(sum)")
    #expect(sum.spilled > 300 && sum.loadedTokensOfSSD > 50, "\(sum)")
  }

  @Test func whatDoesNotFitTogetherIsRefused() throws {
    func error(_ tiers: String, caching: Bool = true, blockSize: Int = 16) throws -> String {
      let instance = { (block: Int) in
        """
        { "model_name": "meta-llama/Llama-3.1-8B", "hardware": "H100", "pd_type": null, "block_size": \(block),
          "enable_prefix_caching": \(caching), "npu_mem": { "mem_size": 80, "mem_bw": 3350, "mem_latency": 0 } }
        """
      }
      let text = """
        { "num_nodes": 1, "link_bw": 16, "link_latency": 0, "kv_tiers": \(tiers), "nodes": [ { "num_instances": 2,
          "cpu_mem": { "mem_size": 512, "mem_bw": 256, "mem_latency": 0 },
          "instances": [ \(instance(16)), \(instance(blockSize)) ] } ] }
        """
      return "\(try #require(throws: InputError.self) { try ClusterSpec.parse(text) })"
    }
    let good = #"{ "cpu": { "size": 64, "bw": 25 } }"#
    #expect(try error(good, caching: false).contains("--enable-prefix-caching"))
    #expect(try error(good, blockSize: 32).contains("has other KV blocks than mixed/0"))
    #expect(try error("{}").contains("cpu"))
    #expect(try error(#"{ "cpu": { "size": 0, "bw": 25 } }"#).contains("kv_tiers.cpu.size"))
    #expect(
      try error(#"{ "cpu": { "size": 1, "bw": 25 }, "write": "thru" }"#).contains("through"))
    #expect(try error(#"{ "cpu": { "size": 1, "bw": 25 }, "ram": 1 }"#).contains("ram"))
  }
}
