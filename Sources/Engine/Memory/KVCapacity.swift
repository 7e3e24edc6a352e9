/// How many KV blocks an instance has, from its memory and its model.
///
/// Source: LLMServingSim's memory model, which four logged vLLM-sized values confirm (for example Llama-3.1-8B in bf16 on
/// 96 GiB at 0.9: 15,316.5 MiB of weights, 36,578 blocks). Unlike it, an embedding that a model ties to its output head is
/// counted once, as it is held once. Activations and the CUDA context are subtracted as far as a platform names them;
/// without one this is an upper bound.
public struct KVCapacity: Sendable, Equatable {
  /// Bytes of weights on each accelerator.
  public var weightBytes: Int
  /// KV bytes of one token on each accelerator, and over all of them.
  public var bytesPerToken: Int
  public var totalBytesPerToken: Int
  /// Each accelerator holds all of a token's KV, so whoever gets it gets as many copies as it has accelerators.
  public var isWholeOnEach: Bool
  public var blocks: Int

  public init(_ spec: InstanceSpec) {
    let m = spec.model
    let tp = spec.tpSize
    let bytes = spec.weightType.bytes
    let embedding = m.vocabularySize / tp * m.hiddenSize * bytes
    let norm = m.hiddenSize * bytes
    let attention =
      (m.attentionWeights(ranks: tp) + (m.latent.map { $0.queryRank + $0.rank } ?? 0)) * bytes
    let mlp = m.mlpMatrices * m.hiddenSize * (m.intermediateSize / tp) * bytes
    let embeddings = m.tiesEmbeddings ? embedding : 2 * embedding
    weightBytes =
      embeddings + m.layers * (2 * norm + attention + mlp) + norm
      + m.learnedPositionsAndBiases(ranks: tp) * bytes
    totalBytesPerToken = m.cachedNumbers(ranks: tp) * m.layers * spec.kvType.bytes
    bytesPerToken = totalBytesPerToken / tp
    isWholeOnEach = m.latent != nil
    let taken = (spec.platform?.activationGiB ?? 0) + (spec.platform?.contextGiB ?? 0)
    let usable =
      (spec.npuMemory.sizeGiB * spec.memoryUtilization - taken) * 1_073_741_824
    let forCache = Int(usable.rounded(.down)) - weightBytes
    blocks =
      spec.kvBlocks ?? max(0, forCache / max(1, bytesPerToken * spec.limits.blockSize))
  }

  /// Refuses an instance whose weights leave no room for a single block.
  public func check(_ spec: InstanceSpec, file: String) throws(InputError) {
    guard blocks > 0 else {
      let weights = Double(weightBytes) / 1_073_741_824
      throw InputError(
        file: file, key: "npu_mem.mem_size",
        problem: "\(spec.name): the weights of \(spec.model.name) take \(rounded(weights)) GiB of "
          + "\(rounded(spec.npuMemory.sizeGiB * spec.memoryUtilization)) GiB usable on each accelerator",
        expected: "room for weights and KV cache",
        suggestion: "raise tp_size, mem_size or --npu-memory-utilization")
    }
  }

  private func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
