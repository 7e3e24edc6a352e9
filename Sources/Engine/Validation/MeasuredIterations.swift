/// Whole iterations that were measured, and an accelerator's analytic model fitted to them.
///
/// A table with the columns `tp`, `prefill_tokens` (of one prompt, nothing before them), `decode_requests`,
/// `context_tokens` (of all decode requests together) and `time_us`. Every other row is fitted, the others judge.
public struct MeasuredIterations: Sendable {
  /// A row: an iteration and how long it took.
  struct Row: Sendable, Equatable {
    var tpSize: Int
    var shape: IterationShape
    var seconds: Double
  }

  public let file: String
  let rows: [Row]

  public static let columns = [
    "tp", "prefill_tokens", "decode_requests", "context_tokens", "time_us",
  ]

  /// - Throws: `InputError` with file, line and column.
  public init(path: String) throws(InputError) {
    file = path
    var table = try NumberTable.open(path, separator: UInt8(ascii: ","))
    var places: [Int] = []
    for column in Self.columns { places.append(try table.column(column)) }
    var rows: [Row] = []
    while let cells = try table.next() {
      let cell = places.map { cells[$0] }
      guard let row = Self.row(cell) else {
        throw InputError(
          file: path, line: rows.count + 2, problem: "is no iteration",
          expected:
            "tp of 1 to 1024, whole numbers of up to a billion tokens and a million requests, "
            + "some of either, a context of at least a token for each request, and a time above 0")
      }
      rows.append(row)
    }
    // Guess: as many as there are coefficients, for the fit and for the check.
    guard rows.count >= 2 * AnalyticCoefficients.fields.count else {
      throw InputError(
        file: path, problem: "has \(rows.count) iterations",
        expected: "at least \(2 * AnalyticCoefficients.fields.count): half are fitted, half judge")
    }
    self.rows = rows
  }

  private static func row(_ cells: [Double]) -> Row? {
    let (tp, prefill, decodes, context, time) = (cells[0], cells[1], cells[2], cells[3], cells[4])
    guard (1...1024).contains(tp), (0...1e9).contains(prefill), (0...1e6).contains(decodes),
      (0...1e9).contains(context), prefill + decodes >= 1, context >= decodes,
      time > 0, [tp, prefill, decodes, context].allSatisfy({ $0.rounded() == $0 })
    else { return nil }
    var shape = IterationShape()
    shape.prefillTokens = Int(prefill)
    shape.prefillPairs = Int(prefill) * (Int(prefill) + 1) / 2
    shape.prefillRequests = prefill > 0 ? 1 : 0
    shape.decodeRequests = Int(decodes)
    if decodes >= 1 {
      let mean = Int(context) / Int(decodes)
      shape.decodeContext = Int(context)
      shape.decodeContextMin = mean
      shape.decodeContextMax = mean
      shape.decodeContextSquares = Int(decodes) * mean * mean
    }
    return Row(tpSize: Int(tp), shape: shape, seconds: time * 1e-6)
  }

  /// What a fit found, and how far it is from the rows that it has not seen.
  public struct Fit: Sendable {
    public var coefficients: AnalyticCoefficients
    /// Between the accelerators of an instance; nil where no row has several.
    public var link: LinkSpec?
    /// By degree: `tp1; prefill`, `tp1; decode`, ….
    public var errors: [RelativeErrors]
  }

  /// Fits the accelerator's coefficients, and the link between its accelerators, for one model.
  public func fitted(_ hardware: HardwareSpec, model: ModelSpec) -> Fit {
    let degrees = Set(rows.map(\.tpSize)).sorted()
    let ideal = LinkSpec(bandwidth: 1e9, latency: .zero)
    func samples(_ degree: Int, _ part: Int, _ isIncluded: (Row) -> Bool) -> Calibration.Samples {
      let own = rows.enumerated().filter {
        $0.offset % 2 == part && $0.element.tpSize == degree && isIncluded($0.element)
      }.map(\.element)
      return Calibration.Samples(
        instance: Calibration.instance(model: model, hardware: hardware, tpSize: degree),
        link: ideal,
        shapes: own.map(\.shape), seconds: own.map(\.seconds))
    }
    let several = degrees.last ?? 1 > 1
    let (coefficients, link) = Calibration.fitted(
      hardware, to: degrees.map { samples($0, 0) { _ in true } }, fitsLink: several)
    var candidate = hardware
    candidate.coefficients = coefficients
    var errors: [RelativeErrors] = []
    for degree in degrees {
      let cost = AnalyticCost(
        hardware: candidate,
        instance: Calibration.instance(model: model, hardware: hardware, tpSize: degree),
        link: link ?? ideal)
      for (name, isIncluded) in Self.kinds {
        let judged = samples(degree, 1, isIncluded)
        guard !judged.shapes.isEmpty else { continue }
        let found = zip(judged.shapes, judged.seconds).map { cost.seconds($0) / $1 - 1 }
        errors.append(RelativeErrors("tp\(degree); \(name)", found))
      }
    }
    return Fit(coefficients: coefficients, link: several ? link : nil, errors: errors)
  }

  private static let kinds: [(name: String, isIncluded: @Sendable (Row) -> Bool)] = [
    ("prefill", { $0.shape.decodeRequests == 0 }),
    ("decode", { $0.shape.prefillTokens == 0 }),
    ("prefill and decode", { $0.shape.decodeRequests > 0 && $0.shape.prefillTokens > 0 }),
  ]
}
