/// Collects the requests of a measured run, and refuses what no run can have recorded.
struct MeasuredRunBuilder {
  /// Longest run that is read, seconds: a week. Guess: longer ones are not replayed second by second.
  static let maxSeconds = 604_800

  private(set) var run: MeasuredRun
  private var rows: [Row] = []

  private struct Row {
    var request: WorkloadRequest
    var served: ServedRequest
  }

  init(source: String, format: String) {
    run = MeasuredRun(source: source, format: format)
  }

  /// Adds a request by its moments in nanoseconds from any origin; `place` makes the error where they contradict each
  /// other.
  mutating func add(
    promptTokens: Int, outputTokens: Int, arrival: Int64, firstToken: Int64, end: Int64,
    place: (_ problem: String, _ expected: String) -> InputError
  ) throws(InputError) {
    guard arrival <= firstToken else {
      throw place("the first token comes before the arrival", "moments in order")
    }
    guard firstToken <= end else {
      throw place("the last token comes before the first", "moments in order")
    }
    let arrival = SimTime(nanoseconds: arrival)
    rows.append(
      Row(
        request: WorkloadRequest(
          arrival: arrival, promptTokens: promptTokens, outputTokens: outputTokens),
        served: ServedRequest(
          arrival: arrival, firstToken: SimTime(nanoseconds: firstToken),
          end: SimTime(nanoseconds: end), outputTokens: outputTokens)))
  }

  /// The run with its requests in order of arrival, the first of which is at `start`.
  consuming func finish(
    start: SimDuration = .zero, settings: MeasuredRun.Settings = .init(),
    series: SecondSeries? = nil, notes: [String] = []
  ) throws(InputError) -> MeasuredRun {
    guard let first = rows.map(\.request.arrival).min() else {
      throw InputError(
        file: run.source, problem: "has no finished request", expected: "at least one")
    }
    let last = rows.map(\.served.end).max() ?? first
    guard last.nanoseconds - first.nanoseconds <= Int64(Self.maxSeconds) * 1_000_000_000 else {
      throw InputError(
        file: run.source, problem: "takes \((last - first).seconds) s from first to last moment",
        expected: "at most \(Self.maxSeconds) s")
    }
    // Stable: requests of one moment stay in the order of the file.
    let order = rows.indices.sorted {
      (rows[$0].request.arrival, $0) < (rows[$1].request.arrival, $1)
    }
    let origin = SimTime(nanoseconds: first.nanoseconds - start.nanoseconds)
    func moment(_ time: SimTime) -> SimTime { .zero + (time - origin) }
    for index in order {
      var row = rows[index]
      row.request.arrival = moment(row.request.arrival)
      row.served.arrival = row.request.arrival
      row.served.firstToken = moment(row.served.firstToken)
      row.served.end = moment(row.served.end)
      run.workload.requests.append(row.request)
      run.served.append(row.served)
    }
    run.settings = settings
    run.series = series
    run.notes = notes
    return run
  }
}

extension JSONNode {
  /// Seconds as nanoseconds; `range` bounds what is believed.
  func nanoseconds(_ range: ClosedRange<Double>, _ expected: String) throws(InputError) -> Int64 {
    Int64((try number(range, expected) * 1e9).rounded())
  }

  /// Prompt or output tokens of a request that was served.
  func tokenCount() throws(InputError) -> Int { try integer(1...WorkloadBuilder.maxTokens) }
}
