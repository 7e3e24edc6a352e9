extension Calibration {
  /// Iterations of one instance and how long they took.
  public struct Samples: Sendable {
    public var instance: InstanceSpec
    public var link: LinkSpec
    public var shapes: [IterationShape]
    /// Of each shape.
    public var seconds: [Double]
  }

  /// Relative error from which a sample counts linearly. Guess: the noise of the measurements.
  private static let tolerance = 0.03

  /// Residual of a coefficient that is twice its usual value: samples decide wherever they can tell, and what they
  /// cannot tell apart stays physical. Guess: as much as two samples that are off by the tolerance.
  private static let priorWeight = 0.6

  /// Where the search for a link begins, and its bounds: GiB/s, and ns. Guess: PCIe of one lane to all of an NVLink
  /// switch, no delay to a network's.
  private static let links:
    (usual: [Double], range: (bandwidth: ClosedRange<Double>, latency: ClosedRange<Double>)) =
      ([50, 10_000], (1...2000, 0...1e6))

  /// Coefficients, and with `fitsLink` the link, at which the analytic model comes closest to the samples.
  ///
  /// - Returns: the link of the first samples where it is not fitted.
  static func fitted(
    _ hardware: HardwareSpec, to samples: [Samples], fitsLink: Bool = false
  ) -> (coefficients: AnalyticCoefficients, link: LinkSpec?) {
    let fields = AnalyticCoefficients.fields
    let links = fitsLink ? [Self.links.range.bandwidth, Self.links.range.latency] : []
    let ranges = fields.map(\.range) + links
    let usual =
      fields.map { AnalyticCoefficients()[keyPath: $0.path] } + (fitsLink ? Self.links.usual : [])
    let solver = LeastSquares(
      lower: ranges.map(\.lowerBound), upper: ranges.map(\.upperBound), tolerance: tolerance)
    func link(_ parameters: [Double]) -> LinkSpec? {
      guard fitsLink else { return nil }
      let latency = SimDuration(roundingUp: parameters[fields.count + 1] * 1e-9)
      return LinkSpec(bandwidth: parameters[fields.count], latency: latency)
    }
    let best = solver.minimize(from: usual) { parameters, residuals in
      residuals.removeAll(keepingCapacity: true)
      var candidate = hardware
      for i in fields.indices {
        candidate.coefficients[keyPath: fields[i].path] = parameters[i]
      }
      for (value, usual) in zip(parameters, usual) {
        residuals.append(priorWeight * (value / usual - 1))
      }
      let fittedLink = link(parameters)
      for sample in samples {
        let cost = AnalyticCost(
          hardware: candidate, instance: sample.instance, link: fittedLink ?? sample.link)
        for (shape, time) in zip(sample.shapes, sample.seconds) {
          residuals.append(cost.seconds(shape) / time - 1)
        }
      }
    }
    var coefficients = AnalyticCoefficients()
    // Five digits: more would suggest a precision that is not there.
    for (field, value) in zip(fields, best) {
      coefficients[keyPath: field.path] = value.rounded(toSignificantDigits: 5)
    }
    let rounded = best.map { $0.rounded(toSignificantDigits: 3) }
    return (coefficients, link(rounded) ?? samples.first?.link)
  }
}

extension Double {
  fileprivate func rounded(toSignificantDigits digits: Int) -> Double {
    guard self != 0, isFinite else { return self }
    var scale = 1.0
    var steps = 0
    while abs(self) * scale < 0x1p53, steps < 40 {
      if (abs(self) * scale).rounded() >= Self.power(digits - 1) { break }
      scale *= 10
      steps += 1
    }
    return (self * scale).rounded() / scale
  }

  private static func power(_ exponent: Int) -> Double {
    (0..<exponent).reduce(1.0) { product, _ in product * 10 }
  }
}
