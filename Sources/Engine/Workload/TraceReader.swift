/// Turns the lines of one trace format into requests.
///
/// A new format is a file in `Readers` with a type that conforms, and its line in
/// `TraceFormat.all`.
protocol TraceReader {
  /// Adds what one line says. The line is not empty and has no line end.
  mutating func read(_ line: Span<UInt8>, into builder: inout WorkloadBuilder) throws(InputError)
}

/// What tells one trace format from the others, and what it may hold.
struct TraceFormat: Sendable {
  enum Syntax: Sendable { case csv, jsonLines }

  /// As users know it, such as `Mooncake JSONL`.
  var name: String
  var syntax: Syntax
  /// Columns that the header must have, or keys that each line must have.
  var required: [String]
  var optional: [String] = []
  /// The one with the arrival, for messages.
  var arrivalKey: String
  /// Arrivals count from some moment in the past: the first becomes 0.
  var startsAtFirstRow = false
  /// A reader for a file with these columns, in order; there are none in JSON lines.
  var makeReader: @Sendable (_ columns: [String]) -> any TraceReader

  /// All formats that can be read. Where the names of the first line fit several, the first of them
  /// is taken.
  static let all: [TraceFormat] =
    [
      LLMServingSimReader.format,
      BailianReader.format,
      MooncakeReader.format,
      AzureReader.format,
      BurstGPTReader.format,
      VidurReader.format,
      SplitwiseReader.format,
    ] + RequestLogReader.formats

  /// The format of a file whose first line has these columns or keys.
  ///
  /// A file that fits no format wholly is compared with the one it shares most names with, so that
  /// the message can say what is missing.
  static func recognise(_ names: [String], _ syntax: Syntax, file: String, line: Int)
    throws(InputError) -> TraceFormat
  {
    let known = all.filter { $0.syntax == syntax }
    if let format = known.first(where: { $0.required.allSatisfy(names.contains) }) {
      return format
    }
    let word = syntax == .csv ? "column" : "key"
    /// Shared names; where these are the same, the format that lacks fewer.
    let scores = known.map { format in
      (
        (format.required + format.optional).count(where: names.contains),
        -format.required.count { !names.contains($0) }
      )
    }
    guard let best = scores.max(by: <), best.0 > 0,
      let nearest = scores.firstIndex(where: { $0 == best })
    else {
      let found = names.prefix(8).map { "`\($0)`" }.joined(separator: ", ")
      throw InputError(
        file: file, line: line,
        problem: names.isEmpty
          ? "has no \(word)s" : "has the \(word)s \(found), which fit no trace format",
        expected: known.map(\.description).joined(separator: "; or "))
    }
    let format = known[nearest]
    throw InputError(
      file: file, line: line, key: format.required.first { !names.contains($0) },
      problem: "\(word) is missing", expected: format.description)
  }

  private var description: String {
    "\(name) with \(required.map { "`\($0)`" }.joined(separator: ", "))"
  }
}
