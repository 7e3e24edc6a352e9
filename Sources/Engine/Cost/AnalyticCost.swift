/// Iteration times of any accelerator from its data sheet: a roofline for each kind of kernel, summed over layers.
///
/// Matrix products take the longer of computing and moving weights, and a part of the shorter. Attention over prompts
/// takes the longer of all its work spread over the machine and its longest chain of keys; decode attention reads the
/// KV cache. In an iteration that holds both, a decode request occupies whole tiles of the prompts' kernel, as in
/// FlashAttention 2, https://arxiv.org/abs/2307.08691, which costs several times more than decoding alone.
///
/// Monotone in every component of the shape. Plain numbers: about thirty operations a call. A class, since its numbers
/// are many and never change: a call copies none of them.
public final class AnalyticCost: CostModel {
  public let summary: String
  public var usesContextExtremes: Bool { false }

  // All in seconds, over all layers, for one accelerator of the instance.
  private let fixed: Double
  private let perToken: Double
  private let densePerRow: Double
  private let denseWeights: Double
  private let denseTraffic: Double
  private let denseSerial: Double
  private let tilePadding: Double
  private let spillPerToken: Double
  private let spillFree: Double
  private let prefillFixed: Double
  private let prefillPerPair: Double
  private let prefillPerKey: Double
  private let prefillSerial: Double
  private let decodeFixed: Double
  private let decodePerRequest: Double
  private let decodePerKey: Double
  private let mixedPerRequest: Double
  private let mixedPerRequestAndToken: Double
  private let mixedPerKey: Double
  private let mixedMemoryPerKey: Double
  private let mixedMemoryFree: Double
  private let mixedSerial: Double
  /// Prompts and decode requests have kernels of their own, one after the other.
  private let runsApart: Bool
  private let headPerRow: Double
  private let headWeights: Double
  private let headPerSequence: Double

  /// Rows of a tile of a matrix product. Source: the step of measured times over tokens on RTXPRO6000.
  static let denseTileRows = 128
  /// Query rows of a tile of attention. Source: the step of measured times over chunk length on RTXPRO6000.
  private static let attentionTileRows = 64.0

