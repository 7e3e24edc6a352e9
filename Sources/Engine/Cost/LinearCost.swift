/// Iteration time as a sum of whole nanoseconds: for hand arithmetic in tests and examples, not for predictions.
public struct LinearCost: CostModel, Equatable {
  public var base: Int
  public var perPrefillToken: Int
  public var perDecodeRequest: Int
  /// Nanoseconds for each 1,000 tokens of decode context.
  public var perThousandContextTokens: Int

  public init(
    base: Int, perPrefillToken: Int, perDecodeRequest: Int, perThousandContextTokens: Int = 0
  ) {
    self.base = base
    self.perPrefillToken = perPrefillToken
    self.perDecodeRequest = perDecodeRequest
    self.perThousandContextTokens = perThousandContextTokens
  }

  public var summary: String { "linear, for tests" }
  public var usesContextExtremes: Bool { false }

  @inlinable public func iterationTime(_ shape: IterationShape) -> SimDuration {
    let nanoseconds =
      base + perPrefillToken * shape.prefillTokens + perDecodeRequest * shape.decodeRequests
      + perThousandContextTokens * shape.decodeContext / 1000
    return SimDuration(nanoseconds: Int64(max(1, nanoseconds)))
  }
}
