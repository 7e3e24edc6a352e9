import Testing

@testable import Engine

/// Hand-offs by hand: 1,000 ns an iteration, 10 ns a prompt token, 5 ns a decode request; 256 bytes of KV a token, links of
/// one byte a nanosecond and 100 ns.
@Suite struct KVTransferTests {
  static let cost = IterationCost.linear(
    LinearCost(base: 1000, perPrefillToken: 10, perDecodeRequest: 5))

  static func run(
    _ transfer: KVTransferSpec = KVTransferSpec(), firstToken: FirstTokenSide = .prefill,
    decodeBlocks: Int = 100, prefillBlocks: Int = 100, roles: [InstanceRole] = [.prefill, .decode],
    stepByStep: Bool = false, policy: String? = nil,
    link: LinkSpec = NetworkTests.link, faults: [Fault] = [],
    migration: MigrationSpec = MigrationSpec(), tiers: KVTierSpec? = nil,
    change: (inout Workload, inout [InstanceSpec]) -> Void = { _, _ in },
    _ requests: [(at: Int64, prompt: Int, output: Int)]
  ) throws -> RunResult {
    var limits = SchedulerLimits()
    limits.blockSize = 4
    var instances = roles.enumerated().map { index, role in
      RandomScenario.instance(
        "\(role.rawValue)/\(index)", role,
        blocks: role == .prefill ? prefillBlocks : decodeBlocks, limits: limits)
    }
    var workload = Workload(source: "test", format: "by hand")
    for request in requests {
      workload.requests.append(
        WorkloadRequest(
          arrival: SimTime(nanoseconds: request.at), promptTokens: request.prompt,
          outputTokens: request.output))
    }
    change(&workload, &instances)
    var options = RunOptions()
    options.check = true
    options.keepGaps = true
    options.stepByStep = stepByStep
    options.firstToken = firstToken
    options.faults.faults = faults
    var cluster = RandomScenario.cluster(instances, link: link)
    cluster.kvTransfer = transfer
    cluster.migration = migration
    cluster.kvTiers = tiers
    while cluster.nodes.count <= instances.map(\.node).max() ?? 0 {
      cluster.nodes.append(cluster.nodes[0])
    }
    let scenario = Scenario(
      cluster: cluster, costs: instances.map { _ in cost }, workload: workload, options: options)
    var result: RunResult
    if let policy {
      var lua = try LuaPolicy.load(files: [policy])
      var observer = SilentObserver()
      result = try Simulation.run(scenario, policy: &lua, observer: &observer)
    } else {
      result = try Simulation.run(scenario)
    }
    #expect(result.brokenLaw(injected: requests.count) == nil)
    return result
  }

  @Test(arguments: [false, true]) func aPushSetsUpAndSends(stepByStep: Bool) throws {
    let record = try Self.run(
      KVTransferSpec(mode: .push, handshake: SimDuration(nanoseconds: 3000)),
      stepByStep: stepByStep, [(at: 0, prompt: 100, output: 3)]
    ).records[0]
    #expect(record.prefillToken.nanoseconds == 2000 && record.firstToken == record.prefillToken)
    #expect(record.transferStart.nanoseconds == 2000)
    // Handshake, latency, 25,600 bytes.
    #expect(record.transferEnd.nanoseconds == 2000 + 3000 + 100 + 25_600)
    #expect(record.decodeToken.nanoseconds == 30_700 + 1005)
    #expect(record.end.nanoseconds == 30_700 + 2 * 1005)
  }

  @Test(arguments: [false, true]) func aPullAsksFirst(stepByStep: Bool) throws {
    let record = try Self.run(
      KVTransferSpec(mode: .pull, handshake: SimDuration(nanoseconds: 3000)),
      stepByStep: stepByStep, [(at: 0, prompt: 100, output: 3)]
    ).records[0]
    // Handshake, the question's latency, the answer's, 25,600 bytes.
    #expect(record.transferEnd.nanoseconds == 2000 + 3000 + 200 + 25_600)
  }

  @Test(arguments: [false, true]) func layersAreSentAsTheyAreComputed(stepByStep: Bool) throws {
    let record = try Self.run(
      KVTransferSpec(mode: .layerwise), stepByStep: stepByStep, [(at: 0, prompt: 100, output: 3)]
    ).records[0]
    // Two layers in 2,000 ns, 12,800 bytes each. The first is there after 1,000 ns and the link's 100, and keeps the link
    // busy beyond the second.
    #expect(record.prefillToken.nanoseconds == 2000 && record.transferStart.nanoseconds == 0)
    #expect(record.transferEnd.nanoseconds == 1100 + 25_600)
    #expect(record.kvWait == .zero && record.transfer?.nanoseconds == 26_700 - 2000)
    #expect(record.end.nanoseconds == 26_700 + 2 * 1005)
  }

  @Test(arguments: [false, true]) func aFastLinkWaitsForTheLastLayer(stepByStep: Bool) throws {
    let fast = LinkSpec(
      bandwidth: 100 * NetworkTests.link.bandwidth, latency: NetworkTests.link.latency)
    func end(budget: Int) throws -> RequestRecord {
      try Self.run(
        KVTransferSpec(mode: .layerwise), stepByStep: stepByStep, link: fast,
        change: { _, instances in instances[0].limits.maxNumBatchedTokens = budget },
        [(at: 0, prompt: 100, output: 3)]
      ).records[0]
    }
    // The last of two layers, 12,800 bytes at 100 a nanosecond, is sent from 2,100 on.
    #expect(try end(budget: 200).transferEnd.nanoseconds == 2100 + 128)
    // Chunks of 60 and 40 tokens end at 1,600 and 3,000; of the second's 10,240 bytes half is left then.
    let record = try end(budget: 60)
    #expect(record.prefillToken.nanoseconds == 3000)
    #expect(record.transferEnd.nanoseconds == 3100 + 52)
  }