  /// - Parameter reduces: whether iterations include all-reduces.
  public init(
    hardware: HardwareSpec, instance: InstanceSpec, link: LinkSpec, reduces: Bool = true
  ) {
    let note =
      instance.weightType == .float16 ? ", float16 as bfloat16, which is as wide" : ""
    summary =
      "analytic \(hardware.source) (coefficients: \(hardware.calibration.origin.rawValue)\(note))"
    let sheet = hardware.dataSheet
    let c = hardware.coefficients
    let model = instance.model
    let ranks = Double(instance.tpSize)
    let layers = Double(model.layers)
    let peak = sheet.flops(instance.weightType)
    let attentionPeak = sheet.flops(.bfloat16)
    let memory = sheet.memoryBandwidth * 1e9
    let elementwiseRate = c.elementwiseEfficiency * memory
    let weightBytes = Double(instance.weightType.bytes)
    // Activations stay in 16 bits where weights are shorter.
    let activationBytes = max(2, weightBytes)

    let hidden = Double(model.hiddenSize)
    let heads = max(1, Double(model.attentionHeads) / ranks)
    let kvHeads = max(1, Double(model.kvHeads) / ranks)
    let inner = Double(model.intermediateSize) / ranks
    let vocabulary = Double(model.vocabularySize)
    let attention = AttentionSize(instance)
    let projection = attention.projected

    // Projections into and out of attention, one or two of the MLP side by side, and one out of it. As many vectors
    // of the MLP's width as it has matrices are written and read, by them and by the activation between them.
    let mlp = Double(model.mlpMatrices) * inner
    let weights = attention.weights + hidden * mlp
    let denseRate = c.denseComputeEfficiency * peak
    let memoryRate = c.denseMemoryEfficiency * memory
    densePerRow = layers * 2 * weights / denseRate
    denseWeights = layers * weights * weightBytes / memoryRate
    denseTraffic =
      layers * activationBytes * (4 * hidden + projection + attention.output + mlp)
      / memoryRate
    denseSerial = c.denseSerialFraction
    tilePadding = c.denseTilePadding

    // Two norms with their residuals, each reading and writing two vectors; the rotary embedding and norms of queries
    // and keys where there are any, reading and writing those; the activation of the MLP.
    let onQueriesAndKeys =
      (model.usesRotaryEmbedding ? 1.0 : 0) + (model.normsQueriesAndKeys ? 1 : 0)
    let rotated = 2 * attention.rotated * onQueriesAndKeys
    let elementwise = activationBytes * (8 * hidden + rotated + mlp)
    let reduce = RingAllReduce(
      ranks: reduces ? instance.tpSize : 1, link: link,
      memoryBandwidth: instance.npuMemory.bandwidth)
    let reduceBytes = hidden * activationBytes
    perToken = layers * (elementwise / elementwiseRate + 2 * reduce.secondsPerByte * reduceBytes)
    // The MLP's activation is the largest; what the cache cannot hold moves at memory speed.
    spillPerToken = layers * activationBytes * mlp / memory
    spillFree = layers * c.cacheFraction * sheet.cacheMegabytes * 1e6 / memory

    prefillFixed = layers * c.prefillAttentionMicroseconds * 1e-6
    let pairFlops = attention.pairFlops
    let prefillRate = c.prefillAttentionEfficiency * attentionPeak
    prefillPerPair = layers * heads * pairFlops / prefillRate
    // One tile of one head goes through its keys on one multiprocessor.
    let tileFlops = pairFlops * Self.attentionTileRows
    prefillPerKey = layers * tileFlops * sheet.multiprocessors / prefillRate
    prefillSerial = c.prefillAttentionSerialFraction

    let kvBytes = attention.keyBytes
    decodePerKey =
      layers
      * max(kvBytes / (c.decodeAttentionEfficiency * memory), attention.keyFlops / prefillRate)
    runsApart = instance.model.latent != nil
    decodePerRequest = decodePerKey * c.decodeAttentionPaddingTokens
    decodeFixed = layers * c.decodeAttentionMicroseconds * 1e-6

    let tiles = layers * heads / sheet.multiprocessors
    mixedPerRequest = tiles * c.mixedTileMicroseconds * 1e-6
    mixedPerRequestAndToken =
      tiles * c.mixedEmptyTileMicroseconds * 1e-6 / Self.attentionTileRows
    mixedPerKey =
      layers * heads * tileFlops / (c.mixedAttentionEfficiency * attentionPeak)
    // Beyond what is shared, each query head reads keys and values for itself.
    mixedMemoryPerKey = layers * kvBytes * (heads / kvHeads) / memory
    mixedMemoryFree =
      layers * c.mixedSharedCaches * sheet.cacheMegabytes * 1e6 * (heads / kvHeads) / memory
    mixedSerial = c.mixedSerialFraction

    headPerRow = 2 * hidden * vocabulary / ranks / denseRate
    headWeights = hidden * vocabulary / ranks * weightBytes / memoryRate
    headPerSequence = vocabulary * c.samplerBytesPerLogit / memory

    let kernels = 3 + onQueriesAndKeys
    let perLayer =
      4 * c.denseKernelMicroseconds * 1e-6 + kernels * c.elementwiseKernelMicroseconds * 1e-6
      + 2 * reduce.fixedSeconds
    fixed =
      layers * perLayer
      + (c.iterationMicroseconds + c.samplerMicroseconds + c.denseKernelMicroseconds) * 1e-6
  }

  public func iterationTime(_ shape: IterationShape) -> SimDuration {
    SimDuration(roundingUp: max(1e-9, seconds(shape)))
  }

