import Testing

@testable import Engine

/// Lookups by hand, on a profile of a few rows.
@Suite struct CostProfileLookupTests {
  private func nanoseconds(
    _ rules: ProfileRules, _ batch: [(new: Int, computed: Int)]
  ) throws -> Int64 {
    try CostBundleFixture().cost(rules).iterationTime(CostFixture.shape(batch)).nanoseconds
  }

  @Test(arguments: [ProfileRules.reference, .native])
  func layersAreSummed(rules: ProfileRules) throws {
    // 1 token: embedding 11 + 2 layers x 8 kernels x 11 + last norm 11 = 198 µs; head 5 + 1; attention 2 x 8.
    #expect(try nanoseconds(rules, [(1, 16)]) == 220_000)
    // Context halfway between 16 and 32: attention 2 x 12.
    #expect(try nanoseconds(rules, [(1, 24)]) == 228_000)
    // Below the first context the first time holds; above the last the line goes on: 8 + 8 x 32/16 = 24.
    #expect(try nanoseconds(rules, [(1, 3)]) == 220_000)
    #expect(try nanoseconds(rules, [(1, 48)]) == 252_000)
  }

  @Test(arguments: [ProfileRules.reference, .native])
  func unequalContextsAreSlower(rules: ProfileRules) throws {
    // 2 tokens: 18 x 12 = 216; head 6 + 1; attention at mean 24 is 15, at longest 32 is 20.
    // Rate (24 - 16) / (32 - 16) = 0.5 is "high": alpha 0.4, 15 + 0.4 x 5 = 17 in each of 2 layers.
    #expect(try nanoseconds(rules, [(1, 16), (1, 32)]) == 257_000)
    // Equal contexts take the time of their mean.
    #expect(try nanoseconds(rules, [(1, 24), (1, 24)]) == 253_000)
  }

  @Test func skewRowIsTheNearestChunkNativelyAndTheDefaultByReference() throws {
    let axes = SkewTable.Axes(
      count: .init(bounds: [10], labels: ["a"]), rate: .init(bounds: [1], labels: ["a"]),
      longest: .init(bounds: [10], labels: ["a"]),
      prefillContext: .init(bounds: [10], labels: ["a"]))
    let rows = [(16, 0.5), (64, 0.25)].map {
      SkewTable.Row(
        chunk: $0.0, count: 0, rate: 0, longest: 0, prefillContext: 0, alpha: $0.1)
    }
    func alpha(_ chunk: Double, _ rule: ProfileRules.SkewChunk) -> Double {
      SkewTable(axes: axes, defaultAlpha: 0.1, rows: rows, rule: rule).alpha(
        chunk: chunk, prefillContext: 0, count: 2, mean: 5, shortest: 1, longest: 9)
    }
    for (chunk, native, exact) in [
      (0.0, 0.5, 0.1), (16, 0.5, 0.5), (40, 0.5, 0.1), (41, 0.25, 0.1), (64, 0.25, 0.25),
      (9999, 0.25, 0.1),
    ] {
      #expect(alpha(chunk, .nearest) == native)
      #expect(alpha(chunk, .exact) == exact)
    }
  }

  @Test func beyondTheLastTokenCountNoiseDoesNotDecideNatively() {
    let points = [(10, Int64(100)), (20, 200), (30, 300), (31, 400)].map {
      (count: $0.0, time: $0.1)
    }
    // The last two points rise by 100 a token.
    #expect(LatencyCurve(points, .lastTwoPoints).time(at: 41) == 1400)
    // From half of 31 on: x 20, 30, 31 and y 200, 300, 400; slope 1100 / 74 = 14.86.
    #expect(LatencyCurve(points, .upperHalf).time(at: 41) == 548)
    // A falling tail stays level.
    let falling = [(1, Int64(50)), (2, 40)].map { (count: $0.0, time: $0.1) }
    #expect(LatencyCurve(falling, .upperHalf).time(at: 100) == 40)
    #expect(LatencyCurve(falling, .lastTwoPoints).time(at: 100) == 1)
  }

  @Test func longChunksAreCutNatively() throws {
    let native = try nanoseconds(.native, [(64, 0)]) - nanoseconds(.native, [(32, 0)])
    // 64 tokens are two pieces of 32 with a mean context of 16: 2 x 70; 32 tokens are 50. Twice for two layers.
    // Dense layers: 32 more tokens x 18 kernels. Token ids: 256 bytes at 256 GB/s, in and out.
    #expect(native == 2 * (140_000 - 50_000) + 32 * 18_000 + 2)
    // The reference continues the line from 30 (16) and 50 (32) to 90 (64).
    let reference = try nanoseconds(.reference, [(64, 0)]) - nanoseconds(.reference, [(32, 0)])
    #expect(reference == 2 * (90_000 - 50_000) + 32 * 18_000 + 2)
  }

  @Test func promptsDoNotAttendToEachOtherNatively() throws {
    let batch = [(new: 16, computed: 16), (new: 16, computed: 0)]
    let alone = [(new: 32, computed: 0)]
    // One more request in the head is 1 µs. 528 pairs over 32 queries are 16.5 keys each: as 32 tokens without context.
    #expect(try nanoseconds(.native, batch) == nanoseconds(.native, alone) + 1000)
    // The reference gives all 32 queries the context of 16: 70 instead of 50, twice.
    #expect(try nanoseconds(.reference, batch) == nanoseconds(.reference, alone) + 41_000)
  }

