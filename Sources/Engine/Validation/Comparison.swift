/// A measured run beside its simulation.
public struct Comparison: Sendable {
  /// One number, measured and simulated.
  public struct Row: Sendable, Equatable {
    /// Such as `TTFT P90`.
    public var name: String
    public var unit: String
    public var measured: Double
    public var simulated: Double
    /// Relative to what was measured; positive is too much.
    public var error: Double { (simulated - measured) / measured }
  }

  /// Agreement of two series, second by second.
  public struct SeriesRow: Sendable, Equatable {
    public var name: String
    /// Means over all seconds.
    public var measured: Double
    public var simulated: Double
    /// Mean over the seconds of how far the two are apart.
    public var difference: Double
    public var error: Double { (simulated - measured) / measured }
  }

  /// TTFT, TPOT and latency in ms; empty groups where requests were not recorded.
  public var groups: [[Row]] = []
  /// Makespan and output throughput.
  public var totals: [Row] = []
  public var measured: [ServedRequest]
  public var simulated: [ServedRequest]
  public var measuredSeries: SecondSeries
  public var simulatedSeries: SecondSeries
  /// Requests that the simulation did not finish.
  public var unfinished = 0

  /// Statistics of `summary.txt` in LLMServingSim's bench, in its order.
  static let statistics: [(name: String, value: KeyPath<Distribution, Double> & Sendable)] = [
    ("Mean", \.mean), ("Median", \.p50), ("P90", \.p90), ("P95", \.p95), ("P99", \.p99),
  ]

  /// Compares a run with the result of its simulation.
  init(_ run: MeasuredRun, _ result: RunResult) {
    measured = run.served
    simulated = []
    for record in result.records {
      if record.outcome == .finished {
        simulated.append(ServedRequest(record))
      } else {
        unfinished += 1
      }
    }
    measuredSeries = run.series ?? SecondSeries(of: run.served)
    // The server counts its running set; of moments alone, only the tokens tell.
    simulatedSeries = run.series == nil ? SecondSeries(of: simulated) : SecondSeries(result)
    for (name, quantity) in [
      ("TTFT", \ServedRequest.timeToFirstToken as KeyPath<ServedRequest, Double>),
      ("Latency", \ServedRequest.latency),
    ] {
      add(name, measured.map { $0[keyPath: quantity] }, simulated.map { $0[keyPath: quantity] })
      guard name == "TTFT" else { continue }
      add(
        "TPOT", measured.compactMap(\.timePerOutputToken),
        simulated.compactMap(\.timePerOutputToken))
    }
    addTotals(run)
  }

  private mutating func add(_ name: String, _ measured: [Double], _ simulated: [Double]) {
    guard let a = Distribution(ofNanoseconds: ContiguousArray(measured)),
      let b = Distribution(ofNanoseconds: ContiguousArray(simulated))
    else { return }
    groups.append(
      Self.statistics.map {
        Row(
          name: "\(name) \($0.name)", unit: "ms", measured: a[keyPath: $0.value],
          simulated: b[keyPath: $0.value])
      })
  }

  /// Makespan: from the first arrival to the last token. Of a series alone, the end of the last second with tokens.
  private mutating func addTotals(_ run: MeasuredRun) {
    let start = (run.workload.requests.first?.arrival ?? .zero).seconds
    func span(_ served: [ServedRequest]) -> Double {
      (served.map(\.end).max() ?? .zero).seconds - start
    }
    let simulatedSpan = span(simulated)
    let measuredSpan =
      measured.isEmpty
      ? Double((measuredSeries.outputTokens.lastIndex { $0 > 0 } ?? -1) + 1) - start
      : span(measured)
    let measuredTokens =
      measured.isEmpty
      ? measuredSeries.outputTokens.reduce(0, +)
      : Double(measured.reduce(0) { $0 + $1.outputTokens })
    let simulatedTokens = Double(simulated.reduce(0) { $0 + $1.outputTokens })
    totals = [
      Row(name: "Makespan", unit: "s", measured: measuredSpan, simulated: simulatedSpan),
      Row(
        name: "Output throughput", unit: "tok/s", measured: measuredTokens / measuredSpan,
        simulated: simulatedTokens / simulatedSpan),
    ]
  }

  /// The row of that name, such as `TPOT Mean`.
  public func row(_ name: String) -> Row? {
    (groups.joined() + totals).first { $0.name == name }
  }

  // MARK: Series

  static let quantities: [(name: String, values: KeyPath<SecondSeries, [Double]> & Sendable)] = [
    ("running", \.running), ("waiting", \.waiting), ("output tok/s", \.outputTokens),
  ]

  /// Seconds until both have ended.
  public var seconds: Int {
    max(measuredSeries.outputTokens.count, simulatedSeries.outputTokens.count)
  }

  /// How well the series agree; a quantity that nobody measured is left out.
  public var seriesRows: [SeriesRow] {
    Self.quantities.compactMap { name, values in
      guard !measuredSeries[keyPath: values].isEmpty, seconds > 0 else { return nil }
      let a = padded(measuredSeries[keyPath: values])
      let b = padded(simulatedSeries[keyPath: values])
      return SeriesRow(
        name: name, measured: a.reduce(0, +) / Double(seconds),
        simulated: b.reduce(0, +) / Double(seconds),
        difference: zip(a, b).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(seconds))
    }
  }

  /// Means over stretches of `length` seconds, for a table that a person can read: `[measured, simulated]` for each of
  /// the rows of `seriesRows`, and the end of the stretch.
  public func stretches(of length: Int) -> [(end: Int, values: [(Double, Double)])] {
    let series = Self.quantities.filter { !measuredSeries[keyPath: $0.values].isEmpty }.map {
      (padded(measuredSeries[keyPath: $0.values]), padded(simulatedSeries[keyPath: $0.values]))
    }
    return stride(from: 0, to: seconds, by: max(1, length)).map { start in
      let end = min(start + max(1, length), seconds)
      func mean(_ values: [Double]) -> Double {
        values[start..<end].reduce(0, +) / Double(end - start)
      }
      return (end, series.map { (mean($0.0), mean($0.1)) })
    }
  }

  func padded(_ values: [Double]) -> [Double] {
    values + Array(repeating: 0, count: max(0, seconds - values.count))
  }
}

extension ServedRequest {
  /// Of a request that was finished.
  init(_ record: RequestRecord) {
    self.init(
      arrival: record.arrival, firstToken: record.firstToken + record.receipt,
      end: record.end + record.receipt,
      outputTokens: Int(record.outputTokens))
  }
}
