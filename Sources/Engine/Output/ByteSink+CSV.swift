extension ByteSink {
  static let comma = UInt8(ascii: ",")
  static let quote = UInt8(ascii: "\"")

  /// A text field, in quotes where its content needs them (RFC 4180).
  mutating func write(field: String) {
    let needsQuotes = field.utf8.contains { byte in
      byte == Self.comma || byte == Self.quote || byte == UInt8(ascii: "\n")
        || byte == UInt8(ascii: "\r")
    }
    guard needsQuotes else { return write(field) }
    write(Self.quote)
    for (index, part) in field.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
    {
      if index > 0 { write("\"\"") }
      write(String(part))
    }
    write(Self.quote)
  }

  /// The end of a line as Python's `csv` module writes it and RFC 4180 asks.
  mutating func endRow() { write("\r\n") }
}