  @Test func profiledTimesAreRoundedHalfToEven() throws {
    let bundle = try CostBundleFixture()
    try bundle.write(
      "tp1/per_sequence.csv", "layer,sequences,time_us\nlm_head,1,5.0005\nsampler,1,1.0015\n")
    // 5000.5 ns becomes 5000 and 1001.5 becomes 1002.
    let time = try bundle.cost(.reference).iterationTime(CostFixture.shape([(1, 16)]))
    #expect(time.nanoseconds == 198_000 + 16_000 + 6002)
  }

  @Test func firstOfEqualRowsCountsAndOrderDoesNot() throws {
    let bundle = try CostBundleFixture()
    let shape = CostFixture.shape([(1, 20), (16, 3)])
    let time = try bundle.cost(.native).iterationTime(shape)
    let rows = CostBundleFixture.attention.split(separator: "\n")
    try bundle.write(
      "tp1/attention.csv",
      ([rows[0]] + rows.dropFirst().reversed() + ["0,0,1,16,999"]).joined(separator: "\r\n"))
    #expect(try bundle.cost(.native).iterationTime(shape) == time)
  }

  @Test func unshardedLayersComeFromOneAccelerator() throws {
    let bundle = try CostBundleFixture()
    try bundle.write(
      "tp2/dense.csv", CostBundleFixture.dense.replacing(",11\n", with: ",7\n"))
    try bundle.write("tp2/per_sequence.csv", CostBundleFixture.head)
    try bundle.write("tp2/attention.csv", CostBundleFixture.attention)
    let time = try bundle.cost(.reference, tpSize: 2).iterationTime(CostFixture.shape([(1, 16)]))
    // Sharded: embedding and 6 of 8 kernels a layer at 7; norms at 11: 7 + 2 x (6 x 7 + 2 x 11) + 11 = 146; head 6;
    // attention 2 x 8. Two all-reduces a layer of 1 x 64 x 2 = 128 bytes, 64 each way:
    // 2 x floor(20000 + 64 / 17.18) + 3 x 10 + 3 x floor(64 / 1597) = 40036 ns.
    #expect(time.nanoseconds == 146_000 + 6_000 + 16_000 + 4 * 40_036)
  }
}

@Suite struct CostCollectiveTests {
  @Test func ringOfTwo() {
    let ring = RingAllReduce(ranks: 2, link: CostFixture.link, memoryBandwidth: 1597)
    // 1 MB: each step sends 500,000 bytes: floor(20000 + 500000 / 17.179869184) = 49103 ns, twice; 3 endpoint delays;
    // one reduction of 3 x floor(500000 / 1597) = 3 x 313.
    #expect(ring.nanoseconds(bytes: 1e6) == 2 * 49_103 + 30 + 939)
  }

  @Test func ringOfFour() {
    let ring = RingAllReduce(ranks: 4, link: CostFixture.link, memoryBandwidth: 1597)
    // 250,000 bytes a step: floor(20000 + 14551.9) = 34551 ns, six times; 7 delays; 3 reductions of 3 x 156.
    #expect(ring.nanoseconds(bytes: 1e6) == 6 * 34_551 + 70 + 3 * 468)
  }

  @Test func oneRankHasNobodyToTalkTo() {
    let ring = RingAllReduce(ranks: 1, link: CostFixture.link, memoryBandwidth: 1597)
    #expect(ring.nanoseconds(bytes: 1e9) == 0)
    #expect(ring.fixedSeconds == 0 && ring.secondsPerByte == 0)
  }

  @Test(arguments: [2, 3, 4, 8])
  func linearFormIsTheSumWithoutRounding(ranks: Int) {
    let ring = RingAllReduce(ranks: ranks, link: CostFixture.link, memoryBandwidth: 1597)
    for bytes in stride(from: 1000.0, through: 1e8, by: 9_999_991) {
      let exact = Double(ring.nanoseconds(bytes: bytes))
      let linear = (ring.fixedSeconds + ring.secondsPerByte * bytes) * 1e9
      // Every one of 2(N - 1) sends and 3(N - 1) reductions drops less than a nanosecond.
      #expect(linear >= exact - 1 && linear <= exact + Double(5 * (ranks - 1)) + 1)
    }
  }

  /// 2 layers x 2 all-reduces of 1 token x 64 wide x 2 bytes = 128 bytes, 40 µs each where 64 and 192 bytes took 30 and
  /// 50 µs.
  @Test func measuredAllReducesReplaceTheLinkNatively() throws {
    let bundle = try CostBundleFixture()
    for file in [
      ("dense", CostBundleFixture.dense), ("per_sequence", CostBundleFixture.head),
      ("attention", CostBundleFixture.attention),
    ] { try bundle.write("tp2/\(file.0).csv", file.1) }
    func time(_ rules: ProfileRules) throws -> Int64 {
      try bundle.cost(rules, tpSize: 2).iterationTime(CostFixture.shape([(1, 16)])).nanoseconds
    }
    let computed = try (reference: time(.reference), native: time(.native))
    try bundle.write("tp2/all_reduce.csv", "bytes,time_us\n64,30\n192,50\n")
    #expect(try time(.reference) == computed.reference)
    #expect(try time(.native) == 220_000 + 4 * 40_000)
    #expect(try bundle.cost(.native, tpSize: 2).summary.hasSuffix("tp2, measured all-reduces"))
    #expect(computed.native != 220_000 + 4 * 40_000)
    for (text, line) in [("bytes,time_us\n64\n", 2), ("bytes,us\n", 1), ("bytes,time_us\n", nil)] {
      try bundle.write("tp2/all_reduce.csv", text)
      #expect {
        _ = try time(.native)
      } throws: {
        ($0 as? InputError)?.file.hasSuffix("all_reduce.csv") == true
          && ($0 as? InputError)?.line == line
      }
    }
  }
}
