/// A JSON file as a tree in which every value knows its line.
///
/// Keeps the order of members, refuses duplicate keys and nesting beyond `JSONScanner.maximumDepth`. For configuration;
/// traces are read with `JSONScanner` directly.
struct JSONDocument {
  let file: String
  private let value: JSONValue

  /// The outermost value.
  var root: JSONNode { JSONNode(file: file, path: "", value: value) }

  /// Reads and parses a file.
  init(path: String) throws(InputError) {
    try self.init(bytes: InputFile.read(path), file: path)
  }

  /// Parses bytes; `file` is for messages. A UTF-8 byte order mark is skipped.
  init(bytes: [UInt8], file: String) throws(InputError) {
    self.file = file
    let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    value = try text.withUnsafeBufferPointer { buffer throws(InputError) in
      var builder = JSONBuilder(buffer)
      do throws(JSONError) {
        return try builder.document()
      } catch {
        throw InputError(
          file: file, line: error.line(in: buffer), key: builder.path, problem: error.problem,
          expected: error.expected)
      }
    }
  }
}

/// One value of a document, with those inside it.
struct JSONValue {
  /// 1-based.
  var line: Int
  var content: Content

  enum Content {
    case object([(key: String, value: JSONValue)])
    case array([JSONValue])
    /// Written without point or exponent, and within 64 bits.
    case integer(Int)
    case number(Double)
    case string(String)
    case bool(Bool)
    case null
  }
}

/// Builds the tree; knows where it is, for messages.
private struct JSONBuilder {
  private var scanner: JSONScanner
  private var line = 1
  /// Offset up to which `line` has counted.
  private var counted = 0
  private var trail: [JSONPathStep] = []

  init(_ bytes: UnsafeBufferPointer<UInt8>) { scanner = JSONScanner(bytes) }

  /// Path of the value being read; nil at the root.
  var path: String? {
    trail.isEmpty ? nil : trail.reduce("") { $1.appended(to: $0) }
  }

  mutating func document() throws(JSONError) -> JSONValue {
    let value = try value()
    try scanner.finish()
    return value
  }

  private mutating func value() throws(JSONError) -> JSONValue {
    let kind = try scanner.peek()
    let line = currentLine()
    switch kind {
    case .object: return JSONValue(line: line, content: .object(try members()))
    case .array: return JSONValue(line: line, content: .array(try elements()))
    case .string: return JSONValue(line: line, content: .string(try scanner.string()))
    case .bool: return JSONValue(line: line, content: .bool(try scanner.bool()))
    case .number:
      let numeral = try scanner.numeral()
      if let whole = numeral.integer { return JSONValue(line: line, content: .integer(whole)) }
      return JSONValue(line: line, content: .number(try scanner.double(numeral)))
    case .null:
      guard scanner.takeNull() else { throw scanner.unexpected("null") }
      return JSONValue(line: line, content: .null)
    }
  }

  private mutating func members() throws(JSONError) -> [(key: String, value: JSONValue)] {
    guard trail.count < JSONScanner.maximumDepth else { throw scanner.tooDeep() }
    var members: [(key: String, value: JSONValue)] = []
    var seen: Set<String> = []
    try scanner.beginObject()
    while true {
      let start = scanner.position
      guard let key = try scanner.nextKey()?.string else { return members }
      trail.append(.key(key))
      guard seen.insert(key).inserted else {
        scanner.position = start
        throw scanner.invalid("stands twice in one object", at: keyOffset(), "one value")
      }
      members.append((key, try value()))
      trail.removeLast()
    }
  }

  private mutating func elements() throws(JSONError) -> [JSONValue] {
    guard trail.count < JSONScanner.maximumDepth else { throw scanner.tooDeep() }
    var elements: [JSONValue] = []
    try scanner.beginArray()
    while try scanner.nextElement() {
      trail.append(.index(elements.count))
      elements.append(try value())
      trail.removeLast()
    }
    return elements
  }

  /// Offset of the key behind the comma at `position`.
  private func keyOffset() -> Int {
    scanner.bytes[scanner.position...].firstIndex(of: UInt8(ascii: "\"")) ?? scanner.position
  }

  private mutating func currentLine() -> Int {
    while counted < scanner.position {
      if scanner.bytes[counted] == 0x0A { line += 1 }
      counted += 1
    }
    return line
  }
}

/// One step of a key path such as `nodes[0].instances[1].tp_size`.
enum JSONPathStep {
  case key(String)
  case index(Int)

  func appended(to path: String) -> String {
    switch self {
    case .index(let index): "\(path)[\(index)]"
    case .key(let key) where !isPlain(key): "\(path)[\(key.quotedForMessage)]"
    case .key(let key): path.isEmpty ? key : "\(path).\(key)"
    }
  }

  private func isPlain(_ key: String) -> Bool {
    !key.isEmpty && key.utf8.count <= 64
      && key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !".[]\"".utf8.contains($0) }
  }
}

extension String {
  /// In quotes, with control characters escaped, cut after 60 characters: safe to print whatever it holds.
  var quotedForMessage: String {
    let isLong = utf8.count > 60 && count > 60
    return (isLong ? prefix(60) + "…" : self).debugDescription
  }
}
