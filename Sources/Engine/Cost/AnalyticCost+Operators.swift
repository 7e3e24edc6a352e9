/// The analytic model's terms one by one: what operator tables measure.
extension AnalyticCost {
  /// One matrix product in 16 bits: `rows` × `depth` times `depth` × `columns`. Seconds.
  ///
  /// As the four of a layer, whose work and traffic an iteration adds up before it takes the longer.
  static func matrixProduct(
    rows: Int, columns: Int, depth: Int, on hardware: HardwareSpec
  ) -> Double {
    let c = hardware.coefficients
    let padding = (denseTileRows - rows % denseTileRows) % denseTileRows
    let paid = Double(rows) + c.denseTilePadding * Double(padding)
    let (n, k) = (Double(columns), Double(depth))
    let compute =
      paid * 2 * n * k / (c.denseComputeEfficiency * hardware.dataSheet.flops(.bfloat16))
    let traffic = 2 * (n * k + Double(rows) * (n + k))
    let memory = traffic / (c.denseMemoryEfficiency * hardware.dataSheet.memoryBandwidth * 1e9)
    return max(compute, memory) + c.denseSerialFraction * min(compute, memory)
      + c.denseKernelMicroseconds * 1e-6
  }

  /// Attention of one layer with these heads on one accelerator. Seconds.
  static func attention(
    _ shape: IterationShape, heads: Int, kvHeads: Int, headDim: Int, on hardware: HardwareSpec
  ) -> Double {
    let model = ModelSpec(
      name: "one layer", architecture: "llama", hiddenSize: heads * headDim, layers: 1,
      attentionHeads: heads, kvHeads: kvHeads, headDim: headDim, intermediateSize: headDim,
      vocabularySize: 1, maxPositionEmbeddings: 1 << 20, weightType: .bfloat16)
    let sheet = hardware.dataSheet
    let instance = InstanceSpec(
      name: "one layer", node: 0, role: .mixed, model: model, hardware: hardware.name,
      npuMemory: MemorySpec(
        sizeGiB: sheet.memoryGiB, bandwidth: sheet.memoryBandwidth, latency: 0))
    return AnalyticCost(
      hardware: hardware, instance: instance, link: LinkSpec(bandwidth: 1, latency: .zero)
    ).attention(shape)
  }
}
