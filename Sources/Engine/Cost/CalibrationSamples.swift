/// Kinds of iterations that a calibration looks at, and reports on, one by one.
public enum CalibrationRegime: String, Sendable, CaseIterable {
  /// Up to 16 requests decode, on contexts of 16 to 16,384 tokens.
  case decodeFew = "decode, 1-16 requests"
  /// 17 to 256 requests decode.
  case decodeMany = "decode, 17-256 requests"
  /// 16 to 512 tokens of one prompt, with up to 16,384 before them.
  case prefillShort = "prefill, 16-512 tokens"
  /// 513 to 2,048 tokens of one prompt.
  case prefillLong = "prefill, 513-2048 tokens"
  /// 16 to 2,048 tokens of one prompt, while 1 to 128 requests decode.
  case mixed = "prefill and decode"

  /// Iterations of this kind, the same for the same seed.
  func shapes(count: Int, seed: UInt64) -> [IterationShape] {
    var random = RandomStream(seed: seed, name: "calibration/\(rawValue)")
    return (0..<count).map { _ in shape(&random) }
  }

  private func shape(_ random: inout RandomStream) -> IterationShape {
    switch self {
    case .decodeFew: decode(random.nextLogarithmic(1...16), &random)
    case .decodeMany: decode(random.nextLogarithmic(17...256), &random)
    case .prefillShort: prefill(random.nextLogarithmic(16...512), &random)
    case .prefillLong: prefill(random.nextLogarithmic(513...2048), &random)
    case .mixed:
      decode(random.nextLogarithmic(1...128), &random)
        .adding(prefill(random.nextLogarithmic(16...2048), &random))
    }
  }

  /// Contexts are spread around their mean: the analytic model does not see the spread, so that its fit has to hold on
  /// average over it.
  private func decode(_ requests: Int, _ random: inout RandomStream) -> IterationShape {
    // Half a million tokens of KV cache is about what such an accelerator holds.
    let longest = min(16384, 500_000 / requests)
    let context = random.nextLogarithmic(16...longest)
    var shape = IterationShape()
    shape.decodeRequests = requests
    shape.decodeContext = requests * context
    shape.decodeContextMin = context
    shape.decodeContextMax = context
    shape.decodeContextSquares = requests * context * context
    if requests > 1 {
      // Guess: as in conversations, from all alike to a longest of four times the mean.
      let spread = random.nextUnit()
      let longest = min(context * min(4, requests), max(context, 16384))
      shape.decodeContextMin = context - Int(spread * 0.9 * Double(context))
      shape.decodeContextMax = context + Int(spread * Double(longest - context))
      // Guess: a quarter of the largest variance that these extremes allow, as in conversations.
      let most =
        (context - shape.decodeContextMin) * (shape.decodeContextMax - context) * requests
      shape.decodeContextSquares += most / 4
    }
    return shape
  }

  private func prefill(_ tokens: Int, _ random: inout RandomStream) -> IterationShape {
    // Half of all chunks are the first of their prompt.
    let isFirst = random.nextUnit() < 0.5
    let context = isFirst ? 0 : random.nextLogarithmic(16...16384)
    var shape = IterationShape()
    shape.prefillTokens = tokens
    shape.prefillContext = context
    shape.prefillPairs = tokens * (2 * context + tokens + 1) / 2
    shape.prefillRequests = 1
    return shape
  }
}

extension IterationShape {
  fileprivate func adding(_ prefill: IterationShape) -> IterationShape {
    var sum = self
    sum.prefillTokens = prefill.prefillTokens
    sum.prefillContext = prefill.prefillContext
    sum.prefillPairs = prefill.prefillPairs
    sum.prefillRequests = prefill.prefillRequests
    return sum
  }
}

extension RandomStream {
  /// A whole number whose logarithm is close to uniform.
  ///
  /// Doubling with a uniform step inside each octave: no logarithm, whose last bit differs between C libraries.
  fileprivate mutating func nextLogarithmic(_ range: ClosedRange<Int>) -> Int {
    let (low, high) = (Double(range.lowerBound), Double(range.upperBound))
    var octaves = 0.0
    var top = low
    while top * 2 <= high {
      top *= 2
      octaves += 1
    }
    octaves += (high - top) / top
    var place = nextUnit() * octaves
    var value = low
    while place >= 1 {
      value *= 2
      place -= 1
    }
    return min(range.upperBound, Int(value * (1 + place)))
  }
}
