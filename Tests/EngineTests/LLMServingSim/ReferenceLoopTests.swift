import Testing

@testable import Engine

/// The loop's rules, one by one.
@Suite struct ReferenceLoopTests {
  private typealias F = ReferenceFixture

  private func starts(_ result: RunResult) -> [Int64] {
    result.records.map { $0.lastPrefillStart.nanoseconds }
  }

  @Test func theClockStartsWithTheFirstArrivalAndThenTicksByMilliseconds() throws {
    let first = try F.time([(2, 0)])
    let scenario = try F.scenario(
      [.mixed], [F.request(123_456, 2, 1), F.request(5_000_000, 2, 1)])
    // Idle from 123,456 + first on; the fifth tick is the first that is late enough.
    #expect(starts(try F.run(scenario)) == [123_456, 123_456 + first + 5_000_000])
  }

  @Test func anIdleInstanceLooksWhenANodeOfAnotherEnds() throws {
    let scenario = try F.scenario(
      [.mixed, .mixed], [F.request(0, 2, 1), F.request(30_000, 2, 1), F.request(36_000, 2, 1)])
    let result = try F.run(scenario)
    // Nodes of the first end at 12, 24, 36 µs. The second request is seen at 36 µs, and so is the third, which has
    // arrived at that very moment and waits for the other instance.
    #expect(starts(result)[1] == 36_000)
    #expect(result.records.map(\.prefillInstance.index) == [0, 1, 0])
    #expect(starts(result)[2] == (try F.time([(2, 0)])))
  }

  @Test func whatArrivesAtTheEndOfAnIterationJoinsTheNext() throws {
    let first = try F.time([(2, 0)])
    let scenario = try F.scenario([.mixed], [F.request(0, 2, 9), F.request(first, 2, 1)])
    #expect(starts(try F.run(scenario))[1] == first)
  }

  @Test func queueingEndsWithTheLastChunk() throws {
    var limits = SchedulerLimits()
    limits.maxNumBatchedTokens = 4
    let scenario = try F.scenario([.mixed], [F.request(0, 10, 3)], limits: limits)
    let row = F.rows(try F.run(scenario), scenario)[0]
    let chunks = try F.time([(4, 0)]) + F.time([(4, 4)])
    #expect(row[8] == "\(chunks)")
    // The last chunk has two tokens.
    #expect(row[9] == "\(chunks + (try F.time([(2, 8)])))")
    #expect(row[11] == "\"[\(try F.time([(1, 10)])), \(try F.time([(1, 11)]))]\"")
  }

