/// Relative errors of a model over some measurements, (model - measured) / measured.
public struct RelativeErrors: Sendable, Equatable {
  /// What was measured, such as `attention, prefill to 512 tokens`.
  public var label: String
  public var count: Int
  /// Of the magnitude.
  public var median: Double
  public var mean: Double
  public var p90: Double
  public var maximum: Double
  /// Median with sign; positive is too slow.
  public var bias: Double
}

extension RelativeErrors {
  public init(_ label: String, _ errors: [Double]) {
    let sizes = errors.map(abs).sorted()
    self.init(
      label: label, count: errors.count, median: Self.quantile(sizes, 0.5),
      mean: sizes.reduce(0, +) / Double(max(1, sizes.count)), p90: Self.quantile(sizes, 0.9),
      maximum: sizes.last ?? 0, bias: Self.quantile(errors.sorted(), 0.5))
  }

  /// Linear interpolation between neighbours.
  private static func quantile(_ sorted: [Double], _ q: Double) -> Double {
    guard let last = sorted.indices.last else { return 0 }
    let place = q * Double(last)
    let low = Int(place)
    return sorted[low] + (place - Double(low)) * (sorted[min(low + 1, last)] - sorted[low])
  }
}

extension Calibration.Errors {
  public var relative: RelativeErrors {
    RelativeErrors(
      label: regime.rawValue, count: samples, median: median, mean: mean, p90: p90,
      maximum: maximum, bias: bias)
  }
}
