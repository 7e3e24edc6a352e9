import CSQLite

/// An SQLite database, for tests that ask in SQL.
final class SQL {
  struct Failure: Error { var message: String }

  private var handle: OpaquePointer?

  /// - Parameter path: of a database that is there, opened to be read; nil is a new one in memory.
  init(_ path: String? = nil) throws {
    let flags = path == nil ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY
    try check(sqlite3_open_v2(path ?? ":memory:", &handle, flags, nil))
  }

  deinit { sqlite3_close_v2(handle) }

  func run(_ statements: String) throws {
    try check(sqlite3_exec(handle, statements, nil, nil, nil))
  }

  /// Rows of text; nil is NULL.
  func rows(_ query: String) throws -> [[String?]] {
    var prepared: OpaquePointer?
    try check(sqlite3_prepare_v2(handle, query, -1, &prepared, nil))
    defer { sqlite3_finalize(prepared) }
    var rows: [[String?]] = []
    while true {
      let code = sqlite3_step(prepared)
      guard code == SQLITE_ROW else {
        try check(code)
        return rows
      }
      rows.append(
        (0..<sqlite3_column_count(prepared)).map {
          sqlite3_column_text(prepared, $0).map { String(cString: $0) }
        })
    }
  }

  /// The one row of a query of counts, by the names of its columns.
  func counts(_ query: String) throws -> [String: Int] {
    var prepared: OpaquePointer?
    try check(sqlite3_prepare_v2(handle, query, -1, &prepared, nil))
    defer { sqlite3_finalize(prepared) }
    guard sqlite3_step(prepared) == SQLITE_ROW else { throw Failure(message: "no row: \(query)") }
    return Dictionary(
      uniqueKeysWithValues: (0..<sqlite3_column_count(prepared)).map {
        (
          String(cString: sqlite3_column_name(prepared, $0)),
          Int(sqlite3_column_int64(prepared, $0))
        )
      })
  }

  /// Inserts a row for each list of values, which are numbers, text or nil.
  func insert(into table: String, _ rows: [[Any?]]) throws {
    guard let width = rows.first?.count else { return }
    let marks = Array(repeating: "?", count: width).joined(separator: ",")
    var prepared: OpaquePointer?
    try check(
      sqlite3_prepare_v2(handle, "INSERT INTO \(table) VALUES (\(marks))", -1, &prepared, nil))
    defer { sqlite3_finalize(prepared) }
    try run("BEGIN")
    for row in rows {
      for (place, value) in row.enumerated() {
        let column = Int32(place + 1)
        let code =
          switch value {
          case let number as Int: sqlite3_bind_int64(prepared, column, Int64(number))
          case let number as Double: sqlite3_bind_double(prepared, column, number)
          case let text as String:
            sqlite3_bind_text(
              prepared, column, text, -1, unsafeBitCast(-1, to: sqlite3_destructor_type.self))
          default: sqlite3_bind_null(prepared, column)
          }
        try check(code)
      }
      try check(sqlite3_step(prepared))
      try check(sqlite3_reset(prepared))
    }
    try run("COMMIT")
  }

  private func check(_ code: Int32) throws {
    guard ![SQLITE_OK, SQLITE_DONE, SQLITE_ROW].contains(code) else { return }
    throw Failure(message: String(cString: sqlite3_errmsg(handle)))
  }
}
