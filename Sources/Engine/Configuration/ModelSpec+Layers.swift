/// What the layers of the architectures have, and what not.
extension ModelSpec {
  private var isOPT: Bool { architecture == "opt" }

  /// Matrices of the MLP: up, gate and down, or up and down.
  public var mlpMatrices: Int { isOPT ? 2 : 3 }

  /// Queries and keys are turned by their position; otherwise positions are learned vectors.
  public var usesRotaryEmbedding: Bool { !isOPT }

  public var normsQueriesAndKeys: Bool { architecture == "qwen3" }

  /// Numbers that one of `ranks` accelerators holds besides matrices and the scales of norms: the learned positions of
  /// OPT, which start at 2, and its biases.
  ///
  /// Source: https://github.com/huggingface/transformers, models/opt/modeling_opt.py.
  func learnedPositionsAndBiases(ranks: Int) -> Int {
    guard isOPT else { return 0 }
    let attention = (attentionHeads + 2 * kvHeads) * headDim / ranks + hiddenSize
    let mlp = intermediateSize / ranks + hiddenSize
    return (maxPositionEmbeddings + 2) * hiddenSize
      + layers * (attention + mlp + 2 * hiddenSize) + hiddenSize
  }
}
