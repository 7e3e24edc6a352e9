/// A distribution of lengths in tokens, or of waits in seconds; never negative.
///
/// Written as in `RandomQuantity(parsing:)`.
public struct RandomQuantity: Sendable, Equatable {
  public enum Shape: Sendable, Equatable {
    case fixed(Double)
    /// Both ends included.
    case uniform(Double, Double)
    /// exp of a normal with this mean and standard deviation.
    case lognormal(mu: Double, sigma: Double)
    case exponential(mean: Double)
    /// Whole numbers from 1 on, each `1 − 1/mean` times as likely as the one before.
    case geometric(mean: Double)
  }

  /// One of several shapes, drawn with a probability in proportion to its weight.
  public struct Component: Sendable, Equatable {
    public var weight: Double
    public var shape: Shape
    /// Draws outside are moved to the nearer end.
    public var bounds: ClosedRange<Double>

    public init(weight: Double = 1, _ shape: Shape, bounds: ClosedRange<Double> = 0...1e8) {
      self.weight = weight
      self.shape = shape
      self.bounds = bounds
    }
  }

  /// At least one, with weights above 0.
  public var components: [Component]

  public init(_ components: [Component]) {
    precondition(!components.isEmpty, "a distribution without components")
    self.components = components
  }

  public static func fixed(_ value: Double) -> RandomQuantity {
    RandomQuantity([Component(.fixed(value))])
  }

  func sample(_ random: inout RandomStream) -> Double {
    var component = components[0]
    if components.count > 1 {
      var rest = random.nextUnit() * components.reduce(0) { $0 + $1.weight }
      for candidate in components {
        component = candidate
        rest -= candidate.weight
        if rest < 0 { break }
      }
    }
    let value = RandomQuantity.sample(component.shape, &random)
    return min(max(value, component.bounds.lowerBound), component.bounds.upperBound)
  }

  /// A length: rounded to the nearest whole, at least 1.
  func sampleTokens(_ random: inout RandomStream) -> Int {
    Int(min(max(sample(&random).rounded(), 1), Double(WorkloadBuilder.maxTokens)))
  }

  private static func sample(_ shape: Shape, _ random: inout RandomStream) -> Double {
    switch shape {
    case .fixed(let value): return value
    case .uniform(let low, let high):
      // Each whole number between whole ends is equally likely.
      if low.rounded() == low, high.rounded() == high {
        return low + Double(random.nextIndex(below: Int(high - low) + 1))
      }
      return low + (high - low) * random.nextUnit()
    case .lognormal(let mu, let sigma): return PortableMath.exp(mu + sigma * random.nextNormal())
    case .exponential(let mean): return mean * random.nextExponential()
    case .geometric(let mean):
      guard mean > 1 else { return 1 }
      return 1 + (random.nextExponential() / -PortableMath.log(1 - 1 / mean)).rounded(.down)
    }
  }
}