  @Test func aPromptIsHandedOverAtOnce() throws {
    let scenario = try F.scenario([.prefill, .decode], [F.request(0, 2, 3)])
    let row = F.rows(try F.run(scenario), scenario)[0]
    // Ids: 2 µs and 8 bytes at 1.07 bytes/ns. Nothing is left to send then.
    let first = try F.time([(2, 0)]) + 2_007
    let gaps = [try F.time([(1, 2)]), try F.time([(1, 3)])]
    #expect(
      row.map(String.init) == [
        "1", "0", "test/tiny", "2", "3", "0", "\(first + gaps[0] + gaps[1])",
        "\(first + gaps[0] + gaps[1])", "0", "\(first)", "\((gaps[0] + gaps[1]) / 2)",
        "\"[\(gaps[0]), \(gaps[1])]\"",
      ])
  }

  @Test func anEarlierDecodeInstanceLooksOneTickLater() throws {
    let scenario = try F.scenario([.decode, .prefill], [F.request(0, 2, 2)])
    let result = try F.run(scenario)
    #expect(
      (result.records[0].decodeStart - result.records[0].firstToken).nanoseconds == 1_000_000)
  }

  @Test func aSingleTokenIsHandedOverToo() throws {
    let scenario = try F.scenario([.prefill, .decode], [F.request(0, 2, 1)])
    let result = try F.run(scenario)
    #expect(result.gaps.count == 1)
    #expect(F.rows(result, scenario)[0][10] == "0")
  }

  @Test func decodesWithoutRoomEndTheRun() throws {
    // 4 blocks of 16 tokens; each request takes over with 2.
    let requests = (0..<3).map { _ in F.request(0, 20, 8) }
    let scenario = try F.scenario([.prefill, .decode], requests, blocks: 4)
    let error = try #require(throws: InputError.self) { try F.run(scenario) }
    #expect(error.problem.contains("decode/1 lacks KV blocks for request 2"))
  }

  @Test(arguments: [
    ([F.request(0, 60, 6)], "needs KV blocks for 65 tokens"),
    ([F.request(0, 60, 5), F.request(0, 65, 1)], "request 1"),
  ])
  func whatNeverFitsIsRefused(requests: [WorkloadRequest], problem: String) throws {
    let scenario = try F.scenario([.mixed], requests, blocks: 4)
    let error = try #require(throws: InputError.self) { try F.run(scenario) }
    #expect("\(error)".contains(problem))
  }

  @Test func promptsThatAreNeitherCutNorFitAreRefused() throws {
    var limits = SchedulerLimits()
    limits.enableChunkedPrefill = false
    limits.maxNumBatchedTokens = 8
    let scenario = try F.scenario([.mixed], [F.request(0, 9, 1)], limits: limits)
    #expect(throws: InputError.self) { try F.run(scenario) }
    // After a preemption what was generated counts too; then only the run itself can tell.
    limits.blockSize = 1
    let later = try F.scenario(
      [.mixed], [F.request(0, 2, 8), F.request(0, 6, 8)], blocks: 13, limits: limits)
    let error = try #require(throws: InputError.self) { try F.run(later) }
    #expect(error.problem.contains("waits for ever"))
  }

  /// The short prompt reaches the decode instance first, and so stands first when both end there at one moment.
  @Test func rowsOfOneMomentKeepTheOrderOfTheBatch() throws {
    var together = 0
    for output in 2..<20 {
      let scenario = try F.scenario(
        [.prefill, .prefill, .decode], [F.request(0, 40, 3), F.request(0, 2, output)])
      let result = try F.run(scenario)
      guard result.records[0].end == result.records[1].end else { continue }
      together += 1
      #expect(F.rows(result, scenario).map { $0[1] } == ["1", "0"])
    }
    #expect(together == 1)
  }

  @Test func laterCallsOfASessionFollowTheEnd() throws {
    var second = F.request(0, 2, 2)
    second.followsPrevious = true
    second.toolDelay = SimDuration(nanoseconds: 300_000)
    let scenario = try F.scenario([.mixed], [F.request(0, 2, 1), second])
    let result = try F.run(scenario)
    let end = try F.time([(2, 0)])
    #expect(result.records[1].arrival.nanoseconds == end + 300_000)
    #expect(starts(result)[1] == end + 1_000_000)
  }
}

/// The routers, seen from where requests go.
@Suite struct ReferenceRouterTests {
  private typealias F = ReferenceFixture

  private func places(
    _ routing: ReferenceRouting, _ requests: [WorkloadRequest]
  ) throws -> [Int32] {
    let scenario = try F.scenario([.mixed, .mixed, .mixed], requests)
    return try F.run(scenario, routing).records.map(\.prefillInstance.index)
  }

  @Test func equalLoadGoesBehindTheLastChoice() throws {
    // Far apart: all three are empty each time, and the pointer moves on.
    let apart = (0..<5).map { F.request(Int64($0) * 50_000_000, 2, 1) }
    #expect(try places(.load, apart) == [0, 1, 2, 0, 1])
    #expect(try places(.roundRobin, apart) == [0, 1, 2, 0, 1])
    // random.Random(42).randrange(3)
    #expect(try places(.random, apart) == [2, 0, 0, 2, 1])
  }

  @Test func aWaitingRequestCountsAsFourRunning() throws {
    // At 0 one goes to each of the first two. The third instance is empty twice, then holds one that waits (4), while
    // instances 0 and 1 run one each (1).
    let requests = [
      F.request(0, 2, 40), F.request(0, 2, 40), F.request(1, 2, 40), F.request(2, 2, 40),
      F.request(3, 2, 40),
    ]
    #expect(try places(.load, requests) == [0, 1, 2, 0, 1])
  }

  @Test func promptsAndDecodesHavePointersOfTheirOwn() throws {
    let requests = (0..<4).map { F.request(Int64($0) * 50_000_000, 2, 2) }
    let scenario = try F.scenario([.prefill, .prefill, .decode, .decode, .decode], requests)
    let records = try F.run(scenario, .roundRobin).records
    #expect(records.map(\.prefillInstance.index) == [0, 1, 0, 1])
    #expect(records.map(\.decodeInstance.index) == [2, 3, 4, 2])
  }
}
