import Testing

@testable import Engine

/// Moving requests by hand; costs and links as in `KVTransferTests`: an iteration takes 1,000 ns, 10 a prompt token and 5 a
/// decode request, a token's KV 256 bytes, which take 256 ns, behind a latency of 100 ns.
///
/// Each stage asks for blocks first, which takes twice the latency, so that its first byte arrives 300 ns after its
/// beginning. Blocks have 4 tokens, so the last stage has at most 64.
@Suite struct MigrationTests {
  static let toTheSecond = """
    on_first_token = function(request, cluster)
      if request.id == 0 then tell(cluster:migrate(request, cluster.instances[2])) end
    end,
    on_transfer = function(request) tell(request.id, "on", request.instance.name) end
    """

  static func run(
    _ hooks: String = toTheSecond, roles: [InstanceRole] = [.mixed, .mixed], blocks: Int = 300,
    stepByStep: Bool = false, faults: [Fault] = [], migration: MigrationSpec = MigrationSpec(),
    change: (inout Workload, inout [InstanceSpec]) -> Void = { _, _ in },
    _ requests: [(at: Int64, prompt: Int, output: Int)]
  ) throws -> (result: RunResult, told: String) {
    let policy = """
      local told = {}
      local function tell(...)
        local words = { ... }
        for i = 1, select("#", ...) do words[i] = tostring(words[i]) end
        told[#told + 1] = table.concat(words, " ")
      end
      return { api = 1, route = function(r, c) return c[1] end, \(hooks),
        done = function() return { told = table.concat(told, "; ") } end }
      """
    let result = try ScalingTests.withFile(policy) { file in
      try KVTransferTests.run(
        decodeBlocks: blocks, roles: roles, stepByStep: stepByStep, policy: file, faults: faults,
        migration: migration, change: change, requests)
    }
    let words = result.policyJSON?.split(separator: "\"").dropFirst(3).first.map(String.init)
    for (row, record) in result.records.enumerated() where record.outcome == .finished {
      #expect(Int(record.outputTokens) == requests[row].output)
      let gaps = result.gaps[result.gapStarts[row]..<result.gapStarts[row + 1]]
      #expect(gaps.count == requests[row].output - 1)
      #expect(gaps.reduce(0, +) == (record.end - record.firstToken).nanoseconds)
    }
    return (result, words ?? "")
  }

  @Test(arguments: [false, true]) func theRestFollowsWhatWasSentMeanwhile(stepByStep: Bool) throws {
    let (result, told) = try Self.run(stepByStep: stepByStep, [(at: 0, prompt: 100, output: 400)])
    let record = result.records[0]
    let migration = try #require(result.migration)
    #expect(told == "true; 0 on mixed/1")
    // 100 tokens are sent from 2,000 on: 2,300 + 25,600 = 27,900. The 26th iteration of 1,005 ns is under way then, and
    // ends at 28,130: 26 tokens more are 6,656 bytes.
    #expect(record.firstToken.nanoseconds == 2000)
    #expect(migration.downtimes == [300 + 6656])
    #expect(migration.stages == 2 && migration.bytes == 126 * 256)
    // 399 tokens after the first, 26 of them before it stops at 28,130.
    #expect(record.end.nanoseconds == 28_130 + 6956 + 373 * 1005)
    #expect(record.migrations == 1 && record.decodeInstance == InstanceID(1))
    #expect(result.instances[0].decodeTokens == 26 && result.instances[1].decodeTokens == 373)
    #expect(result.instances[0].bytesSent == 126 * 256)
    #expect(result.instances[1].bytesReceived == 126 * 256)
  }

  @Test(arguments: [false, true]) func eachStageHasTheTokensOfTheOneBefore(stepByStep: Bool) throws
  {
    let (result, _) = try Self.run(stepByStep: stepByStep, [(at: 0, prompt: 300, output: 400)])
    // 300 tokens from 4,000 to 4,300 + 76,800 = 81,100: 76 iterations have ended, more than 64 tokens are to be sent. They
    // are there at 81,400 + 19,456 = 100,856; the 97th ends at 4,000 + 97 · 1,005 = 101,485, and 21 tokens are left.
    let migration = try #require(result.migration)
    #expect(migration.stages == 3 && migration.bytes == 397 * 256)
    #expect(migration.downtimes == [300 + 21 * 256])
    #expect(result.instances[0].decodeTokens == 97)
    #expect(result.records[0].end.nanoseconds == 101_485 + 5676 + 302 * 1005)
  }

