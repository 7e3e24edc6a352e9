/// What policies are told about output lengths that no router knows: `request.predicted_output_tokens`.
public enum OutputPredictor: Sendable, Equatable, CustomStringConvertible {
  /// Nothing: 0.
  case none
  /// Mean output of the requests that have finished; 0 before the first has.
  case mean
  /// The true length times a log-normal factor with median 1 and this standard deviation of its logarithm.
  case noisy(Double)
  /// The true length.
  case oracle

  /// Reads `none`, `mean`, `noisy:0.3` or `oracle`; nil when the text is none of them.
  public init?(_ text: String) {
    switch text {
    case "none": self = .none
    case "mean": self = .mean
    case "oracle": self = .oracle
    default:
      // More noise than this is no prediction.
      guard text.hasPrefix("noisy:"), let sigma = Double(text.dropFirst(6)), sigma >= 0, sigma <= 10
      else { return nil }
      self = .noisy(sigma)
    }
  }

  public var description: String {
    switch self {
    case .none: "none"
    case .mean: "mean"
    case .noisy(let sigma): "noisy:\(sigma)"
    case .oracle: "oracle"
    }
  }

  /// The prediction for one request that is made when it arrives; nil where it is made when asked for.
  func prediction(output: Int, request: Int, seed: UInt64) -> Int32? {
    switch self {
    case .none: return 0
    case .mean: return nil
    case .oracle: return Int32(clamping: output)
    case .noisy(let sigma):
      // Of its own for each request, so that one more request changes no other's prediction.
      var random = RandomStream(
        seed: seed &+ UInt64(request) &* 0x9e37_79b9_7f4a_7c15, name: "predictor")
      let factor = PortableMath.exp(sigma * random.nextNormal())
      return Int32(min(max(1, (Double(output) * factor).rounded()), 1e9))
    }
  }
}
