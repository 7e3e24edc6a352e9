/// Azure's traces of LLM inference, 2023 and 2024: a wall-clock time with up to 7 decimals, and
/// token counts.
///
/// Source: https://github.com/Azure/AzurePublicDataset, AzureLLMInferenceDataset2023.md and
/// …2024.md.
struct AzureReader: TraceReader {
  static let format = TraceFormat(
    name: "Azure CSV", syntax: .csv, required: ["TIMESTAMP", "ContextTokens", "GeneratedTokens"],
    arrivalKey: "TIMESTAMP", startsAtFirstRow: true,
    makeReader: { AzureReader(columns: $0) })

  private var row: CSVRow
  private let time: Int
  private let prompt: Int
  private let output: Int

  init(columns: [String]) {
    row = CSVRow(columns: columns)
    time = row.column("TIMESTAMP")
    prompt = row.column("ContextTokens")
    output = row.column("GeneratedTokens")
  }

  mutating func read(_ line: Span<UInt8>, into builder: inout WorkloadBuilder) throws(InputError) {
    try row.split(line, builder)
    let text = line.extracting(row.cell(time))
    guard let arrival = WallClock.nanoseconds(text) else {
      throw builder.error(
        "TIMESTAMP", "is `\(TraceText.excerpt(text))`",
        expected: "a time such as 2023-11-16 18:17:03.9799600")
    }
    try builder.addRow(
      WorkloadRequest(
        arrival: SimTime(nanoseconds: arrival),
        promptTokens: row.tokens(prompt, line, builder),
        outputTokens: row.tokens(output, line, builder)))
  }
}
