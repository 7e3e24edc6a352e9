/// Writes JSON in the order in which it is called, two blanks for each level.
///
/// The same calls give the same bytes everywhere: numbers are Swift's shortest text that reads back as the same value,
/// and what JSON cannot express (NaN, infinities, an absent value) is `null`.
struct JSONWriter {
  private(set) var sink: ByteSink
  /// Whether the innermost open object or array has an entry yet, for each level.
  private var hasEntry: [Bool] = []

  /// All on one line.
  private let isCompact: Bool

  init(_ sink: ByteSink, isCompact: Bool = false) {
    self.sink = sink
    self.isCompact = isCompact
  }

  /// `{ … }` with what `body` writes.
  mutating func object(_ body: (inout JSONWriter) -> Void) {
    nest(UInt8(ascii: "{"), UInt8(ascii: "}"), body)
  }

  /// `"key": { … }`
  mutating func object(_ key: String, _ body: (inout JSONWriter) -> Void) {
    self.key(key)
    object(body)
  }

  /// `"key": [ … ]` with one entry on a line for each element.
  mutating func array<Elements: Sequence>(
    _ key: String, _ elements: Elements, _ entry: (inout JSONWriter, Elements.Element) -> Void
  ) {
    self.key(key)
    nest(UInt8(ascii: "["), UInt8(ascii: "]")) { json in
      for element in elements {
        json.startEntry()
        entry(&json, element)
      }
    }
  }

  mutating func field(_ key: String, _ value: String) {
    self.key(key)
    text(value)
  }

  mutating func field(_ key: String, _ value: Int?) {
    self.key(key)
    number(value)
  }

  mutating func field(_ key: String, _ value: Double?) {
    self.key(key)
    number(value)
  }

  /// An unsigned number in full; readers that hold numbers as doubles lose its low bits beyond 2^53.
  mutating func field(_ key: String, _ value: UInt64) {
    self.key(key)
    sink.write(String(value))
  }

  /// JSON text that was made elsewhere, as it is.
  mutating func field(_ key: String, json: String) {
    self.key(key)
    sink.write(json)
  }

  mutating func number(_ value: Int?) {
    if let value { sink.write(value) } else { sink.write("null") }
  }

  mutating func number(_ value: Double?) {
    if let value, value.isFinite { sink.write(value.description) } else { sink.write("null") }
  }

  mutating func text(_ value: String) {
    sink.write(UInt8(ascii: "\""))
    for byte in value.utf8 {
      switch byte {
      case UInt8(ascii: "\""): sink.write("\\\"")
      case UInt8(ascii: "\\"): sink.write("\\\\")
      case UInt8(ascii: "\n"): sink.write("\\n")
      case UInt8(ascii: "\t"): sink.write("\\t")
      case 0..<0x20:
        let hex = Array("0123456789abcdef".utf8)
        sink.write("\\u00")
        sink.write(hex[Int(byte >> 4)])
        sink.write(hex[Int(byte & 15)])
      default: sink.write(byte)
      }
    }
    sink.write(UInt8(ascii: "\""))
  }

  /// `[a, b]` on one line, as an entry or a value.
  mutating func line<Elements: Sequence>(
    of elements: Elements, _ entry: (inout JSONWriter, Elements.Element) -> Void
  ) {
    sink.write(UInt8(ascii: "["))
    var isFirst = true
    for element in elements {
      if !isFirst { sink.write(", ") }
      isFirst = false
      entry(&self, element)
    }
    sink.write(UInt8(ascii: "]"))
  }

  mutating func key(_ key: String) {
    startEntry()
    text(key)
    sink.write(": ")
  }

  mutating func endDocument() { sink.write(UInt8(ascii: "\n")) }

  private mutating func nest(_ open: UInt8, _ close: UInt8, _ body: (inout JSONWriter) -> Void) {
    sink.write(open)
    hasEntry.append(false)
    body(&self)
    if hasEntry.removeLast() { startLine() }
    sink.write(close)
  }

  private mutating func startEntry() {
    guard let last = hasEntry.indices.last else { return }
    if hasEntry[last] {
      sink.write(ByteSink.comma)
      if isCompact { sink.write(UInt8(ascii: " ")) }
    }
    hasEntry[last] = true
    startLine()
  }

  private mutating func startLine() {
    if isCompact { return }
    sink.write(UInt8(ascii: "\n"))
    for _ in hasEntry { sink.write("  ") }
  }
}
