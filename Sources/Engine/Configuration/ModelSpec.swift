/// A dense transformer as its Hugging Face `config.json` describes it.
public struct ModelSpec: Sendable, Equatable {
  /// Such as `meta-llama/Llama-3.1-8B`.
  public var name: String
  /// `model_type`: `llama`, `qwen2`, `qwen3`; selects the layer sequence.
  public var architecture: String
  public var hiddenSize: Int
  public var layers: Int
  public var attentionHeads: Int
  public var kvHeads: Int
  public var headDim: Int
  public var intermediateSize: Int
  public var vocabularySize: Int
  /// Longest context, prompt and output together.
  public var maxPositionEmbeddings: Int
  public var weightType: NumberFormat
  /// Input and output embedding are one matrix (`tie_word_embeddings`), held once.
  public var tiesEmbeddings: Bool
  /// nil for keys and values of their own.
  public var latent: LatentAttention? = nil

  public init(
    name: String, architecture: String, hiddenSize: Int, layers: Int, attentionHeads: Int,
    kvHeads: Int, headDim: Int, intermediateSize: Int, vocabularySize: Int,
    maxPositionEmbeddings: Int, weightType: NumberFormat,
    tiesEmbeddings: Bool = false
  ) {
    self.name = name
    self.architecture = architecture
    self.hiddenSize = hiddenSize
    self.layers = layers
    self.attentionHeads = attentionHeads
    self.kvHeads = kvHeads
    self.headDim = headDim
    self.intermediateSize = intermediateSize
    self.vocabularySize = vocabularySize
    self.maxPositionEmbeddings = maxPositionEmbeddings
    self.weightType = weightType
    self.tiesEmbeddings = tiesEmbeddings
  }
}
