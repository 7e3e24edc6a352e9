import ArgumentParser
import CSQLite
import Engine

/// The runs of a sweep as an SQLite database: what its CSV says, for SQL.
///
/// Table `runs` has the columns of the CSV and a row for each run; view `points` the means over the seeds of each point;
/// table `made_from` what the sweep was. It is built in memory, where nothing can be half written, and saved as other
/// outputs are: whole or not at all. The same sweep gives the same bytes.
struct SweepDatabase: OutputDocument {
  private let bytes: ContiguousArray<UInt8>

  /// - Parameter lines: of the CSV: the header, then a row for each run.
  /// - Parameter path: for messages.
  init(lines: [String], madeFrom: [(name: String, value: String)], path: String)
    throws(OutputError)
  {
    let rows = lines.map(SweepTable.cells)
    let columns = rows[0].enumerated().map { place, name in
      Column(name: name, cells: rows.dropFirst().lazy.map { $0[place] })
    }
    let database = try Database(path: path)
    try database.run("BEGIN")
    try database.run(
      "CREATE TABLE runs (\(columns.map(\.declaration).joined(separator: ", ")))")
    let marks = Array(repeating: "?", count: columns.count).joined(separator: ", ")
    try database.insert("INSERT INTO runs VALUES (\(marks))", rows: rows.dropFirst()) {
      zip(columns, $0).map { $0.value(of: $1) }
    }
    try database.run(Self.points(columns))
    try database.run("CREATE TABLE made_from (name TEXT PRIMARY KEY, value TEXT)")
    try database.insert("INSERT INTO made_from VALUES (?, ?)", rows: madeFrom) {
      [.text($0.name), .text($0.value)]
    }
    try database.run("COMMIT")
    bytes = try database.image()
  }

  func write(to sink: inout ByteSink) { sink.write(bytes) }

  /// Refuses, before any run, columns that SQLite takes for the same: it does not see the case of names.
  static func check(_ header: String) throws {
    var seen: [String: String] = [:]
    for name in SweepTable.cells(header) {
      if let other = seen.updateValue(name, forKey: name.lowercased()) {
        throw ValidationError("--sqlite: \(other) and \(name) are one name to SQLite")
      }
    }
  }

  /// The means over the seeds of each point, of all columns of numbers behind `seed`.
  private static func points(_ columns: [Column]) -> String {
    let seed = columns.firstIndex { $0.name == "seed" } ?? columns.count - 1
    let parts =
      columns[..<seed].map(\.quoted) + ["count(*) AS seeds"]
      + columns[(seed + 1)...].filter { $0.kind != .text }.map {
        "avg(\($0.quoted)) AS \($0.quoted)"
      }
    return "CREATE VIEW points AS SELECT \(parts.joined(separator: ", ")) FROM runs GROUP BY point"
  }
}

/// A value of a cell.
private enum Value {
  case integer(Int64)
  case real(Double)
  case text(String)
  case null
}

/// A column, of the kind that all its cells are.
private struct Column {
  enum Kind: String { case integer, real, text }

  var name: String
  var kind: Kind

  init(name: String, cells: some Sequence<String>) {
    self.name = name
    var (areIntegers, areNumbers, isEmpty) = (true, true, true)
    for cell in cells where !cell.isEmpty {
      isEmpty = false
      areIntegers = areIntegers && Int64(cell).map { "\($0)" } == cell
      areNumbers = areNumbers && Self.number(cell) != nil
    }
    kind = isEmpty || !areIntegers ? areNumbers ? .real : .text : .integer
  }

  /// A name may hold anything; a quote in it is doubled.
  var quoted: String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }

  var declaration: String { "\(quoted) \(kind.rawValue.uppercased())" }

  func value(of cell: String) -> Value {
    guard !cell.isEmpty else { return .null }
    return switch kind {
    case .integer: Int64(cell).map { .integer($0) } ?? .null
    case .real: Self.number(cell).map { .real($0) } ?? .null
    case .text: .text(cell)
    }
  }

  /// A whole number that a double would round is none.
  private static func number(_ cell: String) -> Double? {
    guard let number = Double(cell), number.isFinite else { return nil }
    return cell.utf8.allSatisfy { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "e") }
      && Int64(exactly: number).map { "\($0)" } != cell ? nil : number
  }
}

/// A database in memory. What goes wrong names the file that was to be.
private final class Database {
  private var handle: OpaquePointer?
  private let path: String

  init(path: String) throws(OutputError) {
    self.path = path
    try check(sqlite3_open_v2(":memory:", &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nil))
  }

  deinit { sqlite3_close_v2(handle) }

  func run(_ statement: String) throws(OutputError) {
    try check(sqlite3_exec(handle, statement, nil, nil, nil))
  }

  func insert<Row>(_ statement: String, rows: some Sequence<Row>, values: (Row) -> [Value])
    throws(OutputError)
  {
    var prepared: OpaquePointer?
    try check(sqlite3_prepare_v2(handle, statement, -1, &prepared, nil))
    defer { sqlite3_finalize(prepared) }
    for row in rows {
      for (place, value) in values(row).enumerated() {
        try check(Self.bind(value, to: prepared, at: Int32(place + 1)))
      }
      try check(sqlite3_step(prepared))
      try check(sqlite3_reset(prepared))
    }
  }

  private static func bind(_ value: Value, to prepared: OpaquePointer?, at place: Int32) -> Int32 {
    switch value {
    case .integer(let number): sqlite3_bind_int64(prepared, place, number)
    case .real(let number): sqlite3_bind_double(prepared, place, number)
    case .null: sqlite3_bind_null(prepared, place)
    case .text(var text):
      // SQLITE_TRANSIENT, which is -1 as a pointer: SQLite copies.
      text.withUTF8 {
        sqlite3_bind_text(
          prepared, place, UnsafeRawPointer($0.baseAddress)?.assumingMemoryBound(to: CChar.self),
          Int32($0.count), unsafeBitCast(-1, to: sqlite3_destructor_type.self))
      }
    }
  }

  /// The bytes of the file that it would be. Owner: this copies, SQLite's own are freed.
  func image() throws(OutputError) -> ContiguousArray<UInt8> {
    var size: sqlite3_int64 = 0
    guard let bytes = sqlite3_serialize(handle, "main", &size, 0) else {
      throw OutputError(path: path, problem: "does not fit into memory as a database")
    }
    defer { sqlite3_free(bytes) }
    return ContiguousArray(UnsafeBufferPointer(start: bytes, count: Int(size)))
  }

  private func check(_ code: Int32) throws(OutputError) {
    guard ![SQLITE_OK, SQLITE_DONE, SQLITE_ROW].contains(code) else { return }
    throw OutputError(
      path: path, problem: "SQLite refuses: \(String(cString: sqlite3_errmsg(handle)))")
  }
}
