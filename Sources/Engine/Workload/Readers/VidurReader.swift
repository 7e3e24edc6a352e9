/// Vidur's request traces: arrival in seconds, prefill and decode tokens; and its files of lengths
/// without arrivals, which need `WorkloadLoadOptions.arrivals`.
///
/// Source: https://github.com/microsoft/vidur, data/processed_traces.
struct VidurReader: TraceReader {
  static let format = TraceFormat(
    name: "Vidur CSV", syntax: .csv, required: ["num_prefill_tokens", "num_decode_tokens"],
    optional: [
      "arrived_at", "num_total_tokens", "pd_ratio", "request_id", "session_id", "block_size",
    ],
    arrivalKey: "arrived_at",
    makeReader: { VidurReader(columns: $0) })

  private var row: CSVRow
  private let time: Int
  private let prompt: Int
  private let output: Int

  init(columns: [String]) {
    row = CSVRow(columns: columns)
    time = row.column("arrived_at")
    prompt = row.column("num_prefill_tokens")
    output = row.column("num_decode_tokens")
  }

  mutating func read(_ line: Span<UInt8>, into builder: inout WorkloadBuilder) throws(InputError) {
    try row.split(line, builder)
    var arrival: Int64 = 0
    if time >= 0 {
      arrival = try row.seconds(time, line, builder)
    } else if builder.options.arrivals == nil {
      throw builder.error(
        "arrived_at", "the file has lengths and no arrivals", expected: "a column with seconds",
        suggestion: "give a rate, such as --rate 5 for 5 requests a second")
    }
    try builder.addRow(
      WorkloadRequest(
        arrival: SimTime(nanoseconds: arrival),
        promptTokens: row.tokens(prompt, line, builder),
        outputTokens: row.tokens(output, line, builder)))
  }
}