  public func writeEnds(
    of shape: IterationShape, from start: SimTime, to ends: UnsafeMutableBufferPointer<SimTime>
  ) {
    precondition(shape.prefillTokens == 0, "decode requests only")
    // Of all terms only the keys to read change from one iteration to the next.
    let constant = secondsBesideAttention(shape)
    let decode =
      shape.decodeRequests == 0 ? 0 : decodeFixed + Double(shape.decodeRequests) * decodePerRequest
    let perKey = shape.decodeRequests == 0 ? 0 : decodePerKey
    var context = shape.decodeContext
    var end = start
    var place = 0
    // Each takes at least as long as the one before: where the first is not too short and the last not too long, none needs
    // a look of its own.
    let first = constant + (decode + Double(context) * perKey)
    let last = Double(context + shape.decodeRequests * ends.count)
    if first >= 1e-9, (constant + (decode + last * perKey)) * 1e9 < FourDurations.longest {
      // Whole numbers, and far below what a Double holds of them.
      let step = Double(shape.decodeRequests)
      var contexts = Double(context) + step * SIMD4(0, 1, 2, 3)
      while place + 4 <= ends.count {
        let durations = FourDurations.roundingUp(constant + (decode + contexts * perKey))
        for offset in 0..<4 {
          end = end + SimDuration(nanoseconds: durations[offset])
          ends[place + offset] = end
        }
        contexts += 4 * step
        place += 4
      }
      context += place * shape.decodeRequests
    }
    while place < ends.count {
      let seconds = constant + (decode + Double(context) * perKey)
      end = end + SimDuration(roundingUp: max(1e-9, seconds))
      ends[place] = end
      context += shape.decodeRequests
      place += 1
    }
  }

  /// The time before it is rounded to nanoseconds.
  func seconds(_ shape: IterationShape) -> Double {
    secondsBesideAttention(shape) + attention(shape)
  }

  private func secondsBesideAttention(_ shape: IterationShape) -> Double {
    let tokens = Double(shape.tokens)
    let spilled = max(0, tokens * spillPerToken - spillFree)
    let dense = overlapped(
      rows(shape.tokens) * densePerRow, denseWeights + tokens * denseTraffic, denseSerial)
    let sequences = shape.sequences
    let head =
      overlapped(rows(sequences) * headPerRow, headWeights, denseSerial)
      + Double(sequences) * headPerSequence
    return fixed + tokens * perToken + spilled + dense + head
  }

  func attention(_ shape: IterationShape) -> Double {
    let requests = Double(shape.decodeRequests)
    let keys = Double(shape.decodeContext)
    let decode =
      shape.decodeRequests == 0
      ? 0 : decodeFixed + requests * decodePerRequest + keys * decodePerKey
    guard shape.prefillTokens > 0 else { return decode }
    let tokens = Double(shape.prefillTokens)
    let chain = Double(shape.prefillContext) + tokens
    let prefill =
      prefillFixed
      + overlapped(
        Double(shape.prefillPairs) * prefillPerPair, chain * prefillPerKey, prefillSerial)
    if runsApart { return decode + prefill }
    let mixed = overlapped(
      requests * (mixedPerRequest + tokens * mixedPerRequestAndToken) + keys * mixedPerKey,
      max(0, keys * mixedMemoryPerKey - mixedMemoryFree), mixedSerial)
    return max(decode, prefill + mixed)
  }

  /// Rows that a matrix product of `count` rows pays for.
  private func rows(_ count: Int) -> Double {
    let tile = Self.denseTileRows
    let padding = (tile - count % tile) % tile
    return Double(count) + tilePadding * Double(padding)
  }

  /// Time of two activities that run side by side, with a fraction of the shorter left over.
  private func overlapped(_ a: Double, _ b: Double, _ serial: Double) -> Double {
    max(a, b) + serial * min(a, b)
  }
}
