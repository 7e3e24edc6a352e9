import Testing

@testable import Engine

/// The nodes of an iteration.
@Suite struct ReferenceTimelineTests {
  @Test(arguments: 0..<100)
  func nodesRiseAndEndWithTheIteration(seed: Int) throws {
    var random = RandomScenario(seed: seed)
    let batch = (0..<random.number(1...12)).map { _ in
      (new: random.chance(0.5) ? 1 : random.number(2...50), computed: random.number(0...80))
    }
    let shape = CostFixture.shape(batch)
    for tpSize in [1, 2] {
      let cost = try ReferenceFixture.cost(tpSize: tpSize)
      let ends = cost.timeline(shape)
      #expect(ends.last == cost.iterationTime(shape).nanoseconds)
      #expect(zip(ends, ends.dropFirst()).allSatisfy { $0 <= $1 })
      // Ids in, embedding, norm, head, sampler, ids out; nine layers a block, and two all-reduces.
      #expect(ends.count == 6 + 2 * (tpSize == 1 ? 9 : 11))
    }
  }

  @Test func nodesByHand() throws {
    // 2 tokens of one prompt: every dense layer 12 µs. Attention of 2 prefill tokens lies 2/16 of the way from the
    // slice without prefill, which is the nearest with decodes (8 µs), to 30 µs: 10.75 µs.
    let ends = try ReferenceFixture.cost().timeline(CostFixture.shape([(2, 0)]))
    #expect(Array(ends.prefix(6)) == [0, 12_000, 24_000, 36_000, 48_000, 58_750])
  }

  /// Layers' messages queue behind each other; the last one carries the ids.
  @Test(
    arguments: [
      // Short messages hide behind the layers: 18 of 12 µs, attention 2 × 10.75, head and sampler 6 + 1.
      (1_000, 18 * 12_000 + 21_500 + 6_000 + 1_000),
      // Long ones: the first starts with the first projection at 36 µs, and two follow.
      (1_000_000, 36_000 + 3 * 1_000_000),
    ] as [(Int64, Int64)])
  func prefillEndsWithItsLastMessage(latency: Int64, end: Int64) throws {
    let sends = ProfileCost.KVSends(
      bytesPerToken: 0,
      link: LinkSpec(bandwidth: 1, latency: SimDuration(nanoseconds: latency)))
    // 4 bytes for each of 2 tokens at 1.07 bytes/ns: 7 ns more.
    let ends = try ReferenceFixture.cost().timeline(CostFixture.shape([(2, 0)]), sends: sends)
    #expect(ends.last == end + 7)
  }

  @Test func allReducesWaitForMessages() throws {
    let shape = CostFixture.shape([(2, 0)])
    let cost = try ReferenceFixture.cost(tpSize: 2)
    let link = LinkSpec(bandwidth: 1, latency: SimDuration(nanoseconds: 1_000_000))
    let plain = try #require(cost.timeline(shape).last)
    let sends = ProfileCost.KVSends(bytesPerToken: 0, link: link)
    let delayed = try #require(cost.timeline(shape, sends: sends).last)
    // Beside the message of the ids, each layer's one keeps the first all-reduce of its block waiting: it starts with
    // the projection and would be overtaken by rotary embedding, attention and output projection.
    let hidden: Int64 = 12_000 + 10_750 + 12_000
    #expect(delayed == plain + 2 * (1_000_000 - hidden) + 1_000_007)
  }
}
