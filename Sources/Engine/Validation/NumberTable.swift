/// A table of numbers with a header, for series: commas or tabs between columns, a row on each line.
struct NumberTable: ~Copyable {
  private let file: String
  private let separator: UInt8
  private var lines: LineReader
  let columns: [String]

  static func open(_ path: String, separator: UInt8) throws(InputError) -> NumberTable {
    var lines = LineReader(file: path, source: try ByteSource(path: path))
    guard let header = try lines.next() else {
      throw InputError(file: path, problem: "is empty", expected: "a table with a header")
    }
    let columns = lines.buffer[header].split(
      separator: separator, omittingEmptySubsequences: false
    ).map { String(decoding: $0, as: UTF8.self) }
    return NumberTable(file: path, separator: separator, lines: lines, columns: columns)
  }

  private init(file: String, separator: UInt8, lines: consuming LineReader, columns: [String]) {
    self.file = file
    self.separator = separator
    self.lines = lines
    self.columns = columns
  }

  /// Place of a column.
  func column(_ name: String) throws(InputError) -> Int {
    guard let place = columns.firstIndex(of: name) else {
      throw InputError(
        file: file, line: 1, key: name, problem: "column is missing",
        suggestion: Suggestion.didYouMean(name, among: columns))
    }
    return place
  }

  /// The next row, a number of at least 0 for each column; nil after the last.
  mutating func next() throws(InputError) -> [Double]? {
    guard let range = try lines.next() else { return nil }
    let cells = lines.buffer[range].split(separator: separator, omittingEmptySubsequences: false)
    guard cells.count == columns.count else {
      throw InputError(
        file: file, line: lines.number, problem: "the row has \(cells.count) columns",
        expected: "\(columns.count), as in the header")
    }
    var row: [Double] = []
    for (cell, column) in zip(cells, columns) {
      let text = String(decoding: cell, as: UTF8.self)
      guard let number = Double(text), number >= 0, number <= 1e15 else {
        throw InputError(
          file: file, line: lines.number, key: column, problem: "is \(text.quotedForMessage)",
          expected: "a number of at least 0")
      }
      row.append(number)
    }
    return row
  }

  /// A time in seconds as the end of a second of the series, counted from 1; 0 is the moment before the first.
  func second(_ time: Double, in column: Int) throws(InputError) -> Int {
    guard time <= Double(MeasuredRunBuilder.maxSeconds) else {
      throw InputError(
        file: file, line: lines.number, key: columns[column], problem: "is \(time)",
        expected: "at most \(MeasuredRunBuilder.maxSeconds) seconds")
    }
    return Int(time.rounded())
  }
}

extension NumberTable {
  /// An error at the row read last.
  func error(_ key: String, _ problem: String, expected: String? = nil) -> InputError {
    InputError(
      file: file, line: lines.number, key: key, problem: problem, expected: expected)
  }
}
