/// Traces of the Splitwise simulator: arrival in seconds; request type 2 is an LLM inference, 1
/// plain compute.
///
/// Source: https://github.com/Mutinifni/splitwise-sim, generate_trace.py and README.md.
struct SplitwiseReader: TraceReader {
  static let format = TraceFormat(
    name: "Splitwise CSV", syntax: .csv,
    required: ["arrival_timestamp", "prompt_size", "token_size"],
    optional: ["request_id", "request_type", "application_id", "batch_size"],
    arrivalKey: "arrival_timestamp",
    makeReader: { SplitwiseReader(columns: $0) })

  private var row: CSVRow
  private let time: Int
  private let prompt: Int
  private let output: Int
  private let type: Int
  private let batch: Int

  init(columns: [String]) {
    row = CSVRow(columns: columns)
    time = row.column("arrival_timestamp")
    prompt = row.column("prompt_size")
    output = row.column("token_size")
    type = row.column("request_type")
    batch = row.column("batch_size")
  }

  mutating func read(_ line: Span<UInt8>, into builder: inout WorkloadBuilder) throws(InputError) {
    try row.split(line, builder)
    try expect(2, in: type, line, builder, "2, a request to a language model")
    try expect(1, in: batch, line, builder, "1: each row is one request")
    try builder.addRow(
      WorkloadRequest(
        arrival: SimTime(nanoseconds: row.seconds(time, line, builder)),
        promptTokens: row.tokens(prompt, line, builder),
        outputTokens: row.tokens(output, line, builder)))
  }

  private func expect(
    _ value: Int64, in column: Int, _ line: Span<UInt8>, _ builder: WorkloadBuilder,
    _ meaning: String
  ) throws(InputError) {
    guard column >= 0, try row.number(column, line, builder).whole != value else { return }
    throw builder.error(
      column == type ? "request_type" : "batch_size",
      "is `\(TraceText.excerpt(line.extracting(row.cell(column))))`", expected: meaning)
  }
}