  @Test(arguments: [false, true]) func blocksThatComeLateAreFilledAtOnce(stepByStep: Bool) throws {
    // The decode side holds one request of 26 blocks until 28,710; by then the other's prompt is long done.
    let result = try Self.run(
      KVTransferSpec(mode: .layerwise), decodeBlocks: 30, stepByStep: stepByStep,
      [(at: 0, prompt: 100, output: 3), (at: 100, prompt: 100, output: 3)])
    let (first, second) = (result.records[0], result.records[1])
    #expect(first.end.nanoseconds == 26_700 + 2 * 1005)
    #expect(second.transferStart == first.end)
    #expect(second.transferEnd.nanoseconds == 28_710 + 25_700)
    #expect(second.kvWait == first.end - second.prefillToken)
  }

  @Test(arguments: [false, true]) func aBusyInstancePullsBetweenTwoIterations(stepByStep: Bool)
    throws
  {
    let requests: [(at: Int64, prompt: Int, output: Int)] = [
      (at: 0, prompt: 100, output: 200), (at: 26_500, prompt: 50, output: 2),
    ]
    // The first decodes from 2,000 + 200 + 25,600 = 27,800 on, in iterations of 1,005 ns. The other's prompt ends at
    // 26,500 + 1,500 = 28,000, in the middle of the first one.
    let late = try Self.run(
      KVTransferSpec(mode: .pull), decodeBlocks: 200, stepByStep: stepByStep, requests)
    #expect(late.records[0].transferEnd.nanoseconds == 27_800)
    #expect(late.records[1].prefillToken.nanoseconds == 28_000)
    #expect(late.records[1].transferStart.nanoseconds == 28_805)
    let push = try Self.run(
      decodeBlocks: 200, stepByStep: stepByStep, requests)
    #expect(push.records[1].transferStart.nanoseconds == 28_000)
  }

  @Test func aPullWaitsForAPlaceAndAPushDoesNot() throws {
    for (mode, waits) in [(KVTransferSpec.Mode.push, false), (.pull, true)] {
      let result = try Self.run(
        KVTransferSpec(mode: mode), decodeBlocks: 200,
        change: { _, instances in instances[1].limits.maxNumSeqs = 1 },
        [(at: 0, prompt: 20, output: 100), (at: 50_000, prompt: 20, output: 2)])
      let second = result.records[1]
      #expect(second.transferStart == (waits ? result.records[0].end : second.prefillToken))
    }
  }

  @Test(arguments: [false, true]) func theDecodeSideMayGiveTheFirstToken(stepByStep: Bool) throws {
    let record = try Self.run(
      firstToken: .decode, stepByStep: stepByStep, [(at: 0, prompt: 100, output: 3)]
    ).records[0]
    #expect(record.prefillToken.nanoseconds == 2000)
    #expect(record.transferEnd.nanoseconds == 2000 + 25_700)
    // One token of the prompt is computed once more, which takes as long as a decode: 1,000 + 5 ns. Two more follow.
    #expect(record.firstToken.nanoseconds == 27_700 + 1005)
    #expect(record.decodeToken == record.firstToken)
    #expect(record.end.nanoseconds == 27_700 + 3 * 1005)
    #expect(record.outputTokens == 3)
  }

  @Test func aSingleTokenComesFromTheDecodeSideToo() throws {
    let record = try Self.run(firstToken: .decode, [(at: 0, prompt: 100, output: 1)]).records[0]
    #expect(record.firstToken.nanoseconds == 27_700 + 1005 && record.end == record.firstToken)
    let other = try Self.run(KVTransferSpec(), [(at: 0, prompt: 100, output: 1)]).records[0]
    #expect(other.end.nanoseconds == 2000 && other.transferStart == .never)
  }

  @Test(arguments: KVTransferSpec.Mode.allCases) func onlyMissingBlocksAreSent(
    mode: KVTransferSpec.Mode
  ) throws {
    // Two prompts of 40 tokens whose first 24 are the same; caches on both sides.
    let result = try Self.run(
      KVTransferSpec(mode: mode),
      change: { workload, _ in
        workload.contentUnit = 1
        for (index, tail) in [1, 2].enumerated() {
          workload.requests[index].contentStart = Int32(workload.content.count)
          workload.requests[index].contentCount = 40
          workload.content.append(contentsOf: (0..<24).map { UInt32($0 + 100) })
          workload.content.append(contentsOf: (0..<16).map { UInt32($0 + 1000 * tail) })
        }
      }, [(at: 0, prompt: 40, output: 2), (at: 50_000, prompt: 40, output: 2)])
    #expect(result.records[0].kvBytes == 40 * 256)
    // 24 tokens are six blocks, which the decode side still has.
    #expect(result.records[1].cachedTokens == 24)
    #expect(result.records[1].kvBytes == 16 * 256)
    #expect(result.instances[1].bytesReceived == 56 * 256)
    #expect(result.instances[0].bytesSent == 56 * 256)
  }
}
