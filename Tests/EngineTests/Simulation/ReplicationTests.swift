import Testing

@testable import Engine

/// Copying prefixes by hand; costs and links as in `KVTransferTests`: a token's KV is 256 bytes and takes 256 ns behind 100 ns
/// of latency, an iteration 1,000 ns and 10 a prompt token.
@Suite struct ReplicationTests {
  static let toTheSecond = """
    on_finish = function(request, cluster)
      local i = cluster.instances
      if request.id == 0 then tell(cluster:replicate(request, i[1], i[2])) end
    end,
    route = function(request, c) return c[request.id == 0 and 1 or 2] end
    """

  /// Prompts of 100 tokens, the first `shared` of them the same.
  static func run(
    _ hooks: String = toTheSecond, shared: Int = 100, stepByStep: Bool = false,
    faults: [Fault] = [],
    change: @escaping (inout [InstanceSpec]) -> Void = { _ in },
    _ requests: [(at: Int64, prompt: Int, output: Int)]
  ) throws -> (result: RunResult, told: String) {
    try MigrationTests.run(
      hooks, stepByStep: stepByStep, faults: faults,
      change: { workload, instances in
        workload.contentUnit = 1
        for index in requests.indices {
          workload.requests[index].contentStart = Int32(workload.content.count)
          workload.requests[index].contentCount = 100
          workload.content.append(
            contentsOf: (0..<100).map { UInt32($0 < shared ? $0 : 1000 * (index + 1) + $0) })
        }
        change(&instances)
      }, requests)
  }

  @Test(arguments: [false, true]) func aPromptFindsWhatWasCopied(stepByStep: Bool) throws {
    let (result, told) = try Self.run(
      stepByStep: stepByStep,
      [(at: 0, prompt: 100, output: 2), (at: 50_000, prompt: 100, output: 2)])
    let copies = try #require(result.replication)
    #expect(told == "true" && copies.begun == 1 && copies.finished == 1)
    #expect(copies.tokens == 100 && copies.bytes == 25_600)
    #expect(result.instances[0].bytesSent == 25_600 && result.instances[1].bytesReceived == 25_600)
    // All but the last block, since at least one token is computed: 4 of 100.
    #expect(result.records[1].cachedTokens == 96)
    #expect(result.records[1].firstToken.nanoseconds == 50_000 + 1040)
    // From 3,005 until 3,005 + 100 + 25,600 both hold it: 25 blocks each.
    #expect(result.instances[1].kvPeakBlocks >= 25)
  }

  @Test(arguments: [false, true]) func itIsThereWhenItHasArrived(stepByStep: Bool) throws {
    func cached(_ time: Int64) throws -> Int32 {
      try Self.run(
        stepByStep: stepByStep,
        [(at: 0, prompt: 100, output: 2), (at: time, prompt: 100, output: 2)]
      ).result.records[1].cachedTokens
    }
    #expect(try cached(28_704) == 0)
    #expect(try cached(28_706) == 96)
  }

  @Test(arguments: [false, true]) func onlyWhatIsMissingTravels(stepByStep: Bool) throws {
    // The second instance has computed a prompt with the same first 24 tokens.
    let (result, _) = try Self.run(
      """
      on_finish = function(request, cluster)
        local i = cluster.instances
        if request.id == 1 then tell(cluster:replicate(request, i[1], i[2])) end
      end,
      route = function(request, c) return c[request.id == 1 and 1 or 2] end
      """, shared: 24, stepByStep: stepByStep,
      [(at: 0, prompt: 100, output: 2), (at: 10_000, prompt: 100, output: 2)])
    #expect(result.replication?.tokens == 76 && result.replication?.bytes == 76 * 256)
  }

  @Test(arguments: [false, true]) func aFaultEndsACopy(stepByStep: Bool) throws {
    for kind in [Fault.Kind.kill, .loseTransfers] {
      for index in 0..<2 {
        let fault = Fault(
          kind, .instance(InstanceID(index)), at: SimTime(nanoseconds: 10_000),
          for: SimDuration(nanoseconds: 5000), words: "fault")
        let (result, _) = try Self.run(
          stepByStep: stepByStep, faults: [fault],
          [(at: 0, prompt: 100, output: 2), (at: 50_000, prompt: 100, output: 2)])
        #expect(result.replication?.aborted == 1 && result.replication?.tokens == 0)
        // From 3,105 until 10,000.
        #expect(result.replication?.bytes == 6895)
        #expect(result.records[1].cachedTokens == 0)
      }
    }
  }

  /// A run is over when its last request is; the link would come back later.
  @Test(arguments: [false, true]) func whatIsUnderWayAtTheEndIsGivenUp(stepByStep: Bool) throws {
    let cut = Fault(
      .cutLink, .instance(InstanceID(1)), at: SimTime(nanoseconds: 10_000),
      for: SimDuration(nanoseconds: 1_000_000_000), words: "cut link")
    let (result, _) = try Self.run(
      stepByStep: stepByStep, faults: [cut], [(at: 0, prompt: 100, output: 2)])
    #expect(result.replication?.begun == 1 && result.replication?.aborted == 1)
    #expect(result.replication?.bytes == 6895 && result.instances[1].bytesReceived == 6895)
    #expect(result.brokenLaw(injected: 1) == nil && result.kvBlocksHeld == 0)
  }

  @Test func whatCannotBeIsRefused() throws {
    let (_, told) = try Self.run(
      """
      on_first_token = function(request, cluster)
        local i = cluster.instances
        local function try(from, to) tell(select(2, cluster:replicate(request, from, to))) end
        if request.id == 1 then
          try(i[1], i[1])
          try(i[2], i[1])
          try(i[1], i[2])
          try(i[1], i[2])
          cluster:remove_instance(i[2])
          try(i[1], i[2])
        end
      end,
      route = function(_, c) return c[1] end
      """, [(at: 0, prompt: 100, output: 2), (at: 10_000, prompt: 100, output: 2)])
    #expect(
      told
        == "there already; nothing that is missing there; ; on its way already; not up")
    for (change, reason): ((inout [InstanceSpec]) -> Void, String) in [
      ({ $0[1].kvBlocks = 20 }, "no KV block for it"),
      ({ $0[1].limits.blockSize = 8 }, "serves another model, or in other blocks"),
      ({ $0[1].kvType = .fp8 }, "serves another model, or in other blocks"),
      ({ $0[1].limits.enablePrefixCaching = false }, "nothing that is missing there"),
    ] {
      let (_, told) = try Self.run(change: change, [(at: 0, prompt: 100, output: 2)])
      #expect(told == "false \(reason)")
    }
  }

  @Test func whatTakesBlocksIsNotForPreemptions() throws {
    let i = "cluster.instances"
    for call in ["migrate(request, \(i)[2])", "replicate(request, \(i)[1], \(i)[2])"] {
      let error = try #require(throws: SimulationError.self) {
        try MigrationTests.run(
          "on_preempt = function(request, cluster) cluster:\(call) end", blocks: 40,
          [(at: 0, prompt: 60, output: 40), (at: 0, prompt: 60, output: 40)])
      }
      #expect("\(error)".contains("cannot be used in on_preempt"), "\(error)")
    }
  }
}
