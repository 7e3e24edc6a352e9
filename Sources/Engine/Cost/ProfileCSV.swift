/// Reader of a profile's comma-separated tables: a header, then numbers and plain names, no quoting.
///
/// Columns are found by name; others are ignored, and so are empty lines.
struct ProfileCSV {
  let file: String
  private let bytes: [UInt8]
  private let columns: [String]
  /// Where each asked column stands in a row.
  private let places: [Int]
  private let width: Int
  private var position: Int
  /// 1-based line of the present row.
  private(set) var line = 1
  /// Fields of the present row, in the order of the asked columns.
  private var fields: [Range<Int>]

  /// - Throws: where the header lacks a column, or there is none.
  init(file: String, bytes: [UInt8], columns: [String]) throws(InputError) {
    self.file = file
    self.bytes = bytes
    self.columns = columns
    let end = bytes.firstIndex(of: 0x0A) ?? bytes.count
    let header = String(decoding: bytes[..<end], as: UTF8.self)
      .split(separator: ",", omittingEmptySubsequences: false)
      .map { $0.filter { !$0.isWhitespace && $0 != "\u{FEFF}" } }
    guard header.count >= 1, header != [""] else {
      throw InputError(
        file: file, line: 1, problem: "is empty",
        expected: "a header with \(columns.joined(separator: ","))")
    }
    var places: [Int] = []
    for column in columns {
      guard let place = header.firstIndex(of: column) else {
        throw InputError(
          file: file, line: 1, key: column, problem: "column is missing",
          expected: "a header with \(columns.joined(separator: ","))")
      }
      places.append(place)
    }
    self.places = places
    width = header.count
    fields = Array(repeating: 0..<0, count: columns.count)
    position = min(end + 1, bytes.count)
  }

  /// Moves to the next row; false at the end.
  mutating func nextRow() throws(InputError) -> Bool {
    while position < bytes.count {
      line += 1
      let start = position
      var end = start
      var field = 0
      var fieldStart = start
      while end < bytes.count, bytes[end] != 0x0A {
        if bytes[end] == UInt8(ascii: ",") {
          take(field, fieldStart..<end)
          field += 1
          fieldStart = end + 1
        }
        end += 1
      }
      position = end + 1
      var last = end
      if last > fieldStart, bytes[last - 1] == 0x0D { last -= 1 }
      if last == start { continue }
      take(field, fieldStart..<last)
      guard field + 1 == width else {
        throw InputError(
          file: file, line: line, problem: "row has \(field + 1) fields",
          expected: "\(width), as in the header", suggestion: "is the file cut off?")
      }
      return true
    }
    return false
  }

  private mutating func take(_ field: Int, _ range: Range<Int>) {
    for i in places.indices where places[i] == field { fields[i] = range }
  }

  func text(_ column: Int) -> String { String(decoding: bytes[fields[column]], as: UTF8.self) }

  /// A whole number from 0 to 2^31 − 1.
  func count(_ column: Int) throws(InputError) -> Int {
    var value = 0
    for i in fields[column] {
      let digit = bytes[i] &- UInt8(ascii: "0")
      guard digit <= 9, value < 1 << 31 else { throw bad(column, "a whole number, 0 to 2^31 - 1") }
      value = value * 10 + Int(digit)
    }
    guard !fields[column].isEmpty, value < 1 << 31 else {
      throw bad(column, "a whole number, 0 to 2^31 - 1")
    }
    return value
  }

  /// A time in microseconds as whole nanoseconds, at least 1; half goes to even.
  func time(_ column: Int) throws(InputError) -> Int64 {
    let microseconds = try number(column)
    guard microseconds >= 0, microseconds <= 1e9 else {
      throw bad(column, "microseconds from 0 to 1e9")
    }
    return max(1, Int64((microseconds * 1000).rounded(.toNearestOrEven)))
  }

  /// A finite number.
  func number(_ column: Int) throws(InputError) -> Double {
    if let value = plainNumber(fields[column]) { return value }
    guard let value = Double(text(column)), value.isFinite else {
      throw bad(column, "a finite number")
    }
    return value
  }

  /// Digits with at most one point, few enough that one division is exact (Clinger 1990,
  /// https://doi.org/10.1145/93542.93557); nil for everything else.
  private func plainNumber(_ field: Range<Int>) -> Double? {
    var significand = 0
    var decimals: Int?
    guard field.count >= 1, field.count <= 16 else { return nil }
    for i in field {
      if bytes[i] == UInt8(ascii: ".") {
        guard decimals == nil, i > field.lowerBound else { return nil }
        decimals = 0
        continue
      }
      let digit = bytes[i] &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      significand = significand * 10 + Int(digit)
      decimals? += 1
    }
    guard significand < 1 << 53 else { return nil }
    return Double(significand) / Self.powersOfTen[decimals ?? 0]
  }

  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
  ]

  /// The error for a cell of the present row.
  func bad(_ column: Int, _ expected: String) -> InputError {
    let found = text(column).prefix(40)
    return InputError(
      file: file, line: line, key: columns[column],
      problem: found.isEmpty ? "is empty" : "is '\(found)'", expected: expected)
  }
}
