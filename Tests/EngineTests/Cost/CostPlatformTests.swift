import Testing

@testable import Engine

/// What a platform adds to an iteration, by hand: 10 µs of kernels, and 1 µs for each row of a prompt.
@Suite struct CostPlatformTests {
  private static let device = IterationCost.linear(
    LinearCost(base: 10_000, perPrefillToken: 1000, perDecodeRequest: 0))

  private static func time(
    _ batch: [(new: Int, computed: Int)], tpSize: Int = 1,
    _ change: (inout PlatformSpec) -> Void
  ) -> Int64 {
    var platform = PlatformSpec(source: "test", name: "test")
    change(&platform)
    // Two layers, 64 values of two bytes for each token.
    let cost = PlatformCost(
      device: device, platform: platform, instance: CostBundleFixture.instance(tpSize: tpSize))
    return cost.iterationTime(CostFixture.shape(batch)).nanoseconds
  }

  @Test func nothingAddsNothing() {
    #expect(Self.time([(1, 5), (8, 0)]) { _ in } == 18_000)
  }

  @Test func hostTimeComesBehindTheDeviceOrBesideIt() {
    let decodes = [(new: 1, computed: 5), (new: 1, computed: 7)]
    func host(_ platform: inout PlatformSpec) {
      platform.hostIteration = 4
      platform.hostSequence = 1
      platform.detokenization = 0.5
    }
    // 10 + 4 + 2 x 1.5
    #expect(Self.time(decodes, host) == 17_000)
    #expect(
      Self.time(decodes) {
        host(&$0)
        $0.schedulesAsynchronously = true
      } == 10_000)
    // 20 + 3 is longer than 10.
    #expect(
      Self.time(decodes) {
        host(&$0)
        $0.hostIteration = 20
        $0.schedulesAsynchronously = true
      } == 23_000)
  }

  @Test func gapsAndEagerLayersAreNeverHidden() {
    func change(_ platform: inout PlatformSpec) {
      platform.schedulesAsynchronously = true
      platform.launchGap = 3
      platform.eagerLayer = 5
      platform.sampling = 0.25
    }
    #expect(Self.time([(1, 5)], change) == 13_250)
    // Two layers launched one by one; two requests sampled.
    #expect(Self.time([(1, 5), (4, 0)], change) == 14_000 + 3000 + 10_000 + 500)
  }

  @Test func theAcceleratorWaitsForAHostThatLaunchesLayersSlower() throws {
    func change(_ platform: inout PlatformSpec) {
      platform.launchGap = 3
      platform.hostLayer = 9
      platform.graphSizes = [4]
    }
    func launched(_ batch: [(new: Int, computed: Int)]) -> Int64 { Self.time(batch, change) }
    func kernels(_ batch: [(new: Int, computed: Int)]) -> Int64 {
      Self.time(batch) {
        change(&$0)
        $0.hostLayer = 0
      }
    }
    // Decode requests, and prompts within the largest graph, are launched at once.
    #expect(launched([(1, 5)]) == kernels([(1, 5)]))
    #expect(launched([(4, 0)]) == kernels([(4, 0)]))
    // Two layers, launched in 18 µs, where the kernels take less; not where they take longer.
    #expect(launched([(5, 0)]) == 18_000 + 3000)
    #expect(launched([(20, 0)]) == kernels([(20, 0)]))
  }

  @Test func batchesArePaddedToTheNextGraph() throws {
    let bundle = try CostBundleFixture()
    let kernels = try bundle.cost(.native)
    var platform = PlatformSpec(source: "test", name: "test")
    platform.graphSizes = [2, 4, 16]
    let cost = PlatformCost(
      device: .profile(kernels), platform: platform, instance: CostBundleFixture.instance())
    let one = CostFixture.shape([(1, 16)])
    // Embedding, 2 layers x 8 kernels and the last norm take 1 µs more for the second row; the head has one row still.
    #expect(
      cost.iterationTime(one).nanoseconds - kernels.iterationTime(one).nanoseconds == 18_000)
    let two = CostFixture.shape([(1, 16), (1, 16)])
    #expect(cost.iterationTime(two) == kernels.iterationTime(two))
    let many = CostFixture.shape([(17, 0)])
    #expect(cost.iterationTime(many) == kernels.iterationTime(many))
  }

  @Test func measuredAllReducesReplaceTheRing() throws {
    let table = PlatformSpec.AllReduceTable(ranks: 2, bytes: [128, 1280], microseconds: [5, 14])
    // One token is 128 bytes; ten are 1280. Two all-reduces in each of two layers.
    #expect(Self.time([(1, 5)], tpSize: 2) { $0.allReduces = [table] } == 10_000 + 4 * 5000)
    #expect(Self.time([(10, 0)], tpSize: 2) { $0.allReduces = [table] } == 20_000 + 4 * 14_000)
    #expect(Self.time([(1, 5)], tpSize: 4) { $0.allReduces = [table] } == 10_000)

    var instance = CostFixture.instance(CostFixture.llama8B, tpSize: 2)
    var platform = PlatformSpec(source: "test", name: "test")
    platform.allReduces = [table]
    instance.platform = platform
    let spec = HardwareSpec(
      source: "test", name: "RTXPRO6000",
      dataSheet: .init(
        source: "test", bf16Teraflops: 500, memoryBandwidth: 1597, memoryGiB: 96,
        cacheMegabytes: 128, multiprocessors: 188),
      coefficients: AnalyticCoefficients(), calibration: .init(origin: .guess, note: "test"))
    func cost(_ instance: InstanceSpec) throws -> SimDuration {
      try CostSelection.models(
        for: CostFixture.cluster([instance]),
        hardware: HardwareCatalog(folders: [], hardware: [spec]), profileDirectory: nil)[0]
        .iterationTime(CostFixture.shape([(1, 100)]))
    }
    let measured = try cost(instance)
    instance.platform = nil
    // 64 times a fixed ring of 40 µs against 64 times what the table says of 8 KiB.
    let ring = 64 * 40_036.0
    let table8K = 64 * 1000 * table.microseconds(bytes: 8192)
    let difference = Double(try cost(instance).nanoseconds - measured.nanoseconds)
    #expect(abs(difference - (ring - table8K)) < 64 * 1000)
  }

  @Test(arguments: 0..<100)
  func anyShapeTakesSomeTime(seed: Int) {
    var random = RandomStream(seed: UInt64(seed), name: "platform")
    var platform = PlatformSpec(source: "test", name: "test")
    for quantity in PlatformSpec.quantities where random.nextIndex(below: 2) == 0 {
      platform[keyPath: quantity.path] = random.nextUnit() * quantity.range.upperBound
    }
    platform.schedulesAsynchronously = random.nextIndex(below: 2) == 0
    platform.graphSizes = [1, 7, 1000]
    let cost = PlatformCost(
      device: Self.device, platform: platform, instance: CostBundleFixture.instance())
    let shape = CostLaws.anyShape(&random, upTo: 1 << 20)
    #expect(cost.iterationTime(shape) > .zero)
    #expect(cost.iterationTime(shape) >= Self.device.iterationTime(shape))
  }
}

