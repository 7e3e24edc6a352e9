/// The iteration time that a server has: the accelerator's, and what its platform adds.
///
/// device = max(kernels of the padded batch + eager layers + measured all-reduces, launching layers without a graph)
///   + launch gap + sampling
/// host = iteration + sequences · (sequence + detokenization)
///
/// Without asynchronous scheduling an iteration takes device + host. With it the host works while the accelerator does,
/// and an iteration takes the longer of the two.
public final class PlatformCost: CostModel {
  /// Kernels alone; without all-reduces where the platform has them.
  public let device: IterationCost
  private let platform: PlatformSpec
  private let layers: Double
  /// Sizes to which batches are padded, rising.
  private let graphSizes: ContiguousArray<Int>
  /// All-reduces of an iteration in ns, by token count; empty without a table.
  private let reduces: ContiguousArray<Double>
  private let table: PlatformSpec.AllReduceTable?
  private let bytesPerToken: Double

  public let summary: String
  public var usesContextExtremes: Bool { device.usesContextExtremes }

  /// - Parameter device: built without all-reduces if the platform has a table for this instance.
  public init(device: IterationCost, platform: PlatformSpec, instance: InstanceSpec) {
    self.device = device
    self.platform = platform
    layers = Double(instance.model.layers)
    graphSizes = ContiguousArray(platform.graphSizes)
    bytesPerToken = Double(instance.model.hiddenSize) * Double(instance.weightType.bytes)
    summary = "\(device.summary), platform \(platform.name)"
    let table = Self.table(of: platform, for: instance)
    self.table = table
    let (layers, bytesPerToken) = (layers, bytesPerToken)
    reduces = ContiguousArray(
      (0..<(table == nil ? 0 : Self.tabulated)).map { count in
        table.map { Self.reduces(count, $0, layers, bytesPerToken) } ?? 0
      })
  }

  /// As many tokens as vLLM batches by default with room; all-reduces of more are computed when asked for.
  private static let tabulated = 8193

  /// The platform's measured all-reduces among this instance's accelerators.
  static func table(
    of platform: PlatformSpec, for instance: InstanceSpec
  ) -> PlatformSpec.AllReduceTable? {
    instance.tpSize > 1 ? platform.allReduces.first { $0.ranks == instance.tpSize } : nil
  }

  public func iterationTime(_ shape: IterationShape) -> SimDuration {
    var padded = shape
    padded.paddingTokens = padding(shape.tokens)
    let kernels = Double(device.iterationTime(padded).nanoseconds)
    let sequences = Double(shape.sequences)
    var inLayers = kernels
    if shape.prefillTokens > 0 { inLayers += 1e3 * layers * platform.eagerLayer }
    if let table {
      let tokens = padded.tokens
      inLayers +=
        tokens < reduces.count
        ? reduces[tokens] : Self.reduces(tokens, table, layers, bytesPerToken)
    }
    if shape.prefillTokens > 0, shape.tokens > graphSizes.last ?? 0 {
      inLayers = max(inLayers, 1e3 * layers * platform.hostLayer)
    }
    let device = inLayers + 1e3 * (platform.launchGap + sequences * platform.sampling)
    let host =
      1e3 * (platform.hostIteration + sequences * (platform.hostSequence + platform.detokenization))
    let total =
      platform.schedulesAsynchronously ? max(device, host) : device + host
    return SimDuration(nanoseconds: ProfileLimits.whole(total.rounded()))
  }

  /// Rows that fill a batch up to the next captured graph; larger batches run as they are.
  private func padding(_ tokens: Int) -> Int {
    guard let largest = graphSizes.last, tokens <= largest else { return 0 }
    var low = 0
    var high = graphSizes.count - 1
    while low < high {
      let middle = (low + high) / 2
      if graphSizes[middle] < tokens { low = middle + 1 } else { high = middle }
    }
    return graphSizes[low] - tokens
  }

  /// Two in each layer: after the attention's output projection and after the MLP. In ns.
  private static func reduces(
    _ tokens: Int, _ table: PlatformSpec.AllReduceTable, _ layers: Double, _ bytesPerToken: Double
  ) -> Double {
    2e3 * layers * table.microseconds(bytes: Double(tokens) * bytesPerToken)
  }
}
