/// BurstGPT: seconds since the first day of recording. A row with 0 response tokens is a request
/// that failed.
///
/// The first release has neither sessions nor elapsed times. A session id groups requests; each
/// keeps its own arrival.
///
/// Source: https://github.com/HPMLL/BurstGPT, README.md.
struct BurstGPTReader: TraceReader {
  static let format = TraceFormat(
    name: "BurstGPT CSV", syntax: .csv,
    required: ["Timestamp", "Request tokens", "Response tokens"],
    optional: ["Session ID", "Elapsed time", "Model", "Total tokens", "Log Type"],
    arrivalKey: "Timestamp", startsAtFirstRow: true,
    makeReader: { BurstGPTReader(columns: $0) })

  private var row: CSVRow
  private let time: Int
  private let prompt: Int
  private let output: Int
  private let session: Int

  init(columns: [String]) {
    row = CSVRow(columns: columns)
    time = row.column("Timestamp")
    prompt = row.column("Request tokens")
    output = row.column("Response tokens")
    session = row.column("Session ID")
  }

  mutating func read(_ line: Span<UInt8>, into builder: inout WorkloadBuilder) throws(InputError) {
    try row.split(line, builder)
    var request = WorkloadRequest(
      arrival: SimTime(nanoseconds: try row.seconds(time, line, builder)),
      promptTokens: try row.tokens(prompt, line, builder),
      outputTokens: try row.tokens(output, line, builder))
    if request.outputTokens == 0 {
      builder.skipFailure()
      return
    }
    if session >= 0, request.promptTokens > 0 {
      let name = TraceText.excerpt(line.extracting(row.cell(session)), limit: 80)
      if !name.isEmpty, name != "-1" {
        (request.session, request.turn) = builder.nextTurn(ofSession: name)
      }
    }
    try builder.addRow(request)
  }
}
