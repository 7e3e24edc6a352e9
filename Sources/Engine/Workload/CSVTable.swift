/// The first line of a CSV file.
enum CSVHeader {
  /// Most columns of a header; a guess.
  static let maxColumns = 100

  static func columns(of line: Span<UInt8>, file: String, line number: Int) throws(InputError)
    -> [String]
  {
    var cells: [Range<Int>] = []
    guard CSVRow.split(line, into: &cells), cells.count <= maxColumns else {
      throw InputError(
        file: file, line: number, problem: "is neither JSON nor a row of column names",
        expected: "a trace in JSONL or CSV")
    }
    return cells.map { TraceText.excerpt(line.extracting($0), limit: 80) }
  }

  /// Refuses columns that the format does not have, and doubled ones.
  static func check(_ columns: [String], _ format: TraceFormat, file: String, line: Int)
    throws(InputError)
  {
    let known = format.required + format.optional
    for (index, column) in columns.enumerated() {
      if !known.contains(column) {
        throw InputError(
          file: file, line: line, key: column, problem: "is no column of \(format.name)",
          expected: known.map { "`\($0)`" }.joined(separator: ", "))
      }
      if columns[..<index].contains(column) {
        throw InputError(file: file, line: line, key: column, problem: "is there twice")
      }
    }
  }
}

/// Splits CSV lines into cells and reads numbers from them. One value serves all lines of a file.
///
/// Source: RFC 4180, without line breaks inside quotes.
struct CSVRow {
  private let columns: [String]
  /// Where the cells of the present line lie in it, without spaces and quotes around them.
  private var cells: [Range<Int>] = []

  init(columns: [String]) {
    self.columns = columns
    cells.reserveCapacity(columns.count)
  }

  /// Place of a column; −1 where the file has none of that name.
  func column(_ name: String) -> Int { columns.firstIndex(of: name) ?? -1 }

  mutating func split(_ line: Span<UInt8>, _ builder: borrowing WorkloadBuilder)
    throws(InputError)
  {
    guard CSVRow.split(line, into: &cells) else {
      throw builder.error(nil, "a quote does not end", expected: "\(columns.count) columns")
    }
    guard cells.count == columns.count else {
      throw builder.error(
        cells.count < columns.count ? columns[cells.count] : nil,
        "the row has \(cells.count) columns", expected: "\(columns.count), as in the header")
    }
  }

  /// Where a column lies in the line that was split last.
  func cell(_ column: Int) -> Range<Int> { cells[column] }

  func number(_ column: Int, _ line: Span<UInt8>, _ builder: borrowing WorkloadBuilder)
    throws(InputError) -> DecimalNumber
  {
    let text = line.extracting(cell(column))
    if let number = DecimalNumber(text) { return number }
    throw builder.error(
      columns[column], text.isEmpty ? "is empty" : "is `\(TraceText.excerpt(text))`",
      expected: "a number")
  }

  func tokens(_ column: Int, _ line: Span<UInt8>, _ builder: borrowing WorkloadBuilder)
    throws(InputError) -> Int
  {
    try builder.tokens(number(column, line, builder), columns[column])
  }

  /// Nanoseconds from a column in seconds.
  func seconds(_ column: Int, _ line: Span<UInt8>, _ builder: borrowing WorkloadBuilder)
    throws(InputError) -> Int64
  {
    try builder.time(number(column, line, builder), unit: 9, columns[column])
  }

  /// false where a quote does not end.
  static func split(_ line: Span<UInt8>, into cells: inout [Range<Int>]) -> Bool {
    cells.removeAll(keepingCapacity: true)
    var start = 0
    var index = 0
    var isQuoted = false
    while index < line.count {
      let byte = line[index]
      if byte == UInt8(ascii: "\"") {
        isQuoted.toggle()
      } else if byte == UInt8(ascii: ","), !isQuoted {
        cells.append(trim(line, start..<index))
        start = index + 1
      }
      index += 1
    }
    cells.append(trim(line, start..<line.count))
    return !isQuoted
  }

  private static func trim(_ line: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
    var (lower, upper) = (range.lowerBound, range.upperBound)
    while lower < upper, line[lower] == UInt8(ascii: " ") { lower += 1 }
    while upper > lower, line[upper - 1] == UInt8(ascii: " ") { upper -= 1 }
    if upper - lower >= 2, line[lower] == UInt8(ascii: "\""),
      line[upper - 1] == UInt8(ascii: "\"")
    {
      lower += 1
      upper -= 1
    }
    return lower..<upper
  }
}

/// Pieces of a trace for messages.
enum TraceText {
  /// The first bytes as text; what is not printable ASCII becomes `?`.
  static func excerpt(_ text: Span<UInt8>, limit: Int = 40) -> String {
    var result = ""
    for index in 0..<min(text.count, limit) {
      let byte = text[index]
      result.unicodeScalars.append((0x20..<0x7f).contains(byte) ? Unicode.Scalar(byte) : "?")
    }
    return text.count > limit ? result + "…" : result
  }
}
