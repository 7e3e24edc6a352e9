import Foundation
import Testing

@testable import Engine

/// Every refusal names file, line, key path, what was found and what would be right.
@Suite struct ConfigurationRefusalTests {
  private static let instance = "nodes[0].instances[1]"

  /// Fields added to the last instance of the prefill/decode example, on a line of their own.
  @Test(
    arguments: [
      ("\"max_num_seq\": 1", "max_num_seq", "unknown key", "did you mean max_num_seqs?"),
      ("\"frobnicate\": 1", "frobnicate", "unknown key", nil),
      ("\"max_num_seqs\": -1", "max_num_seqs", "is -1", nil),
      ("\"max_num_seqs\": 1.5", "max_num_seqs", "is 1.5", nil),
      ("\"max_num_seqs\": 1e30", "max_num_seqs", "is 1e+30", nil),
      ("\"max_num_seqs\": 99999999999999999999", "max_num_seqs", "is 1e+20", nil),
      ("\"max_num_seqs\": \"8\"", "max_num_seqs", "is \"8\"", nil),
      ("\"max_num_seqs\": null", "max_num_seqs", "is null", nil),
      ("\"max_num_batched_tokens\": []", "max_num_batched_tokens", "is an array of 0", nil),
      ("\"block_size\": 0", "block_size", "is 0", nil),
      ("\"long_prefill_token_threshold\": {}", "long_prefill_token_threshold", "is an object", nil),
      ("\"enable_chunked_prefill\": 1", "enable_chunked_prefill", "is 1", nil),
      ("\"enable_block_copy\": \"yes\"", "enable_block_copy", "is \"yes\"", nil),
      ("\"dtype\": \"bfloat61\"", "dtype", "is \"bfloat61\"", "did you mean bfloat16?"),
      ("\"kv_cache_dtype\": \"int8\"", "kv_cache_dtype", "is \"int8\"", nil),
      ("\"pp_size\": 2", "pp_size", "pipeline parallelism is not simulated: is 2", nil),
      ("\"ep_size\": 2", "ep_size", "expert parallelism is not simulated: is 2", nil),
      ("\"dp_group\": \"A\"", "dp_group", "data-parallel groups are not simulated", nil),
      ("\"num_npus\": 2", "num_npus", "is 2, but tp_size is 1", nil),
      (
        "\"enable_local_offloading\": true", "enable_local_offloading",
        "is true, which is not simulated", nil
      ),
      (
        "\"enable_sub_batch_interleaving\": true", "enable_sub_batch_interleaving",
        "is true, which is not simulated", nil
      ),
      (
        "\"placement\": {\"default\": {\"weights\": \"cxl:0\"}}", "placement.default.weights",
        "is \"cxl:0\": only the accelerator's own memory is simulated", nil
      ),
      (
        "\"placement\": {\"blocks\": [{\"blocks\": \"0-32\"}]}", "placement.blocks[0].blocks",
        "is \"0-32\"", nil
      ),
      (
        "\"placement\": {\"blocks\": [{\"blocks\": \"3-1,-\"}]}", "placement.blocks[0].blocks",
        "is \"3-1,-\"", nil
      ),
      (
        "\"placement\": {\"layers\": {\"lmhead\": {}}}", "placement.layers.lmhead", "unknown key",
        "did you mean lm_head?"
      ),
    ] as [(String, String, String, String?)])
  func fieldsOfAnInstance(added: String, key: String, problem: String, suggestion: String?) throws {
    let text = try Repository.text(Repository.cluster("single_node_pd_instance"))
      .replacingLast("\"tp_size\": 1", with: "\"tp_size\": 1,\n\(added)")
    let line =
      1
      + text.prefix(upTo: try #require(text.range(of: added)).lowerBound)
      .count { $0 == "\n" }
    let error = try #require(throws: InputError.self) { try ClusterSpec.parse(text) }
    #expect(error.file == "cluster.json")
    #expect(error.line == line)
    #expect(error.key == "\(Self.instance).\(key)")
    #expect(error.problem == problem)
    #expect(error.suggestion == suggestion)
    #expect(error.expected != nil || error.suggestion != nil)
  }

  /// Text of the example replaced (its last occurrence).
  @Test(
    arguments: [
      ("\"link_bw\": 16", "\"link_bw\": 0", "link_bw", "is 0"),
      ("\"link_bw\": 16", "\"link_bw\": -4", "link_bw", "is -4"),
      ("\"link_bw\": 16", "\"link_bw\": []", "link_bw", "is an empty array"),
      (
        "\"link_bw\": 16", "\"link_bw\": [128, 16]", "link_bw[1]",
        "links that differ by topology dimension are not simulated"
      ),
      ("\"link_bw\": 16", "\"link_bw\": NaN", "link_bw", "found 'N'"),
      ("\"link_bw\": 16", "\"link_bw\": 1e999", "link_bw", "number out of range"),
      ("\"link_latency\": 20000", "\"link_latency\": -1", "link_latency", "is -1"),
      ("\"link_latency\": 20000", "\"link_latency\": 1e16", "link_latency", "is 1e+16"),
      ("\"link_latency\": 20000,", "", "link_latency", "missing"),
      ("\"num_nodes\": 1", "\"num_nodes\": 2", "num_nodes", "is 2"),
      ("\"num_nodes\": 1", "\"num_nodes\": 0", "num_nodes", "is 0"),
      (
        "\"num_nodes\": 1", "\"num_nodes\": 1, \"cxl_mem\": {}", "cxl_mem",
        "CXL memory is not simulated"
      ),
      (
        "\"num_nodes\": 1", "\"num_nodes\": 1, \"kv_transfer\": {\"mode\": \"pul\"}",
        "kv_transfer.mode", "is \"pul\""
      ),
      (
        "\"num_nodes\": 1", "\"num_nodes\": 1, \"kv_transfer\": {\"handshake_us\": -1}",
        "kv_transfer.handshake_us", "is -1"
      ),
      (
        "\"num_nodes\": 1", "\"num_nodes\": 1, \"kv_transfer\": {\"handshake\": 1}",
        "kv_transfer.handshake", "unknown key"
      ),
      (
        "\"num_nodes\": 1", "\"num_nodes\": 1, \"network\": {}", "network.intra_node",
        "missing"
      ),
      (
        "\"num_nodes\": 1",
        "\"num_nodes\": 1, \"network\": {\"intra_node\": {\"bw\": 0, \"latency\": 0}}",
        "network.intra_node.bw", "is 0"
      ),
      (
        "\"num_nodes\": 1",
        "\"num_nodes\": 1, \"network\": {\"intra_node\": {\"bw\": 1, \"latency\": 0},"
          + " \"switch\": {\"nodes\": 1, \"oversubscription\": 0.5}}",
        "network.switch.oversubscription", "is 0.5"
      ),
      ("\"num_instances\": 2", "\"num_instances\": 3", "nodes[0].num_instances", "is 3"),
      (
        "\"num_instances\": 2", "\"num_instances\": 2, \"power\": {}", "nodes[0].power",
        "power is not simulated"
      ),
      ("\"mem_size\": 512", "\"mem_size\": true", "nodes[0].cpu_mem.mem_size", "is true"),
      (
        "\"mem_size\": 512", "\"pim_config\": \"DDR4\", \"mem_size\": 512",
        "nodes[0].cpu_mem.pim_config", "processing in memory is not simulated"
      ),
      ("\"mem_bw\": 1597", "\"mem_bw\": 0", "nodes[0].instances[1].npu_mem.mem_bw", "is 0"),
      (
        "\"mem_bw\": 1597", "\"mem_util\": 1.01, \"mem_bw\": 1",
        "nodes[0].instances[1].npu_mem.mem_util", "is 1.01"
      ),
      ("\"pd_type\": \"decode\",", "", "nodes[0].instances[1].pd_type", "missing"),
      (
        "\"pd_type\": \"decode\"", "\"pd_type\": \"decoder\"", "nodes[0].instances[1].pd_type",
        "is \"decoder\""
      ),
      (
        "\"pd_type\": \"decode\"", "\"pd_type\": \"prefill\"", "nodes[0].instances[0]",
        "only prefill instances in the cluster: nothing would decode"
      ),
      (
        "\"pd_type\": \"prefill\"", "\"pd_type\": \"decode\"", "nodes[0].instances[0]",
        "only decode instances in the cluster: nothing would take prompts"
      ),
      ("\"tp_size\": 1", "\"tp_size\": 3", "nodes[0].instances[1].tp_size", "is 3"),
      ("\"tp_size\": 1", "\"tp_size\": 16", "nodes[0].instances[1].tp_size", "is 16"),
      (
        "\"meta-llama/Llama-3.1-8B\"", "\"meta-llama/Llama-3.1-9B\"",
        "nodes[0].instances[1].model_name", "no model \"meta-llama/Llama-3.1-9B\""
      ),
      (
        "\"meta-llama/Llama-3.1-8B\"", "\"../model/meta-llama/Llama-3.1-8B\"",
        "nodes[0].instances[1].model_name", "no model \"../model/meta-llama/Llama-3.1-8B\""
      ),
      (
        "\"meta-llama/Llama-3.1-8B\"", "\"Qwen/Qwen3-32B\"", "nodes[0].instances[1]",
        "decode/0 runs Qwen/Qwen3-32B and prefill/0 runs meta-llama/Llama-3.1-8B"
      ),
      (
        "\"tp_size\": 1", "\"kv_cache_dtype\": \"fp8\"", "nodes[0].instances[1]",
        "decode/0 holds its KV cache as fp8 and prefill/0 as bfloat16"
      ),
      (
        "\"RTXPRO6000\"", "\"../../etc/passwd\"", "nodes[0].instances[1].hardware",
        "is \"../../etc/passwd\""
      ),
      ("\"RTXPRO6000\"", "\"\"", "nodes[0].instances[1].hardware", "is \"\""),
    ] as [(String, String, String, String)])
  func damagedExample(old: String, new: String, key: String, problem: String) throws {
    let text = try Repository.text(Repository.cluster("single_node_pd_instance"))
      .replacingLast(old, with: new)
    let error = try #require(throws: InputError.self) { try ClusterSpec.parse(text) }
    #expect(error.file == "cluster.json")
    #expect(error.line != nil)
    #expect(error.key == key)
    #expect(error.problem == problem)
  }

  @Test func messagesReadAsOneSentence() throws {
    let text = try Repository.text(Repository.cluster("single_node_pd_instance"))
      .replacingLast("\"tp_size\": 1", with: "\"tp_sise\": 1")
    let error = try #require(throws: InputError.self) { try ClusterSpec.parse(text) }
    #expect(
      error.description
        == "cluster.json:\(try #require(error.line)): nodes[0].instances[1].tp_sise: unknown key; did you mean tp_size?"
    )
  }