  @Test(arguments: [false, true]) func aShortContextIsSentAtOnce(stepByStep: Bool) throws {
    let (result, _) = try Self.run(stepByStep: stepByStep, [(at: 0, prompt: 40, output: 50)])
    // Its prompt ends at 1,400, and the first iteration after it at 2,405.
    let migration = try #require(result.migration)
    #expect(migration.stages == 1 && migration.downtimes == [300 + 41 * 256])
    #expect(result.records[0].end.nanoseconds == 2405 + 10_796 + 48 * 1005)
  }

  @Test(arguments: [false, true]) func withoutStagesDecodingStopsForAllOfIt(stepByStep: Bool) throws
  {
    var migration = MigrationSpec()
    (migration.lastStageBlocks, migration.maxStages) = (1000, 1)
    let (result, _) = try Self.run(
      stepByStep: stepByStep, migration: migration, [(at: 0, prompt: 300, output: 400)])
    // All 301 tokens: the prompt's, and that of the iteration after it.
    #expect(result.migration?.downtimes == [77_356])
    migration.lastStageBlocks = 16
    let (other, _) = try Self.run(
      stepByStep: stepByStep, migration: migration, [(at: 0, prompt: 300, output: 400)])
    #expect(other.migration?.aborts == [0, 0, 0, 1, 0] && other.migration?.bytes == 0)
    #expect(other.records[0].end.nanoseconds == 4000 + 399 * 1005)
  }

  @Test(arguments: [false, true]) func whatTheDestinationHasIsNotSent(stepByStep: Bool) throws {
    // The second instance has computed the same 100 tokens before: 25 blocks.
    let (result, _) = try Self.run(
      """
      on_first_token = function(request, cluster)
        if request.id == 1 then tell(cluster:migrate(request, cluster.instances[2])) end
      end, route = function(request, c) return c[2 - request.id] end
      """, stepByStep: stepByStep,
      change: { workload, _ in
        workload.contentUnit = 1
        for index in 0..<2 {
          workload.requests[index].contentStart = 0
          workload.requests[index].contentCount = 100
        }
        workload.content.append(contentsOf: (0..<100).map { UInt32($0) })
      }, [(at: 0, prompt: 100, output: 2), (at: 50_000, prompt: 100, output: 20)])
    // One token since: 1,005 ns after its first one.
    #expect(result.migration?.bytes == 256 && result.migration?.downtimes == [556])
  }

  @Test(arguments: [false, true]) func whoEndsFirstDoesNotGo(stepByStep: Bool) throws {
    let (result, _) = try Self.run(stepByStep: stepByStep, [(at: 0, prompt: 100, output: 10)])
    let migration = try #require(result.migration)
    #expect(migration.aborts == [1, 0, 0, 0, 0])
    #expect(result.records[0].end.nanoseconds == 2000 + 9 * 1005)
    // From 2,300 until then.
    #expect(migration.bytes == 9 * 1005 - 300)
    #expect(result.instances[1].kvPeakBlocks == 25)
  }

  @Test(arguments: [false, true]) func aDeadDestinationCostsNothingButTime(stepByStep: Bool) throws
  {
    let id = InstanceID(1)
    func end(at time: Int64) throws -> (RequestRecord, MigrationTotals?) {
      let fault = Fault(.kill, .instance(id), at: SimTime(nanoseconds: time), words: "kill")
      let (result, _) = try Self.run(
        stepByStep: stepByStep, faults: [fault], [(at: 0, prompt: 100, output: 400)])
      #expect(result.faults[0].requests == 0 && result.records[0].retries == 0)
      return (result.records[0], result.migration)
    }
    let early = try end(at: 20_000)
    #expect(early.0.end.nanoseconds == 2000 + 399 * 1005)
    #expect(early.1?.aborts == [0, 0, 0, 0, 1] && early.1?.bytes == 17_700)
    // In the last stage, which began at 28,130: it goes on where its KV cache still is.
    let late = try end(at: 30_000)
    #expect(late.0.end.nanoseconds == 30_000 + 373 * 1005)
    // From 28,430 on.
    #expect(late.1?.bytes == 27_170)
  }

