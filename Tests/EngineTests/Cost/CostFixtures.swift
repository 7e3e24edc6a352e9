import Foundation

@testable import Engine

/// Models, machines and data folders that cost tests share.
enum CostFixture {
  /// https://huggingface.co/meta-llama/Llama-3.1-8B/blob/main/config.json
  static let llama8B = ModelSpec(
    name: "meta-llama/Llama-3.1-8B", architecture: "llama", hiddenSize: 4096, layers: 32,
    attentionHeads: 32, kvHeads: 8, headDim: 128, intermediateSize: 14336,
    vocabularySize: 128256, maxPositionEmbeddings: 131072, weightType: .bfloat16)
  /// https://huggingface.co/Qwen/Qwen3-32B/blob/main/config.json
  static let qwen32B = ModelSpec(
    name: "Qwen/Qwen3-32B", architecture: "qwen3", hiddenSize: 5120, layers: 64,
    attentionHeads: 64, kvHeads: 8, headDim: 128, intermediateSize: 25600,
    vocabularySize: 151936, maxPositionEmbeddings: 40960, weightType: .bfloat16)

  static let link = LinkSpec(bandwidth: 16, latency: SimDuration(nanoseconds: 20000))
  static let cpu = MemorySpec(sizeGiB: 512, bandwidth: 256, latency: 0)

  static func instance(
    _ model: ModelSpec, tpSize: Int = 1, hardware: String = "RTXPRO6000"
  ) -> InstanceSpec {
    InstanceSpec(
      name: "mixed/0", node: 0, role: .mixed, model: model, hardware: hardware,
      npuMemory: MemorySpec(sizeGiB: 96, bandwidth: 1597, latency: 0), tpSize: tpSize)
  }

  static func cluster(_ instances: [InstanceSpec]) -> ClusterSpec {
    ClusterSpec(
      source: "test", link: link, nodes: [NodeSpec(cpuMemory: cpu)], instances: instances)
  }

  /// Folder of the reference data; nil where it is absent.
  static var data: String? {
    let given = ProcessInfo.processInfo.environment["SIMHOST_DATA"]
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let path = given ?? package.appendingPathComponent("../shared/data").standardized.path
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }

  static var profiles: String? { data.map { $0 + "/llmservingsim/profiler/perf" } }

  static func profile(
    _ model: ModelSpec, tpSize: Int = 1, rules: ProfileRules, in profiles: String,
    link: LinkSpec = link
  ) throws -> ProfileCost {
    try ProfileCost(
      folder: "\(profiles)/RTXPRO6000/\(model.name)/bf16",
      instance: instance(model, tpSize: tpSize), cpuMemory: cpu, link: link, rules: rules)
  }

  /// The shape of a batch of (new, already computed) tokens.
  static func shape(_ batch: [(new: Int, computed: Int)]) -> IterationShape {
    var shape = IterationShape()
    for (q, k) in batch {
      if q > 1 {
        shape.prefillTokens += q
        shape.prefillContext += k
        shape.prefillPairs += q * (2 * k + q + 1) / 2
        shape.prefillRequests += 1
      } else {
        shape.decodeContextMin = shape.decodeRequests == 0 ? k : min(shape.decodeContextMin, k)
        shape.decodeContextMax = max(shape.decodeContextMax, k)
        shape.decodeRequests += 1
        shape.decodeContext += k
        shape.decodeContextSquares += k * k
      }
    }
    return shape
  }
}
