/// Draws from continuous distributions, the same on every machine.
extension RandomStream {
  /// Uniform in (0, 1]: never 0, so that its logarithm exists.
  private mutating func nextPositiveUnit() -> Double { 1 - nextUnit() }

  /// Exponential with mean 1.
  mutating func nextExponential() -> Double { -PortableMath.log(nextPositiveUnit()) }

  /// Normal with mean 0 and standard deviation 1.
  ///
  /// Source: Marsaglia's polar method, SIAM Review 6 (1964), https://doi.org/10.1137/1006063.
  mutating func nextNormal() -> Double {
    while true {
      let x = 2 * nextUnit() - 1
      let y = 2 * nextUnit() - 1
      let square = x * x + y * y
      if square > 0, square < 1 {
        return x * (-2 * PortableMath.log(square) / square).squareRoot()
      }
    }
  }

  /// Gamma with the given shape and scale 1: mean `shape`. The shape must be positive.
  ///
  /// Source: Marsaglia and Tsang, ACM TOMS 26 (2000), https://doi.org/10.1145/358407.358414.
  mutating func nextGamma(shape: Double) -> Double {
    if shape < 1 {
      let boost = PortableMath.exp(PortableMath.log(nextPositiveUnit()) / shape)
      return nextGamma(shape: shape + 1) * boost
    }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = nextNormal()
      let root = 1 + c * x
      guard root > 0 else { continue }
      let v = root * root * root
      let log = PortableMath.log(nextPositiveUnit())
      if log < x * x / 2 + d - d * v + d * PortableMath.log(v) { return d * v }
    }
  }
}
