/// Strict pull reader of JSON text over borrowed bytes.
///
/// The caller asks for what it expects, in the order of the text: `beginObject`, then `nextKey` until it is nil, a value
/// after each key; `beginArray`, then `nextElement` until it is false. Nothing is allocated unless a decoded `String` is
/// asked for. Everything RFC 8259 forbids is refused; NaN and infinities too.
///
/// The bytes must outlive the scanner and every `JSONText` it hands out.
/// Source of the grammar: https://www.rfc-editor.org/rfc/rfc8259
struct JSONScanner {
  let bytes: UnsafeBufferPointer<UInt8>
  /// Offset of the next unread byte.
  var position = 0
  /// True right after an opening bracket: no comma stands before the first member or element.
  var atStart = false

  /// Deepest nesting that `skipValue` and `JSONDocument` follow.
  static let maximumDepth = 128

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes.assumingMemoryBound(to: UInt8.self) }

  /// Kind of the value that starts here; reads white space only.
  mutating func peek() throws(JSONError) -> JSONKind {
    skipWhitespace()
    guard position < bytes.count else { throw unexpected("a value") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
    case UInt8(ascii: "n"): return .null
    default: throw unexpected("a value")
    }
  }

  mutating func beginObject() throws(JSONError) {
    guard take(UInt8(ascii: "{")) else { throw unexpected("an object") }
    atStart = true
  }

  mutating func beginArray() throws(JSONError) {
    guard take(UInt8(ascii: "[")) else { throw unexpected("an array") }
    atStart = true
  }

  /// The next key of the object under way, with its colon read; nil where the object ends.
  mutating func nextKey() throws(JSONError) -> JSONText? {
    guard try nextMember(closing: UInt8(ascii: "}"), "',' or '}'") else { return nil }
    skipWhitespace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
      throw unexpected("a key in double quotes")
    }
    let key = try text()
    guard take(UInt8(ascii: ":")) else { throw unexpected("':' after a key") }
    return key
  }

  /// Whether another element follows in the array under way.
  mutating func nextElement() throws(JSONError) -> Bool {
    try nextMember(closing: UInt8(ascii: "]"), "',' or ']'")
  }

  private mutating func nextMember(
    closing: UInt8, _ expected: StaticString
  ) throws(JSONError) -> Bool {
    let isFirst = atStart
    atStart = false
    if take(closing) { return false }
    guard isFirst || take(UInt8(ascii: ",")) else { throw unexpected(expected) }
    return true
  }

  mutating func bool() throws(JSONError) -> Bool {
    if takeWord("true") { return true }
    if takeWord("false") { return false }
    throw unexpected("true or false")
  }

  /// Reads `null` if it stands here.
  mutating func takeNull() -> Bool { takeWord("null") }

  /// Reads one value of any kind and checks it as strictly as if it were used.
  mutating func skipValue() throws(JSONError) {
    /// Open containers, innermost in the lowest bit; 1 is an object.
    var open: UInt128 = 0
    var depth = 0
    while true {
      let kind = try peek()
      switch kind {
      case .object, .array:
        guard depth < Self.maximumDepth else { throw tooDeep() }
        depth += 1
        open = open << 1 | (kind == .object ? 1 : 0)
        if kind == .object { try beginObject() } else { try beginArray() }
      case .string: _ = try text()
      case .number: _ = try double()
      case .bool: _ = try bool()
      case .null: guard takeNull() else { throw unexpected("null") }
      }
      while depth > 0 {
        if open & 1 == 1 {
          if try nextKey() != nil { break }
        } else {
          if try nextElement() { break }
        }
        open >>= 1
        depth -= 1
      }
      if depth == 0 { return }
    }
  }

  /// Checks that only white space is left.
  mutating func finish() throws(JSONError) {
    skipWhitespace()
    guard position == bytes.count else { throw unexpected("the end of the text") }
  }

  mutating func skipWhitespace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  /// Reads `byte` if it comes next after white space.
  private mutating func take(_ byte: UInt8) -> Bool {
    skipWhitespace()
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func takeWord(_ word: StaticString) -> Bool {
    skipWhitespace()
    let length = word.utf8CodeUnitCount
    guard length <= bytes.count - position else { return false }
    for i in 0..<length where bytes[position + i] != word.utf8Start[i] { return false }
    position += length
    return true
  }
}

enum JSONKind: String { case object, array, string, number, bool, null }

/// Text that is not JSON, or not the value that was asked for.
struct JSONError: Error, Equatable {
  /// Offset in the scanner's bytes.
  var offset: Int
  var problem: String
  var expected: String?

  /// 1-based line of the error in the text that was scanned.
  func line(in bytes: UnsafeBufferPointer<UInt8>) -> Int {
    1 + bytes.prefix(offset).count { $0 == 0x0A }
  }
}

extension JSONScanner {
  /// The error for what stands at `position` (or at `offset`), which is not what should.
  @inline(never)
  func unexpected(_ expected: StaticString, at offset: Int? = nil) -> JSONError {
    let offset = offset ?? position
    return JSONError(
      offset: offset, problem: "found \(describe(at: offset))", expected: "\(expected)")
  }

  @inline(never)
  func invalid(_ problem: StaticString, at offset: Int, _ expected: StaticString? = nil)
    -> JSONError
  {
    JSONError(offset: offset, problem: "\(problem)", expected: expected.map { "\($0)" })
  }

  @inline(never)
  func tooDeep() -> JSONError {
    JSONError(
      offset: position, problem: "nested too deep", expected: "at most \(Self.maximumDepth) levels")
  }

  private func describe(at offset: Int) -> String {
    guard offset < bytes.count else { return "the end of the text" }
    let byte = bytes[offset]
    if byte > 0x20 && byte < 0x7F { return "'\(Character(Unicode.Scalar(byte)))'" }
    let digits = String(byte, radix: 16, uppercase: true)
    return "byte 0x\(digits.count < 2 ? "0" : "")\(digits)"
  }
}
