extension RandomQuantity {
  /// Reads a distribution:
  ///
  /// - `fixed:128`, or only `128`
  /// - `uniform:1-2048`, both ends included
  /// - `lognormal:mean=512,sigma=0.8`, or with `median` for `mean`, or `p90` for `sigma`; mean,
  ///   median and p90 are those of the lengths themselves, sigma is the standard deviation of
  ///   their logarithm
  /// - `exponential:mean=512`, `geometric:mean=512`
  ///
  /// with `,min=…` and `,max=…` behind each, and several with weights:
  /// `0.9*fixed:100|0.1*uniform:8000-9000`.
  public init(parsing text: String) throws(SpecError) {
    var components: [Component] = []
    for part in text.split(separator: "|", omittingEmptySubsequences: false) {
      components.append(try RandomQuantity.component(part, SpecText(whole: text)))
    }
    self.init(components)
  }

  private static func component(_ text: Substring, _ spec: SpecText) throws(SpecError) -> Component
  {
    var text = text
    var weight = 1.0
    if let star = text.firstIndex(of: "*") {
      weight = try spec.number(text[..<star])
      guard weight > 0 else {
        throw SpecError(spec.whole, "a weight is \(weight)", expected: "above 0")
      }
      text = text[text.index(after: star)...]
    }
    let (shape, bounds) = try shape(text, spec)
    return Component(weight: weight, shape, bounds: bounds)
  }

  private static func shape(_ text: Substring, _ spec: SpecText)
    throws(SpecError) -> (Shape, ClosedRange<Double>)
  {
    guard let colon = text.firstIndex(of: ":") else {
      guard let value = Double(text), value.isFinite, value >= 0, value <= 1e8 else {
        throw SpecError(spec.whole, "is no distribution", expected: examples)
      }
      return (.fixed(value), 0...1e8)
    }
    let arguments = text[text.index(after: colon)...]
    switch text[..<colon].filter({ $0 != " " }) {
    case "fixed":
      let values = try Arguments(arguments, first: "value", ["value"], spec)
      return (.fixed(try values.required("value")), try values.bounds())
    case "uniform":
      return try uniform(arguments, spec)
    case "lognormal":
      let values = try Arguments(arguments, first: nil, ["mean", "median", "sigma", "p90"], spec)
      return (try lognormal(values, spec), try values.bounds())
    case "exponential":
      let values = try Arguments(arguments, first: "mean", ["mean"], spec)
      return (.exponential(mean: try values.required("mean")), try values.bounds())
    case "geometric":
      let values = try Arguments(arguments, first: "mean", ["mean"], spec)
      let mean = try values.required("mean")
      guard mean >= 1 else { throw SpecError(spec.whole, "mean is \(mean)", expected: "1 or more") }
      return (.geometric(mean: mean), try values.bounds())
    case let name:
      throw SpecError(spec.whole, "`\(name)` is no distribution", expected: examples)
    }
  }

  private static let examples =
    "fixed:128, uniform:1-2048, lognormal:mean=512,sigma=0.8, exponential:512 or geometric:512"

  /// `low-high`, then bounds.
  private static func uniform(_ text: Substring, _ spec: SpecText)
    throws(SpecError) -> (Shape, ClosedRange<Double>)
  {
    let parts = text.split(separator: ",", maxSplits: 1)
    let ends = (parts.first ?? "").split(separator: "-")
    guard ends.count == 2 else {
      throw SpecError(spec.whole, "has no range", expected: "uniform:LOW-HIGH")
    }
    let (low, high) = (try spec.number(ends[0]), try spec.number(ends[1]))
    guard low >= 0, low <= high, high <= 1e8 else {
      throw SpecError(
        spec.whole, "the range is \(low) to \(high)", expected: "0 ≤ low ≤ high ≤ 1e8")
    }
    let values = try Arguments(parts.count > 1 ? parts[1] : "", first: nil, [], spec)
    return (.uniform(low, high), try values.bounds())
  }

  /// Quantile of the standard normal at 0.9. Source: any table of it; 1.2815515655446004.
  private static let normalP90 = 1.2815515655446004

  private static func lognormal(_ values: Arguments, _ spec: SpecText) throws(SpecError) -> Shape {
    let (mean, median) = (try values.optional("mean"), try values.optional("median"))
    let (sigma, p90) = (try values.optional("sigma"), try values.optional("p90"))
    guard (mean == nil) != (median == nil), (sigma == nil) != (p90 == nil) else {
      throw SpecError(
        spec.whole, "lognormal is not determined",
        expected: "`mean` or `median`, with `sigma` or `p90`")
    }
    if let sigma {
      guard sigma <= 10 else {
        throw SpecError(spec.whole, "sigma is \(sigma)", expected: "at most 10")
      }
      // The mean of a lognormal is exp(mu + sigma²/2), its median exp(mu).
      if let mean {
        return .lognormal(mu: PortableMath.log(mean) - sigma * sigma / 2, sigma: sigma)
      }
      return .lognormal(mu: PortableMath.log(median ?? 1), sigma: sigma)
    }
    let distance = PortableMath.log((p90 ?? 1) / (mean ?? median ?? 1))
    guard distance > 0 else {
      throw SpecError(spec.whole, "p90 is not above \(mean == nil ? "median" : "mean")")
    }
    if let median { return .lognormal(mu: PortableMath.log(median), sigma: distance / normalP90) }
    // ln(p90/mean) = z·sigma − sigma²/2: the smaller of two solutions, where one exists.
    let square = normalP90 * normalP90 - 2 * distance
    guard square >= 0 else {
      throw SpecError(
        spec.whole, "no lognormal has its p90 that far above its mean",
        expected: "p90 at most 2.27 times the mean")
    }
    let solved = normalP90 - square.squareRoot()
    return .lognormal(mu: PortableMath.log(mean ?? 1) - solved * solved / 2, sigma: solved)
  }
}

/// Named numbers of one component; all above 0 but `min` and a fixed value.
private struct Arguments {
  let values: [(name: String, value: Double)]
  let spec: SpecText

  init(_ text: Substring, first: String?, _ names: [String], _ spec: SpecText) throws(SpecError) {
    self.spec = spec
    let allowed = names + ["min", "max"]
    values = text.isEmpty ? [] : try spec.values(text, first: first, allowed: allowed)
  }

  func optional(_ name: String) throws(SpecError) -> Double? {
    guard let value = values.first(where: { $0.name == name })?.value else { return nil }
    let mayBeZero = name == "value" || name == "min"
    guard mayBeZero ? value >= 0 : value > 0, value <= 1e8 else {
      throw SpecError(
        spec.whole, "\(name) is \(value)", expected: mayBeZero ? "0 to 1e8" : "above 0, at most 1e8"
      )
    }
    return value
  }

  func required(_ name: String) throws(SpecError) -> Double {
    guard let value = try optional(name) else { throw SpecError(spec.whole, "\(name) is missing") }
    return value
  }

  func bounds() throws(SpecError) -> ClosedRange<Double> {
    let low = try optional("min") ?? 0
    let high = try optional("max") ?? 1e8
    guard low <= high else { throw SpecError(spec.whole, "min is above max") }
    return low...high
  }
}
