import Foundation

@testable import Engine

/// A profile small enough to compute by hand, in a folder of its own that goes when it does.
final class CostBundleFixture {
  let root: String
  var folder: String { "\(root)/Toy/toy/bf16" }

  /// Two layers, so that what is counted per layer shows.
  static let model = ModelSpec(
    name: "toy", architecture: "llama", hiddenSize: 64, layers: 2, attentionHeads: 4, kvHeads: 2,
    headDim: 16, intermediateSize: 128, vocabularySize: 1000, maxPositionEmbeddings: 4096,
    weightType: .bfloat16)

  static func instance(tpSize: Int = 1) -> InstanceSpec {
    CostFixture.instance(model, tpSize: tpSize, hardware: "Toy")
  }

  static let meta = """
    profiler_version: 1.0.0
    engine_effective:
      max_num_batched_tokens: 32
      hf_overrides:
        num_hidden_layers: 1   # a comment
    skew_fit:
      enabled: true
      bucket_axes:
        n_bins: [0, 2, 1000]
        n_labels: [n<=2, n>2]
        skew_rate_bins: [-0.01, 0.4, 1.01]
        skew_rate_labels: ['low', "high"]
        kv_big_bins: [0,
          1024, 100000]
        kv_big_labels: [small, big]
        kp_bins:
        - -1
        - 0
        - 1000
        kp_labels:
        - none
        - some
      per_tp:
        1:
          alpha_default: 0.2
          bucket_table: tp1/skew_fit.csv
    """
  static let skew = """
    pc,n_label,skew_rate_label,kv_big_label,kp_label,alpha,n_samples
    0,n<=2,high,small,none,0.4,4
    16,n<=2,high,small,none,0.6,4
    """
  static let layers = [
    "embedding", "layernorm", "qkv_proj", "rotary_emb", "o_proj", "gate_up_proj", "act_fn",
    "down_proj", "final_layernorm",
  ]
  /// Every layer takes 10 µs and one more for each token.
  static let dense =
    "layer,tokens,time_us\n"
    + layers.flatMap { layer in [1, 2, 4].map { "\(layer),\($0),\(10 + $0)\n" } }.joined()
  static let head =
    "layer,sequences,time_us\nlm_head,1,5\nlm_head,2,6\nsampler,1,1\nsampler,2,1\n"
  static let attention = """
    prefill_chunk,kv_prefill,n_decode,kv_decode,time_us
    0,0,1,16,8
    0,0,1,32,16
    0,0,2,16,10
    0,0,2,32,20
    16,0,0,0,30
    16,16,0,0,40
    32,0,0,0,50
    32,16,0,0,70
    16,0,1,16,36
    16,0,1,32,46
    """

  init() throws {
    root = NSTemporaryDirectory() + "simhost-cost-" + UUID().uuidString
    try write("meta.yaml", Self.meta)
    try write("tp1/dense.csv", Self.dense)
    try write("tp1/per_sequence.csv", Self.head)
    try write("tp1/attention.csv", Self.attention)
    try write("tp1/skew_fit.csv", Self.skew)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func write(_ name: String, _ text: String) throws {
    try write(name, Array(text.utf8))
  }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let url = URL(fileURLWithPath: "\(folder)/\(name)")
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
  }

  func cost(_ rules: ProfileRules, tpSize: Int = 1) throws(InputError) -> ProfileCost {
    try ProfileCost(
      folder: folder, instance: Self.instance(tpSize: tpSize), cpuMemory: CostFixture.cpu,
      link: CostFixture.link, rules: rules)
  }
}
