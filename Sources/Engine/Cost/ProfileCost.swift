/// Iteration times from a profile bundle: exact where it was measured, interpolated between.
///
/// Everything that depends on the token count alone is summed in advance; an iteration then costs one attention lookup
/// (two where the decode contexts differ). A final class, so that the many arrays are one reference in the hot loop.
public final class ProfileCost: CostModel {
  public let summary: String
  let bundle: ProfileBundle
  let layers: Int64
  let store: TokenStore
  let allReduce: RingAllReduce
  /// Bytes that one token adds to an all-reduce.
  let bytesPerToken: Double
  /// Layers and input and output of an iteration without attention and head, by token count.
  private let tokenTimes: ContiguousArray<Int64>
  /// Head, by sequence count.
  private let sequenceTimes: ContiguousArray<Int64>

  public var usesContextExtremes: Bool { bundle.skew != nil }

  /// - Parameters:
  ///   - folder: the variant's folder, with `meta.yaml`.
  ///   - reduces: whether iterations include all-reduces.
  ///   - note: added to the summary, such as a remark on the number format.
  public init(
    folder: String, instance: InstanceSpec, cpuMemory: MemorySpec, link: LinkSpec,
    rules: ProfileRules, reduces: Bool = true, note: String = ""
  ) throws(InputError) {
    let model = instance.model
    guard model.layers <= ProfileLimits.layers else {
      throw InputError(
        file: folder, key: "num_hidden_layers", problem: "is \(model.layers)",
        expected: "at most \(ProfileLimits.layers)")
    }
    var rules = rules
    rules.measuredAllReduce = rules.measuredAllReduce && reduces
    let bundle = try ProfileBundle(
      folder: folder, model: model, hardware: instance.hardware, tpSize: instance.tpSize,
      rules: rules)
    self.bundle = bundle
    layers = Int64(model.layers)
    store = TokenStore(
      memory: cpuMemory, tpSize: instance.tpSize, bytesPerToken: 2 * instance.weightType.bytes,
      whole: rules.wholeBandwidths)
    allReduce = RingAllReduce(
      ranks: reduces ? instance.tpSize : 1, link: link,
      memoryBandwidth: rules.wholeBandwidths
        ? instance.npuMemory.bandwidth.rounded(.down) : instance.npuMemory.bandwidth)
    bytesPerToken = Double(model.hiddenSize) * Double(instance.weightType.bytes)
    let measured = bundle.allReduce == nil ? "" : ", measured all-reduces"
    summary = "profile \(folder)/tp\(instance.tpSize)\(note)\(measured)"
    tokenTimes = Self.table(bundle.prologue + bundle.block + bundle.epilogue) {
      [layers, store, allReduce, bytesPerToken] in
      Self.tokenTime($0, bundle, layers, store, allReduce, bytesPerToken)
    }
    sequenceTimes = Self.table(bundle.head) { count in
      bundle.head.reduce(0) { $0 + $1.time(at: count) }
    }
  }

  public func iterationTime(_ shape: IterationShape) -> SimDuration {
    let tokens = shape.tokens
    let sequences = shape.sequences
    let dense =
      tokens < tokenTimes.count
      ? tokenTimes[tokens]
      : Self.tokenTime(tokens, bundle, layers, store, allReduce, bytesPerToken)
    let head =
      sequences < sequenceTimes.count
      ? sequenceTimes[sequences] : bundle.head.reduce(0) { $0 + $1.time(at: sequences) }
    return SimDuration(nanoseconds: dense + head + layers * attention(shape))
  }

  /// Attention of one layer, in nanoseconds.
  func attention(_ shape: IterationShape) -> Int64 {
    var chunk = Double(shape.prefillTokens)
    var context = Double(shape.prefillContext)
    var pieces: Int64 = 1
    if shape.prefillTokens > 0, bundle.rules.prefillContext == .pairs {
      let longest = bundle.attention.longestChunk
      if chunk > longest, longest > 0 { pieces = Int64((chunk / longest).rounded(.up)) }
      // A query of a prompt with context k sees k + (q + 1) / 2 keys on average.
      let keys = Double(shape.prefillPairs) / chunk
      chunk /= Double(pieces)
      context = max(0, keys - (chunk + 1) / 2)
    }
    let first = attention(chunk: chunk, context: context, shape)
    guard pieces > 1 else { return first }
    let other = bundle.attention.time(
      chunk: chunk, prefillContext: context, count: 0, decodeContext: 0)
    return min(ProfileLimits.longest, first + (pieces - 1) * other)
  }

