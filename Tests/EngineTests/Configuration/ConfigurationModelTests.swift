import Foundation
import Testing

@testable import Engine

@Suite struct ConfigurationModelTests {
  private func parse(_ text: String) throws(InputError) -> ModelSpec {
    try ModelSpec.parse(Array(text.utf8), file: "model.json", name: "test")
  }

  private let small = """
    {"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2,
     "num_attention_heads": 4,
     "intermediate_size": 128, "vocab_size": 1000, "max_position_embeddings": 2048,
     "rope_scaling": {"factor": 8.0}, "eos_token_id": [1, 2]}
    """

  @Test func bundledModelsHaveTheirPublishedShape() throws {
    #expect(
      Repository.models.names() == [
        "Qwen/Qwen2.5-7B", "Qwen/Qwen3-32B", "Qwen/Qwen3-8B", "facebook/opt-13b",
        "meta-llama/Llama-2-70b", "meta-llama/Llama-3.1-70B", "meta-llama/Llama-3.1-8B",
        "openbmb/MiniCPM3-4B",
      ])
    #expect(
      try Repository.models.model(named: "meta-llama/Llama-3.1-8B")
        == ModelSpec(
          name: "meta-llama/Llama-3.1-8B", architecture: "llama", hiddenSize: 4096, layers: 32,
          attentionHeads: 32, kvHeads: 8, headDim: 128, intermediateSize: 14336,
          vocabularySize: 128256, maxPositionEmbeddings: 131072, weightType: .bfloat16))
    #expect(
      try Repository.models.model(named: "Qwen/Qwen2.5-7B")
        == ModelSpec(
          name: "Qwen/Qwen2.5-7B", architecture: "qwen2", hiddenSize: 3584, layers: 28,
          attentionHeads: 28, kvHeads: 4, headDim: 128, intermediateSize: 18944,
          vocabularySize: 152064, maxPositionEmbeddings: 131072, weightType: .bfloat16))
    // Qwen3-32B: heads of 128 although 5120 / 64 is 80.
    let qwen = try #require(try Repository.models.model(named: "Qwen/Qwen3-32B"))
    #expect(qwen.headDim == 128 && qwen.hiddenSize == 5120 && qwen.layers == 64)
    let large = try #require(try Repository.models.model(named: "meta-llama/Llama-3.1-70B"))
    #expect(large.layers == 80 && large.hiddenSize == 8192 && large.attentionHeads == 64)
  }

  @Test(.enabled(if: Repository.data != nil, "needs the reference data: set SIMHOST_DATA"))
  func bundledModelsEqualTheReferences() throws {
    let reference = ModelCatalog(
      folders: ["\(Repository.data ?? "")/llmservingsim/configs/model"])
    for name in ["meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-70B", "Qwen/Qwen3-32B"] {
      #expect(try Repository.models.model(named: name) == reference.model(named: name))
    }
  }

  /// OPT has two matrices in its MLP, learned positions and biases, and one embedding for input and output.
  @Test func optHasTheLayersOfItsFamily() throws {
    let opt = try #require(try Repository.models.model(named: "facebook/opt-13b"))
    #expect(opt.intermediateSize == 20480 && opt.tiesEmbeddings && opt.weightType == .float16)
    #expect(opt.mlpMatrices == 2 && !opt.usesRotaryEmbedding)
    let instance = InstanceSpec(
      name: "mixed/0", node: 0, role: .mixed, model: opt, hardware: "A100",
      npuMemory: MemorySpec(sizeGiB: 80, bandwidth: 2039, latency: 0))
    let capacity = KVCapacity(instance)
    // Tokens and positions; in each block four projections and two matrices of the MLP, biases of five of them and of
    // the wide one, and two norms with scale and bias; the last norm. 2 bytes each.
    let parameters =
      (50_272 + 2_050) * 5_120
      + 40 * (4 * 5_120 * 5_120 + 2 * 5_120 * 20_480 + 9 * 5_120 + 20_480) + 2 * 5_120
    #expect(capacity.weightBytes == 2 * parameters)
    // Keys and values of 5,120 numbers in each of 40 layers.
    #expect(capacity.bytesPerToken == 2 * 5_120 * 40 * 2)
  }

  @Test func variantsOfOPTThatDifferAreRefused() throws {
    let opt = """
      {"model_type": "opt", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
       "ffn_dim": 128, "vocab_size": 1000, "max_position_embeddings": 2048,
       "word_embed_proj_dim": 64, "do_layer_norm_before": true}
      """
    #expect(try parse(opt).intermediateSize == 128)
    for (found, by, key) in [
      ("_before\": true", "_before\": false", "do_layer_norm_before"),
      ("_dim\": 64", "_dim\": 32", "word_embed_proj_dim"),
      ("ffn_dim", "intermediate_size", "ffn_dim"),
    ] {
      do {
        _ = try parse(opt.replacing(found, with: by))
        Issue.record("\(key) was accepted")
      } catch {
        #expect(error.key == key)
      }
    }
  }

  @Test func missingFieldsTakeTheirDefaults() throws {
    let model = try parse(small)
    #expect(model.kvHeads == 4)
    #expect(model.headDim == 16)
    #expect(model.weightType == .bfloat16)
    #expect(!model.tiesEmbeddings)
    let tied = small.replacingLast("\"vocab", with: "\"tie_word_embeddings\": true, \"vocab")
    #expect(try parse(tied).tiesEmbeddings)
    let half = small.replacingLast("\"vocab", with: "\"dtype\": \"float16\", \"vocab")
    #expect(try parse(half).weightType == .float16)
  }

  @Test(arguments: [
    ("\"llama\"", "\"lama\"", "model_type", "\"lama\" is not simulated"),
    ("\"llama\"", "3", "model_type", "is 3"),
    ("\"model_type\": \"llama\",", "", "model_type", "missing"),
    ("\"hidden_size\": 64", "\"hidden_size\": 66", "hidden_size", "is 66"),
    ("\"hidden_size\": 64", "\"hidden_size\": -1", "hidden_size", "is -1"),
    (
      "\"hidden_size\": 64", "\"hidden_size\": 9223372036854775807", "hidden_size",
      "is 9223372036854775807"
    ),
    (
      "\"vocab_size\"", "\"num_key_value_heads\": 3, \"vocab_size\"", "num_key_value_heads", "is 3"
    ),
    (
      "\"vocab_size\"", "\"num_experts\": 8, \"vocab_size\"", "num_experts",
      "mixture-of-experts models are not simulated yet"
    ),
    (
      "\"vocab_size\"", "\"sliding_window\": 4096, \"vocab_size\"", "sliding_window",
      "sliding windows are not simulated"
    ),
    (
      "\"vocab_size\"", "\"quantization_config\": {}, \"vocab_size\"", "quantization_config",
      "quantised checkpoints are not read"
    ),
    ("\"vocab_size\"", "\"torch_dtype\": \"bf16\", \"vocab_size\"", "torch_dtype", "is \"bf16\""),
    ("\"vocab_size\": 1000,", "", "vocab_size", "missing"),
  ])
  func whatChangesResultsIsRefused(old: String, new: String, key: String, problem: String) throws {
    let error = try #require(throws: InputError.self) {
      try parse(small.replacingLast(old, with: new))
    }
    #expect(error.file == "model.json")
    #expect(error.line != nil)
    #expect(error.key == key)
    #expect(error.problem == problem)
  }

  @Test(arguments: [
    "", "/", "..", "../model/Qwen/Qwen3-32B", "Qwen//Qwen3-32B", "./Qwen/Qwen3-32B", "a\u{0}b",
    "/etc/passwd", "Qwen/Qwen3-32B/",
  ])
  func namesStayInsideTheFolders(name: String) throws {
    #expect(try Repository.models.model(named: name) == nil)
  }
}
