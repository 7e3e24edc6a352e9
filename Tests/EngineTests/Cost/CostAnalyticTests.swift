import Foundation
import Testing

@testable import Engine

@Suite struct CostAnalyticTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("configs/hardware").path
  static let catalog = HardwareCatalog(folders: [folder])
  static let names = [
    "A100", "A6000", "B200", "H100", "H200", "H800", "L40S", "MI300X", "RTX4090", "RTXPRO6000",
  ]
  static let measured = ["A100", "RTX4090", "RTXPRO6000"]

  private func cost(
    _ hardware: String = "RTXPRO6000", _ model: ModelSpec = CostFixture.llama8B, tpSize: Int = 1,
    weightType: NumberFormat = .bfloat16
  ) throws -> AnalyticCost {
    var instance = CostFixture.instance(model, tpSize: tpSize, hardware: hardware)
    instance.weightType = weightType
    return AnalyticCost(
      hardware: try #require(try Self.catalog.hardware(named: hardware)), instance: instance,
      link: CostFixture.link)
  }

  @Test func everyShippedAcceleratorIsReadable() throws {
    #expect(Self.catalog.names() == Self.names)
    for name in Self.names {
      let spec = try #require(try Self.catalog.hardware(named: name))
      #expect(spec.name == name)
      #expect(spec.dataSheet.source.contains("https://"))
      #expect(!spec.calibration.note.isEmpty)
      #expect((spec.calibration.origin == .measured) == Self.measured.contains(name))
    }
  }

  @Test(arguments: names) func moreWorkNeverTakesLess(hardware: String) throws {
    for seed in 0..<300 as Range<UInt64> {
      var random = RandomStream(seed: seed, name: "monotone")
      let model = seed % 2 == 0 ? CostFixture.llama8B : CostFixture.qwen32B
      let cost = try cost(hardware, model, tpSize: 1 << random.nextIndex(below: 4))
      let shape = CostLaws.anyShape(&random, upTo: 1 << (1 + random.nextIndex(below: 20)))
      let time = cost.iterationTime(shape)
      #expect(time.nanoseconds >= 1)
      for component in CostLaws.components {
        var larger = shape
        larger[keyPath: component] += 1 + random.nextIndex(below: 1000)
        #expect(cost.iterationTime(larger) >= time, "seed \(seed), \(component)")
      }
    }
  }

  @Test func decodingOneRequestIsBoundByWeights() throws {
    // Llama-3.1-8B: 32 x (4096 x (6144 + 4096) + 3 x 4096 x 14336) + 4096 x 128256 = 7.505e9 weights of 2 bytes at
    // 1597 GB/s = 9.40 ms; launches and the rest add a tenth to a quarter.
    let time = try cost().iterationTime(CostFixture.shape([(1, 100)])).milliseconds
    #expect(time > 9.40 * 1.1 && time < 9.40 * 1.25)
  }

  @Test func longPromptsAreBoundByCompute() throws {
    // 2048 tokens x 2 x 6.98e9 weights = 28.6 TFLOP at 503.8 TFLOP/s = 56.7 ms at peak; no more than 1.6 times that.
    let time = try cost().iterationTime(CostFixture.shape([(2048, 0)])).milliseconds
    #expect(time > 56.7 && time < 91)
  }

  @Test func narrowerWeightsStreamFaster() throws {
    let shape = CostFixture.shape([(1, 100)])
    let wide = try cost().iterationTime(shape)
    #expect(try cost(weightType: .float32).iterationTime(shape) > wide)
    #expect(try cost(weightType: .fp8).iterationTime(shape) < wide)
    let half = try cost(weightType: .float16)
    #expect(half.iterationTime(shape) == wide)
    #expect(half.summary.contains("float16 as bfloat16"))
  }

  @Test func collectivesAreTheRings() throws {
    let shape = CostFixture.shape([(512, 0)])
    var instance = CostFixture.instance(CostFixture.llama8B, tpSize: 2)
    instance.hardware = "RTXPRO6000"
    let spec = try #require(try Self.catalog.hardware(named: "RTXPRO6000"))
    let ideal = LinkSpec(bandwidth: 1e12, latency: .zero)
    let slow = AnalyticCost(hardware: spec, instance: instance, link: CostFixture.link)
    let fast = AnalyticCost(hardware: spec, instance: instance, link: ideal)
    let ring = RingAllReduce(ranks: 2, link: CostFixture.link, memoryBandwidth: 1597)
    let idealRing = RingAllReduce(ranks: 2, link: ideal, memoryBandwidth: 1597)
    // Two in each of 32 layers, of 512 x 4096 x 2 bytes.
    let bytes = 512.0 * 4096 * 2
    let expected = 64 * (ring.nanoseconds(bytes: bytes) - idealRing.nanoseconds(bytes: bytes))
    let found = slow.iterationTime(shape).nanoseconds - fast.iterationTime(shape).nanoseconds
    #expect(abs(found - expected) < 64 * 6)
  }

  @Test(
    .enabled(if: CostFixture.data != nil, "reference data is absent; set SIMHOST_DATA"),
    arguments: [
      ("llama-3.1-8b", "Llama-3.1-8B", CostFixture.llama8B, 1),
      ("qwen3-32b", "Qwen3-32B", CostFixture.qwen32B, 2),
    ])
  func wholeRunsEndWhereTheProfileEndsThem(
    workload: String, run: String, model: ModelSpec, tpSize: Int
  ) throws {
    let data = try #require(CostFixture.data) + "/llmservingsim"
    let requests = try ReplayRequest.read(
      workload: "\(data)/workloads/sharegpt-\(workload)-300-sps10.jsonl",
      ends: "\(data)/bench/examples/RTXPRO6000/\(run)/outputs/sim.csv")
    let analytic = try cost("RTXPRO6000", model, tpSize: tpSize)
    let profile = try CostFixture.profile(
      model, tpSize: tpSize, rules: .native, in: data + "/profiler/perf")
    let ends = ReplayRequest.replay(requests, cost: analytic)
    let expected = ReplayRequest.replay(requests, cost: profile)
    let ratio = Double(try #require(ends.max())) / Double(try #require(expected.max()))
    #expect(abs(ratio - 1) < 0.05, "\(ratio)")
  }
}