  /// Attention of one layer with the decode requests of `shape`, corrected for the spread of their contexts.
  private func attention(chunk: Double, context: Double, _ shape: IterationShape) -> Int64 {
    let requests = shape.decodeRequests
    let mean = requests > 0 ? shape.decodeContext / requests : 0
    let table = bundle.attention
    let atMean = table.time(
      chunk: chunk, prefillContext: context, count: Double(requests), decodeContext: Double(mean))
    guard let skew = bundle.skew, requests > 1, shape.decodeContextMax != mean else {
      return atMean
    }
    let longest = Double(shape.decodeContextMax)
    var alpha = skew.alpha(
      chunk: chunk, prefillContext: context, count: Double(requests), mean: Double(mean),
      shortest: Double(shape.decodeContextMin), longest: longest)
    if bundle.rules.spread == .variance { alpha *= shape.spread }
    guard alpha != 0 else { return atMean }
    let atLongest = table.time(
      chunk: chunk, prefillContext: context, count: Double(requests), decodeContext: longest)
    guard atLongest > atMean else { return atMean }
    let skewed = (Double(atMean) + alpha * Double(atLongest - atMean)).rounded(.toNearestOrEven)
    return ProfileLimits.whole(skewed)
  }

  /// Everything of an iteration that depends on its token count alone.
  private static func tokenTime(
    _ tokens: Int, _ bundle: ProfileBundle, _ layers: Int64, _ store: TokenStore,
    _ allReduce: RingAllReduce, _ bytesPerToken: Double
  ) -> Int64 {
    func sum(_ curves: [LatencyCurve]) -> Int64 {
      var total: Int64 = 0
      for curve in curves { total += curve.time(at: tokens) }
      return total
    }
    // After the attention's output projection and after the MLP.
    let reduces = 2 * reduceTime(bytes: Double(tokens) * bytesPerToken, bundle, allReduce)
    return store.nanoseconds(tokens: tokens) + sum(bundle.prologue)
      + layers * (sum(bundle.block) + reduces) + sum(bundle.epilogue)
  }

  /// One all-reduce: as measured, or from the link.
  static func reduceTime(
    bytes: Double, _ bundle: ProfileBundle, _ allReduce: RingAllReduce
  ) -> Int64 {
    let measured = bundle.allReduce.map { $0.time(at: Int(min(bytes, 0x1p60))) }
    return min(ProfileLimits.longest, measured ?? allReduce.nanoseconds(bytes: bytes))
  }

  /// Values for 0 to the last measured count of any curve, 65,536 at most.
  private static func table(
    _ curves: [LatencyCurve], _ value: (Int) -> Int64
  ) -> ContiguousArray<Int64> {
    let last = curves.reduce(0) { max($0, $1.counts.last ?? 0) }
    return ContiguousArray((0...min(last, 1 << 16)).map(value))
  }
}

extension IterationShape {
  /// Variance of the decode contexts, as a share of the largest that their mean and extremes allow.
  fileprivate var spread: Double {
    let count = Double(decodeRequests)
    let mean = Double(decodeContext) / count
    let variance = Double(decodeContextSquares) / count - mean * mean
    let most = (mean - Double(decodeContextMin)) * (Double(decodeContextMax) - mean)
    // The order of the comparison lets NaN end at 0.
    return most > 0 && variance > 0 ? min(1, variance / most) : 0
  }
}

/// Token ids on their way in from host memory, sampled ids on their way back.
struct TokenStore: Sendable {
  var bandwidth: Double
  var latency: Double
  var loads: Double
  var bytesPerToken: Double

  /// Each of the ranks loads in turn, one of them stores.
  init(memory: MemorySpec, tpSize: Int, bytesPerToken: Int, whole: Bool) {
    // GB/s are bytes per nanosecond.
    bandwidth = whole ? max(1, memory.bandwidth.rounded(.down)) : memory.bandwidth
    latency = whole ? memory.latency.rounded(.down) : memory.latency
    loads = Double(tpSize)
    self.bytesPerToken = Double(bytesPerToken)
  }

  func nanoseconds(tokens: Int) -> Int64 {
    let total = (loadTime(tokens) + saveTime(tokens)).rounded(.down)
    return total < 1 ? 0 : ProfileLimits.whole(total)
  }

  /// Nanoseconds until the last rank has its token ids.
  func loadTime(_ tokens: Int) -> Double {
    loads * ((Double(tokens) * bytesPerToken / bandwidth).rounded(.down) + latency)
  }

  /// Nanoseconds until the sampled ids, of 4 bytes each, are back.
  func saveTime(_ tokens: Int) -> Double {
    (Double(tokens) * 4 / bandwidth).rounded(.down) + latency
  }
}
