/// The order in which a decoder-only transformer's profiled layers run.
///
/// Source: vLLM's model definitions, https://github.com/vllm-project/vllm/tree/main/vllm/model_executor/models
struct LayerSequence: Sendable, Equatable {
  /// Layers timed by tokens: once, once for each block (a name may occur twice), and once at the end.
  var prologue: [String]
  var block: [String]
  var epilogue: [String]
  /// Layers timed by sequences, once at the end.
  var head = ["lm_head", "sampler"]

  /// Layers whose work does not shrink with tensor parallelism: profiled with one accelerator.
  static let unsharded: Set<String> = ["layernorm", "qk_norm", "final_layernorm", "sampler"]

  /// nil where the architecture is not known.
  init?(architecture: String, hardware: String) {
    let queryKeyNorm: [String]
    switch architecture {
    case "llama", "mistral", "qwen2": queryKeyNorm = []
    case "qwen3": queryKeyNorm = ["qk_norm"]
    default: return nil
    }
    // TPU profiles time the rotary embedding as part of attention.
    let rotary = hardware.contains("TPU") ? [] : ["rotary_emb"]
    prologue = ["embedding"]
    block =
      ["layernorm", "qkv_proj"] + queryKeyNorm + rotary
      + ["o_proj", "layernorm", "gate_up_proj", "act_fn", "down_proj"]
    epilogue = ["final_layernorm"]
  }

  static let knownArchitectures = ["llama", "mistral", "qwen2", "qwen3"]
}
