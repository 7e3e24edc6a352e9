/// Multi-head latent attention: what is cached of a token is one compressed vector and one rotated key, for all heads.
///
/// Source: DeepSeek-V2, https://arxiv.org/abs/2405.04434, section 2.1; names as in `config.json`.
public struct LatentAttention: Sendable, Equatable {
  /// `q_lora_rank`: width that queries are compressed to.
  public var queryRank: Int
  /// `kv_lora_rank`: width of the compressed vector.
  public var rank: Int
  /// `qk_rope_head_dim` and `qk_nope_head_dim`: parts of a key that know its position, and that do not.
  public var ropeDim: Int
  public var nopeDim: Int
  /// `v_head_dim`.
  public var valueDim: Int

  public init(queryRank: Int, rank: Int, ropeDim: Int, nopeDim: Int, valueDim: Int) {
    self.queryRank = queryRank
    self.rank = rank
    self.ropeDim = ropeDim
    self.nopeDim = nopeDim
    self.valueDim = valueDim
  }

  /// Numbers cached of a token in a layer, on each accelerator alike.
  public var cached: Int { rank + ropeDim }
}

extension LatentAttention {
  /// - Parameter valueDim: width of a head, where the configuration names none for values.
  init(_ config: JSONObject, valueDim: Int) throws(InputError) {
    // guess: several times that of any published model
    let most = 1...1 << 16
    queryRank = try config.required("q_lora_rank").integer(most)
    rank = try config.required("kv_lora_rank").integer(most)
    ropeDim = try config.required("qk_rope_head_dim").integer(most)
    nopeDim = try config.required("qk_nope_head_dim").integer(most)
    self.valueDim = try config.present("v_head_dim")?.integer(most) ?? valueDim
  }
}

extension ModelSpec {
  /// Numbers cached of a token in a layer, over all accelerators, each of which has its part or, with latent attention, all.
  public func cachedNumbers(ranks: Int) -> Int {
    latent.map { $0.cached * ranks } ?? 2 * kvHeads * headDim
  }

  /// Numbers in the matrices of a layer's attention on each of `ranks` accelerators. With latent attention the compressing
  /// ones are whole on each.
  func attentionWeights(ranks: Int) -> Int {
    guard let latent else {
      let q = attentionHeads * headDim
      return hiddenSize * ((q + 2 * kvHeads * headDim) / ranks) + q / ranks * hiddenSize
    }
    let heads = attentionHeads / ranks
    let compressing = hiddenSize * (latent.queryRank + latent.cached)
    let queries = latent.queryRank * heads * (latent.nopeDim + latent.ropeDim)
    let keysAndValues = latent.rank * heads * (latent.nopeDim + latent.valueDim)
    return compressing + queries + keysAndValues + heads * latent.valueDim * hiddenSize
  }
}
