/// What instances take for fields that their cluster file leaves out: the values of the command line.
public struct InstanceDefaults: Sendable, Equatable {
  /// `maxNumSeqs` and `maxNumBatchedTokens` may be 0, which is no limit.
  public var limits: SchedulerLimits
  /// Fraction of accelerator memory for weights and KV cache, in (0, 1].
  public var memoryUtilization: Double
  /// nil takes the model's own `torch_dtype`.
  public var weightType: NumberFormat?
  /// nil is `auto`, see `NumberFormat.kvCache(forWeights:)`.
  public var kvType: NumberFormat?
  /// nil computes them from memory.
  public var kvBlocks: Int? = nil
  /// nil is kernels alone.
  public var platform: PlatformSpec? = nil

  public init(
    limits: SchedulerLimits = SchedulerLimits(), memoryUtilization: Double = 0.9,
    weightType: NumberFormat? = nil, kvType: NumberFormat? = nil
  ) {
    self.limits = limits
    self.memoryUtilization = memoryUtilization
    self.weightType = weightType
    self.kvType = kvType
  }

  /// Guess: a petabyte of the smallest blocks.
  static let kvBlocksRange = 1...1 << 40

  /// Refuses values out of range, by the name of their flag.
  func validate() throws(InputError) {
    let numbers: [(flag: String, value: Int, range: ClosedRange<Int>)] = [
      ("--max-num-seqs", limits.maxNumSeqs, SchedulerLimits.seqsRange),
      ("--max-num-batched-tokens", limits.maxNumBatchedTokens, SchedulerLimits.tokensRange),
      (
        "--long-prefill-token-threshold", limits.longPrefillTokenThreshold,
        SchedulerLimits.tokensRange
      ),
      ("--block-size", limits.blockSize, SchedulerLimits.blockSizeRange),
    ]
    if let kvBlocks, !Self.kvBlocksRange.contains(kvBlocks) {
      throw InputError(
        file: "command line", key: "--num-gpu-blocks", problem: "is \(kvBlocks)",
        expected: "a whole number from 1 to \(Self.kvBlocksRange.upperBound)")
    }
    for (flag, value, range) in numbers where !range.contains(value) {
      throw InputError(
        file: "command line", key: flag, problem: "is \(value)",
        expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    guard memoryUtilization > 0 && memoryUtilization <= 1 else {
      throw InputError(
        file: "command line", key: "--npu-memory-utilization", problem: "is \(memoryUtilization)",
        expected: "a number above 0 and at most 1")
    }
  }
}

extension SchedulerLimits {
  /// Stands for "no limit on running requests": more than any KV cache holds blocks for.
  public static let unlimitedSeqs = 1 << 20

  static let seqsRange = 0...unlimitedSeqs
  /// Up to the longest context of any model that is read.
  static let tokensRange = 0...1 << 28
  /// Guess: vLLM's kernels stop at 256, other engines at a few thousand.
  static let blockSizeRange = 1...1 << 16

  /// The limits with 0 replaced by what it stands for, and the budget cut to the longest context of the model.
  func resolved(for model: ModelSpec) -> SchedulerLimits {
    var limits = self
    if limits.maxNumSeqs == 0 { limits.maxNumSeqs = Self.unlimitedSeqs }
    if limits.maxNumBatchedTokens == 0 { limits.maxNumBatchedTokens = .max }
    limits.maxNumBatchedTokens = min(limits.maxNumBatchedTokens, model.maxPositionEmbeddings)
    return limits
  }
}

extension NumberFormat {
  /// Formats that a KV cache can be told to take.
  static let kvCacheFormats = [NumberFormat.float16, .bfloat16, .float32, .fp8]

  /// What `kv_cache_dtype: auto` means: the format of activations, which 8-bit weights do not change (they are computed
  /// with in 16 bits).
  static func kvCache(forWeights weights: NumberFormat) -> NumberFormat {
    weights.bytes == 1 ? .bfloat16 : weights
  }
}