/// The measured correction for unequal contexts, as far as a batch has the spread that was measured.
@Suite struct CostSpreadTests {
  @Test func halfTheVarianceIsHalfTheCorrection() throws {
    let bundle = try CostBundleFixture()
    func attention(_ contexts: [Int], _ rules: ProfileRules) throws -> Double {
      func time(_ contexts: [Int]) throws -> Int64 {
        let shape = CostFixture.shape(contexts.map { (new: 1, computed: $0) })
        return try bundle.cost(rules).iterationTime(shape).nanoseconds
      }
      return Double(try time(contexts) - time([24, 24, 24, 24]))
    }
    // Mean 24 between 16 and 32: no variance is larger than that of two contexts, 64; the other's is 32.
    let whole = try attention([16, 16, 32, 32], .native)
    #expect(whole > 0)
    #expect(try attention([16, 16, 32, 32], .reference) == whole)
    let half = try attention([16, 24, 24, 32], .native)
    // Each of two layers is rounded to a nanosecond.
    #expect(abs(half - whole / 2) <= 2, "\(half) of \(whole)")
    #expect(try attention([16, 24, 24, 32], .reference) == whole)
  }

  @Test func equalContextsOneIterationLaterAreTheSameSum() {
    var shape = CostFixture.shape([(1, 3), (1, 10), (1, 500)])
    shape.advanceDecodes()
    #expect(shape == CostFixture.shape([(1, 4), (1, 11), (1, 501)]))
  }
}
