import Testing

@testable import Engine

/// The batch of an iteration is fixed when the one before it begins. Iterations of 1,000 ns, and timelines by hand.
@Suite struct AsynchronousSchedulingTests {
  private static func run(
    _ requests: [(arrival: Int64, prompt: Int, output: Int)], isAsynchronous: Bool,
    maxNumSeqs: Int = 8, blocks: Int = 100, receipt: Double = 0
  ) throws -> ContiguousArray<RequestRecord> {
    var limits = SchedulerLimits()
    limits.maxNumSeqs = maxNumSeqs
    var instance = RandomScenario.instance("mixed/0", .mixed, blocks: blocks, limits: limits)
    var platform = PlatformSpec(source: "test", name: "test")
    platform.schedulesAsynchronously = isAsynchronous
    platform.clientReceipt = receipt
    instance.platform = platform
    var workload = Workload(source: "test", format: "test")
    workload.requests = RequestList(
      requests.map {
        WorkloadRequest(
          arrival: SimTime(nanoseconds: $0.arrival), promptTokens: $0.prompt,
          outputTokens: $0.output)
      })
    var options = RunOptions()
    options.check = true
    let cost = LinearCost(base: 1000, perPrefillToken: 0, perDecodeRequest: 0)
    return try Simulation.run(
      Scenario(
        cluster: RandomScenario.cluster([instance]), costs: [.linear(cost)], workload: workload,
        options: options)
    ).records
  }

  private static func firstTokens(_ records: ContiguousArray<RequestRecord>) -> [Int64] {
    records.map(\.firstToken.nanoseconds)
  }

  @Test func aNewcomerWaitsForOneMoreIteration() throws {
    // B comes while A's first iteration runs, 0 to 1000; the second was fixed at 0.
    let requests = [(arrival: Int64(0), prompt: 10, output: 5), (500, 10, 5)]
    #expect(Self.firstTokens(try Self.run(requests, isAsynchronous: false)) == [1000, 2000])
    #expect(Self.firstTokens(try Self.run(requests, isAsynchronous: true)) == [1000, 3000])
    // Who comes just when an iteration begins is in the next one.
    let punctual = [(arrival: Int64(0), prompt: 10, output: 5), (1000, 10, 5)]
    #expect(Self.firstTokens(try Self.run(punctual, isAsynchronous: true)) == [1000, 3000])
    // Nothing was fixed while nothing ran.
    let later = [(arrival: Int64(0), prompt: 10, output: 2), (2500, 10, 5)]
    #expect(Self.firstTokens(try Self.run(later, isAsynchronous: true)) == [1000, 3500])
  }

  @Test func aPlaceIsFreeOneIterationLater() throws {
    // A and B fill the running set; A ends at 2000, when the iteration from 2000 on had been fixed with it.
    let requests = [(arrival: Int64(0), prompt: 10, output: 2), (0, 10, 9), (0, 10, 1)]
    #expect(
      Self.firstTokens(try Self.run(requests, isAsynchronous: false, maxNumSeqs: 2))
        == [1000, 1000, 3000])
    #expect(
      Self.firstTokens(try Self.run(requests, isAsynchronous: true, maxNumSeqs: 2))
        == [1000, 1000, 4000])
  }

  @Test func blocksAreFreeOneIterationLater() throws {
    // Blocks of 16: A and B hold two of four each; C needs three.
    let requests = [(arrival: Int64(0), prompt: 20, output: 2), (0, 20, 5), (0, 30, 1)]
    #expect(
      Self.firstTokens(try Self.run(requests, isAsynchronous: false, blocks: 4))
        == [1000, 1000, 3000])
    #expect(
      Self.firstTokens(try Self.run(requests, isAsynchronous: true, blocks: 4))
        == [1000, 1000, 4000])
  }

  @Test func anEmptyBatchIsChosenAnew() throws {
    // A is alone and ends at 2000: nothing was fixed for then, so B, there since 500, begins at once.
    let requests = [(arrival: Int64(0), prompt: 10, output: 2), (500, 10, 1)]
    #expect(
      Self.firstTokens(try Self.run(requests, isAsynchronous: true, maxNumSeqs: 1))
        == [1000, 3000])
  }

  @Test func clientsSeeTokensLater() throws {
    let requests = [(arrival: Int64(0), prompt: 10, output: 3)]
    let record = try Self.run(requests, isAsynchronous: false, receipt: 2)[0]
    // Tokens at 1000, 2000 and 3000, and 2 µs to the client.
    #expect(record.timeToFirstToken == SimDuration(nanoseconds: 3000))
    #expect(record.endToEnd == SimDuration(nanoseconds: 5000))
    #expect(record.nanosecondsPerOutputToken == 1000)
  }
}
