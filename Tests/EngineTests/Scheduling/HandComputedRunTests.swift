import Testing

@testable import Engine

/// Whole runs small enough to do by hand: 1,000 ns an iteration, 10 ns a prompt token, 5 ns a decode request.
@Suite struct HandComputedRunTests {
  private static let cost = IterationCost.linear(
    LinearCost(base: 1000, perPrefillToken: 10, perDecodeRequest: 5))

  private func run(
    _ instances: [InstanceSpec], _ requests: [(at: Int64, prompt: Int, output: Int)],
    link: LinkSpec? = nil, stepByStep: Bool = false
  ) throws -> RunResult {
    var workload = Workload(source: "test", format: "by hand")
    for request in requests {
      workload.requests.append(
        WorkloadRequest(
          arrival: SimTime(nanoseconds: request.at), promptTokens: request.prompt,
          outputTokens: request.output))
    }
    var options = RunOptions()
    options.check = true
    options.stepByStep = stepByStep
    return try Simulation.run(
      Scenario(
        cluster: RandomScenario.cluster(instances, link: link),
        costs: instances.map { _ in Self.cost }, workload: workload, options: options))
  }

  private func limits(_ change: (inout SchedulerLimits) -> Void = { _ in }) -> SchedulerLimits {
    var limits = SchedulerLimits()
    limits.blockSize = 4
    change(&limits)
    return limits
  }

  @Test(arguments: [false, true]) func oneRequestAlone(stepByStep: Bool) throws {
    let instance = RandomScenario.instance("mixed/0", .mixed, blocks: 50, limits: limits())
    let result = try run([instance], [(at: 70, prompt: 100, output: 3)], stepByStep: stepByStep)
    // 1,000 + 10 x 100 for the prompt, 1,000 + 5 for each further token
    #expect(result.records[0].firstToken.nanoseconds == 70 + 2000)
    #expect(result.records[0].end.nanoseconds == 70 + 2000 + 2 * 1005)
    #expect(result.iterations == 3)
  }

  @Test func aPromptIsSplitOverTheBudget() throws {
    let instance = RandomScenario.instance(
      "mixed/0", .mixed, blocks: 100, limits: limits { $0.maxNumBatchedTokens = 64 })
    let result = try run(
      [instance], [(at: 0, prompt: 60, output: 4), (at: 1, prompt: 100, output: 1)])
    // 60 tokens; then three iterations with one decode request: 63, 37 tokens of the other, and none.
    #expect(result.records[0].firstToken.nanoseconds == 1600)
    let second: Int64 = 1600 + 1000 + 5 + 630
    let third: Int64 = second + 1000 + 5 + 370
    #expect(result.records[1].prefillStart.nanoseconds == 1600)
    #expect(result.records[1].firstToken.nanoseconds == third)
    #expect(result.records[0].end.nanoseconds == third + 1005)
  }

  @Test func thresholdAndPlacesHold() throws {
    let instance = RandomScenario.instance(
      "mixed/0", .mixed, blocks: 100,
      limits: limits {
        $0.longPrefillTokenThreshold = 50
        $0.maxNumSeqs = 1
      })
    let result = try run(
      [instance], [(at: 0, prompt: 80, output: 1), (at: 0, prompt: 10, output: 1)])
    // 50 and 30 tokens; the other has no place until the first is done.
    #expect(result.records[0].end.nanoseconds == 1500 + 1300)
    #expect(result.records[1].prefillStart.nanoseconds == 2800)
    #expect(result.records[1].end.nanoseconds == 2800 + 1100)
  }

  @Test(arguments: [false, true]) func whoCameLastMakesRoomAndStartsAgain(stepByStep: Bool) throws {
    // 4 blocks of 4 tokens. Both prompts take 2; the ninth token of the first needs a third one.
    let instance = RandomScenario.instance("mixed/0", .mixed, blocks: 4, limits: limits())
    let result = try run(
      [instance], [(at: 0, prompt: 7, output: 4), (at: 0, prompt: 7, output: 4)],
      stepByStep: stepByStep)
    // Both prompts; both second tokens; then the first alone for its last two.
    #expect(result.records[0].end.nanoseconds == 1140 + 1010 + 1005 + 1005)
    // 9 tokens are computed again and give the third one; then the last.
    #expect(result.records[1].end.nanoseconds == 4160 + 1090 + 1005)
    #expect(result.records[1].preemptions == 1 && result.records[0].preemptions == 0)
    #expect(result.records[1].firstToken.nanoseconds == 1140, "it has been sent, and stays sent")
    #expect(result.instances[0].recomputedTokens == 9)
  }

  @Test(arguments: [false, true]) func aPromptIsHandedOver(stepByStep: Bool) throws {
    let result = try run(
      [
        RandomScenario.instance("prefill/0", .prefill, blocks: 50, limits: limits()),
        RandomScenario.instance("decode/0", .decode, blocks: 50, limits: limits()),
      ], [(at: 0, prompt: 100, output: 3)], stepByStep: stepByStep)
    let record = result.records[0]
    #expect(record.firstToken.nanoseconds == 2000)
    #expect(record.transferStart.nanoseconds == 2000)
    // 100 tokens x 256 bytes; 2,000 ns + 25,600 / 1.073741824 bytes a ns = 25,841.9 ns
    #expect(record.kvBytes == 25_600)
    #expect(record.transferEnd.nanoseconds == 2000 + 25_842)
    #expect(record.end.nanoseconds == 27_842 + 2 * 1005)
    #expect(result.instances[0].kvPeakBlocks == 25 && result.instances[1].kvPeakBlocks == 26)
  }

  @Test func aFullDecodeInstanceMakesPromptsWaitWhereTheyAre() throws {
    // The decode side holds one request at a time: 26 of its 30 blocks.
    let result = try run(
      [
        RandomScenario.instance("prefill/0", .prefill, blocks: 60, limits: limits()),
        RandomScenario.instance("decode/0", .decode, blocks: 30, limits: limits()),
      ], [(at: 0, prompt: 100, output: 3), (at: 0, prompt: 100, output: 3)],
      link: LinkSpec(bandwidth: 100, latency: SimDuration(nanoseconds: 0)))
    // Both prompts in one iteration of 200 tokens.
    #expect(result.records.map(\.firstToken.nanoseconds) == [3000, 3000])
    let first = result.records[0]
    let second = result.records[1]
    #expect(second.transferStart == first.end, "blocks are promised the moment they are free")
    #expect(second.kvWait == first.end - first.firstToken)
    #expect(result.instances[0].kvWait == second.kvWait)
  }
}
