/// What one iteration (a forward pass over a batch) computes, as far as its duration depends on it.
///
/// A request that computes more than one token counts as prefill, one that computes exactly one as decode (vLLM V1).
public struct IterationShape: Equatable, Sendable {
  /// New prompt tokens over all prefill requests.
  public var prefillTokens = 0
  /// Tokens computed before this iteration, over all prefill requests.
  public var prefillContext = 0
  /// Σ q·(2k + q + 1)/2: pairs of query and key that causal attention of the prefill requests visits.
  public var prefillPairs = 0
  public var prefillRequests = 0
  public var decodeRequests = 0
  /// Context lengths of decode requests, each without the token being computed.
  public var decodeContext = 0
  /// Shortest and longest of those; 0 without decode requests. Only kept current when `CostModel.usesContextExtremes`.
  public var decodeContextMin = 0
  public var decodeContextMax = 0
  /// Sum of their squares; kept current like those two. Wraps around where 64 bits are not enough.
  public var decodeContextSquares = 0
  /// Rows that are computed for nothing, since a captured graph is larger than the batch. Attention skips them.
  public var paddingTokens = 0

  public init() {}

  /// Tokens that pass through the dense layers.
  @inlinable public var tokens: Int { prefillTokens + decodeRequests + paddingTokens }
  /// Rows of the language-model head: one for each scheduled request.
  @inlinable public var sequences: Int { prefillRequests + decodeRequests }

  /// The same decode requests one iteration later: each has one more token of context.
  @inlinable public mutating func advanceDecodes() {
    // (k + 1)² = k² + 2k + 1, summed over all of them.
    decodeContextSquares = decodeContextSquares &+ 2 &* decodeContext &+ decodeRequests
    decodeContext += decodeRequests
    decodeContextMin += 1
    decodeContextMax += 1
  }
}

/// Duration of an iteration on one instance.
///
/// Promises: a pure function of the shape, at least 1 ns, safe to call from many simulations at once.
public protocol CostModel: Sendable {
  /// One line for the start-up block and the summary: which model, from which file.
  var summary: String { get }
  /// Whether `iterationTime` reads `decodeContextMin`, `decodeContextMax` and `decodeContextSquares`.
  var usesContextExtremes: Bool { get }
  func iterationTime(_ shape: IterationShape) -> SimDuration
  /// Fills `ends` with the ends of iterations of decode requests only, one behind the other from `start` on: the first of
  /// this shape, each further one with one more token of context for every request.
  func writeEnds(
    of shape: IterationShape, from start: SimTime, to ends: UnsafeMutableBufferPointer<SimTime>)
}

extension CostModel {
  @inlinable public func writeEnds(
    of shape: IterationShape, from start: SimTime, to ends: UnsafeMutableBufferPointer<SimTime>
  ) {
    var shape = shape
    var end = start
    for place in ends.indices {
      end = end + iterationTime(shape)
      ends[place] = end
      shape.advanceDecodes()
    }
  }
}
