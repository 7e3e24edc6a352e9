/// Tables of requests that were served, as traces: arrival in seconds and lengths, with what was measured beside them.
///
/// The times are for `MeasuredRun`; here they are let through. Two spellings: DistServe's, and the one we suggest.
///
/// Source: https://github.com/LLMServe/DistServe, results of its evaluation.
struct RequestLogReader: TraceReader {
  static let ownColumns = "arrival_s,prompt_tokens,output_tokens,ttft_ms,tpot_ms,latency_ms"

  static let formats = [
    format("measured requests CSV", prompt: "prompt_tokens", output: "output_tokens"),
    format("DistServe CSV", prompt: "prompt_len", output: "output_len"),
  ]

  private static func format(_ name: String, prompt: String, output: String) -> TraceFormat {
    TraceFormat(
      name: name, syntax: .csv, required: ["arrival_s", prompt, output],
      optional: ["ttft_ms", "tpot_ms", "latency_ms"], arrivalKey: "arrival_s",
      makeReader: { RequestLogReader(columns: $0, prompt: prompt, output: output) })
  }

  private var row: CSVRow
  private let time: Int
  private let prompt: Int
  private let output: Int

  private init(columns: [String], prompt: String, output: String) {
    row = CSVRow(columns: columns)
    time = row.column("arrival_s")
    self.prompt = row.column(prompt)
    self.output = row.column(output)
  }

  mutating func read(_ line: Span<UInt8>, into builder: inout WorkloadBuilder) throws(InputError) {
    try row.split(line, builder)
    let request = WorkloadRequest(
      arrival: SimTime(nanoseconds: try row.seconds(time, line, builder)),
      promptTokens: try row.tokens(prompt, line, builder),
      outputTokens: try row.tokens(output, line, builder))
    // A request that was served has both; without them the row would stand for nothing that can be compared.
    guard request.promptTokens > 0, request.outputTokens > 0 else {
      throw builder.error(
        nil, "the request has \(request.promptTokens) and \(request.outputTokens) tokens",
        expected: "at least one of prompt and of output")
    }
    try builder.add(request)
  }
}
