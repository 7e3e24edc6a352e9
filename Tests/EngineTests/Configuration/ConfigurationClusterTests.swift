import Foundation
import Testing

@testable import Engine

@Suite struct ConfigurationClusterTests {
  private func example() throws -> String {
    try Repository.text(Repository.cluster("single_node_pd_instance"))
  }

  /// The example with fields added to its last instance, the decode one.
  private func example(with fields: String) throws -> String {
    try example().replacingLast("\"tp_size\": 1", with: "\"tp_size\": 1, \(fields)")
  }

  @Test func readsThePrefillDecodeExample() throws {
    let cluster = try ClusterSpec.load(
      path: Repository.cluster("single_node_pd_instance"), defaults: InstanceDefaults(),
      models: Repository.models)
    #expect(cluster.link.bytesPerNanosecond == 17.179869184)  // 16 GiB/s
    #expect(cluster.link.latency == SimDuration(nanoseconds: 20000))
    #expect(
      cluster.nodes == [
        NodeSpec(cpuMemory: MemorySpec(sizeGiB: 512, bandwidth: 256, latency: 0))
      ])
    #expect(cluster.instances.map(\.name) == ["prefill/0", "decode/0"])
    #expect(cluster.instances.map(\.role) == [.prefill, .decode])
    for instance in cluster.instances {
      #expect(instance.model.name == "meta-llama/Llama-3.1-8B")
      #expect(instance.hardware == "RTXPRO6000")
      #expect(instance.npuMemory == MemorySpec(sizeGiB: 96, bandwidth: 1597, latency: 0))
      #expect(instance.memoryUtilization == 0.9)
      #expect(instance.tpSize == 1)
      #expect(instance.weightType == .bfloat16)
      #expect(instance.kvType == .bfloat16)
      #expect(instance.limits == SchedulerLimits())
    }
  }

  @Test(arguments: [
    ("single_node_single_instance", ["mixed/0"]),
    ("single_node_colocated_pair", ["mixed/0", "mixed/1"]),
    ("single_node_2p1d", ["prefill/0", "prefill/1", "decode/0"]),
    (
      "single_node_4p4d",
      [
        "prefill/0", "prefill/1", "prefill/2", "prefill/3", "decode/0", "decode/1", "decode/2",
        "decode/3",
      ]
    ),
    ("heterogeneous", ["prefill/0", "prefill/1", "decode/0", "decode/1"]),
  ])
  func bundledClustersLoad(name: String, instances: [String]) throws {
    let cluster = try ClusterSpec.load(
      path: Repository.cluster(name), defaults: InstanceDefaults(), models: Repository.models)
    #expect(cluster.instances.map(\.name) == instances)
  }

  @Test func instancesOverrideTheCommandLine() throws {
    var defaults = InstanceDefaults(
      memoryUtilization: 0.5, weightType: .float16, kvType: .fp8)
    defaults.limits.maxNumSeqs = 7
    defaults.limits.blockSize = 32
    let text = try example(
      with: """
        "max_num_seqs": 9, "max_num_batched_tokens": 512, "long_prefill_token_threshold": 64,
        "block_size": 8, "dtype": "float32", "kv_cache_dtype": "fp8", "enable_block_copy": true,
        "enable_chunked_prefill": false, "enable_prefix_caching": false, "reserve_full_isl": false,
        "num_npus": 1, "pp_size": 1, "ep_size": 1, "dp_group": null, "enable_attn_offloading": false
        """
    ).replacingLast("\"mem_latency\": 0", with: "\"mem_latency\": 0, \"mem_util\": 0.8")
    let cluster = try ClusterSpec.parse(text, defaults: defaults)
    let (prefill, decode) = (cluster.instances[0], cluster.instances[1])
    #expect(prefill.limits == defaults.limits)
    #expect(prefill.weightType == .float16)
    #expect(prefill.kvType == .fp8)
    #expect(prefill.memoryUtilization == 0.5)
    #expect(decode.limits.maxNumSeqs == 9)
    #expect(decode.limits.maxNumBatchedTokens == 512)
    #expect(decode.limits.longPrefillTokenThreshold == 64)
    #expect(decode.limits.blockSize == 8)
    #expect(!decode.limits.enableChunkedPrefill)
    #expect(!decode.limits.enablePrefixCaching)
    #expect(!decode.limits.reserveFullISL)
    #expect(decode.weightType == .float32)
    #expect(decode.kvType == .fp8)
    #expect(decode.memoryUtilization == 0.8)
  }

  @Test func zeroMeansUnlimitedUpToTheModelsContext() throws {
    let text = try example(with: "\"max_num_seqs\": 0, \"max_num_batched_tokens\": 0")
    let limits = try ClusterSpec.parse(text).instances[1].limits
    #expect(limits.maxNumSeqs == SchedulerLimits.unlimitedSeqs)
    #expect(limits.maxNumBatchedTokens == 131072)
    let large = try example(with: "\"max_num_batched_tokens\": 200000")
    #expect(try ClusterSpec.parse(large).instances[1].limits.maxNumBatchedTokens == 131072)
  }

  @Test(arguments: [
    (NumberFormat.float32, NumberFormat.float32), (.float16, .float16), (.fp8, .bfloat16),
    (.int8, .bfloat16),
  ])
  func automaticKVCacheTakesTheFormatOfActivations(weights: NumberFormat, kv: NumberFormat) throws {
    let cluster = try ClusterSpec.parse(
      example(), defaults: InstanceDefaults(weightType: weights))
    #expect(cluster.instances[0].weightType == weights)
    #expect(cluster.instances[0].kvType == kv)
  }

  @Test func tensorParallelismFollowsFromWhateverIsGiven() throws {
    let npus = try example().replacingOccurrences(of: "\"tp_size\": 1", with: "\"num_npus\": 4")
    #expect(try ClusterSpec.parse(npus).instances[0].tpSize == 4)
    let neither = try example().replacingOccurrences(
      of: ",\n          \"tp_size\": 1", with: "")
    #expect(try ClusterSpec.parse(neither).instances[0].tpSize == 1)
  }

  @Test func equalLinkDimensionsAreOneLink() throws {
    let text = try example().replacingOccurrences(
      of: "\"link_bw\": 16", with: "\"link_bw\": [16, 16]")
    #expect(try ClusterSpec.parse(text).link.bandwidth == 16)
  }

  @Test func placementOnTheAcceleratorIsAccepted() throws {
    let text = try example(
      with: """
        "placement": {"default": {"weights": "npu", "kv_loc": "npu", "kv_evict_loc": "cpu"},
          "blocks": [{"blocks": "0-3,8,10-31", "weights": "npu"}],
          "layers": {"lm_head": {"weights": "npu"}}}
        """)
    #expect(try ClusterSpec.parse(text).instances.count == 2)
  }

  @Test func defaultsAreCheckedByTheNameOfTheirFlag() throws {
    var defaults = InstanceDefaults()
    defaults.limits.blockSize = 0
    let error = try #require(throws: InputError.self) {
      try ClusterSpec.parse(example(), defaults: defaults)
    }
    #expect(
      error.description
        == "command line: --block-size: is 0; expected a whole number from 1 to 65536")
    defaults = InstanceDefaults(memoryUtilization: .nan)
    #expect(throws: InputError.self) { try ClusterSpec.parse(example(), defaults: defaults) }
  }
}
