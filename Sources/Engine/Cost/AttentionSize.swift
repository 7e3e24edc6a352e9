/// What a layer's attention holds, moves and computes on one accelerator of an instance.
struct AttentionSize {
  /// Numbers in its matrices.
  var weights: Double
  /// Numbers that a token's projections write: queries, keys and values, compressed ones too; and what attention leaves.
  var projected: Double
  var output: Double
  /// Numbers of a token that are turned by its position.
  var rotated: Double
  /// For a query and a key of a prompt, for one head.
  var pairFlops: Double
  /// Bytes of a key and its value that a decode request reads, for all heads; and work with them that is more than
  /// reading takes only where few bytes serve many heads.
  var keyBytes: Double
  var keyFlops: Double

  init(_ instance: InstanceSpec) {
    let model = instance.model
    let ranks = Double(instance.tpSize)
    let heads = max(1, Double(model.attentionHeads) / ranks)
    let bytes = Double(instance.kvType.bytes)
    guard let latent = model.latent else {
      let kvHeads = max(1, Double(model.kvHeads) / ranks)
      let headDim = Double(model.headDim)
      projected = (heads + 2 * kvHeads) * headDim
      output = heads * headDim
      weights = Double(model.hiddenSize) * (projected + output)
      rotated = (heads + kvHeads) * headDim
      pairFlops = 4 * headDim
      keyBytes = 2 * kvHeads * headDim * bytes
      // Left out, as what was measured of these kernels has no trace of it.
      keyFlops = 0
      return
    }
    let (rope, nope) = (Double(latent.ropeDim), Double(latent.nopeDim))
    let value = Double(latent.valueDim)
    weights = Double(model.attentionWeights(ranks: instance.tpSize))
    projected =
      Double(latent.queryRank + latent.cached) + heads * (nope + rope) + heads * (nope + value)
    output = heads * value
    rotated = (heads + 1) * rope
    // Prompts have keys and values of their own for each head.
    pairFlops = 2 * (nope + rope) + 2 * value
    // Decode requests work with the compressed vector itself, which stands for keys and values: vLLM
    // `v1/attention/backends/mla/common.py`, whose kernels for prompts and for decode requests are two.
    keyBytes = Double(latent.cached) * bytes
    keyFlops = heads * 2 * Double(latent.cached + latent.rank)
  }
}