  @Test(arguments: [false, true]) func aDeadSourceTakesTheRequestWithIt(stepByStep: Bool) throws {
    for time: Int64 in [20_000, 30_000] {
      let fault = Fault(
        .kill, .instance(InstanceID(0)), at: SimTime(nanoseconds: time), words: "kill")
      let (result, _) = try Self.run(
        stepByStep: stepByStep, faults: [fault], [(at: 0, prompt: 100, output: 400)])
      #expect(result.migration?.aborts == [0, 0, 0, 0, 1])
      #expect(result.records[0].retries == 1 && result.records[0].outcome == .finished)
      #expect(result.records[0].prefillInstance == InstanceID(1))
      #expect(result.instances[1].kvPeakBlocks == 125)
    }
  }

  @Test(arguments: [false, true]) func aFullDestinationGetsNoMore(stepByStep: Bool) throws {
    // 30 blocks hold the 100 tokens, and not the 26 that follow.
    let (result, told) = try Self.run(
      stepByStep: stepByStep, change: { _, instances in instances[1].kvBlocks = 30 },
      [(at: 0, prompt: 100, output: 20)])
    #expect(told == "true" && result.migration?.aborts == [1, 0, 0, 0, 0])
    let (longer, _) = try Self.run(
      """
      on_first_token = function(request, cluster)
        if request.id == 1 then tell(cluster:migrate(request, cluster.instances[2])) end
      end, route = function(request, c) return c[2 - request.id] end
      """, stepByStep: stepByStep, change: { _, instances in instances[1].kvBlocks = 66 },
      [(at: 0, prompt: 100, output: 100), (at: 30_000, prompt: 100, output: 100)])
    // At 58,130 the other request holds 39 blocks, 25 are promised, and 7 more are needed.
    #expect(longer.migration?.aborts == [0, 0, 1, 0, 0])
  }

  @Test func whatCannotBeIsRefused() throws {
    let (_, told) = try Self.run(
      """
      on_first_token = function(request, cluster)
        local function try(to) tell(select(2, cluster:migrate(request, to))) end
        local i = cluster.instances
        if request.id == 0 then
          try(i[3])
          return
        end
        for _, place in ipairs { 1, 2, 4 } do try(i[place]) end
        cluster:remove_instance(i[2])
        try(i[2])
        local r = i[1].running
        tell(cluster:migrate(r[1], i[3]))
        tell(cluster:migrate(r[1], i[3]))
        tell(r[1].migrating_to.name, i[3].kv_reserved_tokens, i[3].inflight, i[3].transfers_in, i[1].transfers_out)
      end,
      route = function(request, c)
        if request.stage == "decode" then return c[2] end
        return request.id == 0 and c[#c] or c[1]
      end
      """, roles: [.mixed, .mixed, .mixed, .prefill],
      change: { _, instances in instances[1].kvBlocks = 30 },
      [(at: 0, prompt: 100, output: 90), (at: 40_000, prompt: 60, output: 90)])
    #expect(
      told
        == "not decoding; there already; can never hold it; does not decode; not up; "
        + "true; false on its way already; mixed/2 60 2 1 1")
  }

  @Test(arguments: [
    ("cluster:migrate(request)", "migrate: the instance is nil"),
    ("cluster:migrate(cluster.instances[2], request)", "migrate: the request is"),
    ("cluster.migrate(request, cluster.instances[2])", "call it with a colon"),
  ]) func whatMeansNothingIsAnError(call: String, problem: String) throws {
    let error = try #require(throws: SimulationError.self) {
      try Self.run(
        "on_first_token = function(request, cluster) \(call) end",
        [(at: 0, prompt: 100, output: 3)])
    }
    #expect("\(error)".contains(problem), "\(error)")
  }
}
