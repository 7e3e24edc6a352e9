extension ModelSpec {
  /// Reads a model description in the form of Hugging Face's `config.json`.
  ///
  /// Keys that do not matter here are let through: published files hold many. Whatever would change memory or compute
  /// and is not simulated (experts, sliding windows, quantised weights, other architectures) is refused.
  ///
  /// - Parameter name: what to call the model, such as `Qwen/Qwen3-32B`.
  public static func load(path: String, name: String) throws(InputError) -> ModelSpec {
    try ModelSpec(JSONDocument(path: path), name: name)
  }

  /// As `load(path:name:)`, from bytes; `file` is for messages.
  public static func parse(
    _ bytes: [UInt8], file: String, name: String
  ) throws(InputError) -> ModelSpec {
    try ModelSpec(JSONDocument(bytes: bytes, file: file), name: name)
  }

  /// Architectures whose layer sequence is simulated: `model_type` of the configuration.
  ///
  /// All are pre-norm decoders. Those before `opt` have rotary embeddings, grouped-query attention and a gated MLP:
  /// `mistral` without a sliding window has the shape of `llama`; `qwen2` adds biases, `qwen3` norms of queries and
  /// keys. `opt` has learned positions, biases, and an MLP of two matrices. `minicpm3` has DeepSeek's latent attention.
  public static let supportedArchitectures = [
    "llama", "mistral", "qwen2", "qwen3", "opt", "minicpm3",
  ]

  private init(_ document: JSONDocument, name: String) throws(InputError) {
    let config = try document.root.object()
    let architecture = try Self.architecture(config)
    let limits = ModelLimits.self
    let isOPT = architecture == "opt"
    if isOPT { try Self.refuseOPTVariants(config) }
    let hiddenSize = try config.required("hidden_size").integer(limits.hiddenSize)
    let heads = try config.required("num_attention_heads").integer(limits.heads)
    let kvHeads = try config.present("num_key_value_heads")?.integer(1...heads) ?? heads
    guard heads % kvHeads == 0 else {
      throw try config.required("num_key_value_heads").error(
        "is \(kvHeads)", expected: "a divisor of num_attention_heads, which is \(heads)")
    }
    let headDim = try config.present("head_dim")?.integer(limits.headDim)
    guard headDim != nil || hiddenSize % heads == 0 && hiddenSize / heads <= 1024 else {
      throw try config.required("hidden_size").error(
        "is \(hiddenSize)",
        expected: "a multiple of num_attention_heads, which is \(heads), or a head_dim")
    }
    self.init(
      name: name, architecture: architecture, hiddenSize: hiddenSize,
      layers: try config.required("num_hidden_layers").integer(limits.layers),
      attentionHeads: heads, kvHeads: kvHeads, headDim: headDim ?? hiddenSize / heads,
      intermediateSize:
        try config.required(isOPT ? "ffn_dim" : "intermediate_size").integer(limits.rows),
      vocabularySize: try config.required("vocab_size").integer(limits.rows),
      maxPositionEmbeddings:
        try config.required("max_position_embeddings").integer(limits.positions),
      weightType: try Self.weightType(config),
      // Hugging Face's default is to tie; the other families say otherwise in their configurations.
      tiesEmbeddings: try config.present("tie_word_embeddings")?.bool()
        ?? (isOPT || architecture == "minicpm3"))
    guard architecture == "minicpm3" else { return }
    let latent = try LatentAttention(config, valueDim: self.headDim)
    self.latent = latent
    self.headDim = latent.nopeDim + latent.ropeDim
  }

  /// OPT-350m differs from its family: it norms after each block, and projects its embeddings.
  private static func refuseOPTVariants(_ config: JSONObject) throws(InputError) {
    if let before = config.present("do_layer_norm_before"), try !before.bool() {
      throw before.error("norms after each block are not simulated", expected: "true")
    }
    let hiddenSize = try config.required("hidden_size").integer(ModelLimits.hiddenSize)
    if let width = config.present("word_embed_proj_dim"),
      try width.integer(ModelLimits.hiddenSize) != hiddenSize
    {
      throw width.error(
        "projected embeddings are not simulated", expected: "hidden_size, which is \(hiddenSize)")
    }
  }

  /// Checks that the layers are ones that we simulate.
  private static func architecture(_ config: JSONObject) throws(InputError) -> String {
    for key in ["num_local_experts", "num_experts", "n_routed_experts"] {
      if let experts = config.present(key) {
        throw experts.error(
          "mixture-of-experts models are not simulated yet", expected: "a dense model")
      }
    }
    for key in ["quantization_config", "compression_config"] {
      if let quantisation = config.present(key) {
        throw quantisation.error(
          "quantised checkpoints are not read",
          expected: "no \(key), and the weights' format as dtype of the instance")
      }
    }
    let type = try config.required("model_type")
    let architecture = try type.string()
    guard supportedArchitectures.contains(architecture) else {
      throw type.error(
        "\(type.described) is not simulated",
        expected: "one of \(supportedArchitectures.joined(separator: ", "))",
        suggestion: Suggestion.didYouMean(architecture, among: supportedArchitectures))
    }
    // Qwen configurations name a window and switch it off; others use every window they name.
    let usesWindow = try config.present("use_sliding_window")?.bool() ?? true
    if usesWindow, let window = config.present("sliding_window") {
      throw window.error("sliding windows are not simulated", expected: "null")
    }
    return architecture
  }

  /// `torch_dtype`, or `dtype` as newer files spell it.
  private static func weightType(_ config: JSONObject) throws(InputError) -> NumberFormat {
    guard let node = config.present("torch_dtype") ?? config.present("dtype") else {
      return .bfloat16
    }
    return try node.numberFormat()
  }
}

/// Largest sizes that are read. Guess: each is several times that of any published model, and sizes of weights and
/// KV caches made from them stay within 64 bits.
private enum ModelLimits {
  static let hiddenSize = 1...1 << 20
  static let layers = 1...1 << 10
  static let heads = 1...1 << 10
  static let headDim = 1...1 << 10
  /// Of the MLP and the vocabulary.
  static let rows = 1...1 << 24
  static let positions = 1...1 << 28
}

extension JSONNode {
  /// The name of a number format.
  func numberFormat() throws(InputError) -> NumberFormat {
    let name = try word(among: NumberFormat.allCases.map(\.rawValue))
    guard let format = NumberFormat(rawValue: name) else { throw error("is \(described)") }
    return format
  }
}