  @Test(arguments: ["", " ", "[]", "null", "1", "{}", "{", "\u{0}", "{\"nodes\":[]}"])
  func hardlyAnything(text: String) {
    #expect(throws: InputError.self) { try ClusterSpec.parse(text) }
  }

  @Test func filesThatCannotBeReadAreNamed() throws {
    let missing = try #require(throws: InputError.self) {
      try ClusterSpec.load(
        path: Repository.cluster("single_node_pd_instanse"), defaults: InstanceDefaults(),
        models: Repository.models)
    }
    #expect(missing.problem == "no such file")
    #expect(missing.suggestion?.hasSuffix("single_node_pd_instance.json?") == true)
    let folder = try #require(throws: InputError.self) { try JSONDocument(path: Repository.root) }
    #expect(folder.problem == "is a folder")
    let endless = try #require(throws: InputError.self) {
      _ = try InputFile.read("/dev/zero", limit: 1 << 20)
    }
    #expect(endless.problem == "is too large")
  }

  @Test func damagedClustersLoadOrAreRefused() throws {
    let original = Array(
      try Repository.text(Repository.cluster("single_node_pd_instance")).utf8)
    var loaded = 0
    for seed in 0..<2000 {
      var random = RandomStream(seed: UInt64(seed), name: "cluster mutations")
      var bytes = original
      for _ in 0...random.nextIndex(below: 4) { RandomJSON.mutate(&bytes, &random) }
      do throws(InputError) {
        _ = try ClusterSpec.parse(
          bytes, file: "mutated.json", defaults: InstanceDefaults(), models: Repository.models)
        loaded += 1
      } catch {
        #expect(error.file == "mutated.json" && !error.problem.isEmpty, "seed \(seed)")
        #expect(error.line != nil, "seed \(seed): \(error)")
      }
    }
    #expect(loaded > 0 && loaded < 2000)
  }

  @Test(.enabled(if: Repository.data != nil, "needs the reference data: set SIMHOST_DATA"))
  func referenceClustersLoadOrAreRefusedByName() throws {
    let folder = "\(Repository.data ?? "")/llmservingsim/configs"
    let models = ModelCatalog(folders: ["\(folder)/model"])
    var loaded: [String] = []
    for file in try FileManager.default.contentsOfDirectory(atPath: "\(folder)/cluster").sorted() {
      do throws(InputError) {
        _ = try ClusterSpec.load(
          path: "\(folder)/cluster/\(file)", defaults: InstanceDefaults(), models: models)
        loaded.append(file)
      } catch {
        let known = ["not simulated", "is 4, but tp_size is"]
        #expect(known.contains { error.problem.contains($0) }, "\(error)")
        #expect(error.line != nil && error.key != nil, "\(error)")
      }
    }
    #expect(
      loaded == [
        "dual_node_multi_instance.json", "rtx4090_multi_instance.json",
        "rtx4090_single_instance.json", "rtx4090_tp2_instance.json",
        "single_node_4_instance_2TP.json", "single_node_heterogeneous.json",
        "single_node_memory_instance.json", "single_node_multi_instance.json",
        "single_node_pd_instance.json", "single_node_pd_per_instance_config.json",
        "single_node_single_instance.json", "single_node_single_instance_H100.json",
      ])
  }
}
