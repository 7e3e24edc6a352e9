/// The part of YAML that profile descriptions are written in: nested block maps, plain and quoted scalars, and lists
/// in brackets or behind dashes. Anchors, tags, flow maps and text blocks are refused.
///
/// Source: https://yaml.org/spec/1.2.2/
indirect enum PlainYAML: Sendable, Equatable {
  case scalar(String, line: Int)
  case list([String], line: Int)
  case map([Entry], line: Int)

  struct Entry: Sendable, Equatable {
    var key: String
    var value: PlainYAML
  }

  var line: Int {
    switch self {
    case .scalar(_, let line), .list(_, let line), .map(_, let line): line
    }
  }

  /// The value under `key`; nil where this is no map or lacks it.
  subscript(key: String) -> PlainYAML? {
    guard case .map(let entries, _) = self else { return nil }
    return entries.first { $0.key == key }?.value
  }

  static func parse(_ bytes: [UInt8], file: String) throws(InputError) -> PlainYAML {
    var parser = PlainYAMLParser(bytes, file: file)
    return try parser.document()
  }
}

private struct PlainYAMLParser {
  struct Line {
    var number: Int
    var indent: Int
    var text: Substring
  }

  let file: String
  var lines: [Line] = []
  var next = 0

  /// Deepest nesting followed. Guess: profile descriptions use four.
  static let maximumDepth = 32

  init(_ bytes: [UInt8], file: String) {
    self.file = file
    let text = String(decoding: bytes, as: UTF8.self)
    let rows = text.split(omittingEmptySubsequences: false) { $0.isNewline }
    for (index, row) in rows.enumerated() {
      let content = Self.withoutComment(row)
      let indent = content.prefix { $0 == " " }.count
      guard indent < content.count, content != "---" else { continue }
      lines.append(Line(number: index + 1, indent: indent, text: content.dropFirst(indent)))
    }
  }

  mutating func document() throws(InputError) -> PlainYAML {
    guard let first = lines.first else { throw InputError(file: file, problem: "is empty") }
    let value = try map(indent: first.indent, depth: 0)
    guard next == lines.count else { throw refusal(lines[next], "is indented less than the first") }
    return value
  }

  private mutating func map(indent: Int, depth: Int) throws(InputError) -> PlainYAML {
    let start = lines[next].number
    guard depth < Self.maximumDepth else { throw refusal(lines[next], "is nested too deep") }
    var entries: [PlainYAML.Entry] = []
    var keys: Set<String> = []
    while next < lines.count, lines[next].indent >= indent {
      let line = lines[next]
      guard line.indent == indent else { throw refusal(line, "has an unexpected indentation") }
      let (key, rest) = try keyAndRest(line)
      guard keys.insert(key).inserted else {
        throw refusal(line, "repeats the key '\(key)'")
      }
      next += 1
      let value = try self.value(rest, of: line, depth: depth)
      entries.append(PlainYAML.Entry(key: key, value: value))
    }
    return .map(entries, line: start)
  }

  private mutating func value(
    _ rest: Substring, of line: Line, depth: Int
  ) throws(InputError) -> PlainYAML {
    if rest.hasPrefix("[") { return try bracketedList(rest, of: line) }
    if let first = rest.first {
      guard !"{&*!|>%@`".contains(first) else { throw refusal(line, "uses YAML beyond the basics") }
      return .scalar(try unquoted(rest, of: line), line: line.number)
    }
    guard next < lines.count else { return .scalar("", line: line.number) }
    if lines[next].indent >= line.indent, lines[next].text.hasPrefix("- ") {
      return try dashedList(indent: lines[next].indent)
    }
    guard lines[next].indent > line.indent else { return .scalar("", line: line.number) }
    return try map(indent: lines[next].indent, depth: depth + 1)
  }

  private mutating func dashedList(indent: Int) throws(InputError) -> PlainYAML {
    let start = lines[next].number
    var items: [String] = []
    while next < lines.count, lines[next].indent == indent, lines[next].text.hasPrefix("- ") {
      let item = Self.trimmed(lines[next].text.dropFirst(2))
      items.append(try unquoted(item, of: lines[next]))
      next += 1
    }
    return .list(items, line: start)
  }

  /// A list in brackets, which may go on over several lines.
  private mutating func bracketedList(
    _ rest: Substring, of line: Line
  ) throws(InputError) -> PlainYAML {
    var text = String(rest)
    while !text.hasSuffix("]") {
      guard next < lines.count else { throw refusal(line, "has a list without an end") }
      text += " " + lines[next].text
      next += 1
    }
    let inner = Self.trimmed(text.dropFirst().dropLast())
    guard !inner.isEmpty else { return .list([], line: line.number) }
    var items: [String] = []
    for item in inner.split(separator: ",", omittingEmptySubsequences: false) {
      guard !item.contains(where: { "[]{}".contains($0) }) else {
        throw refusal(line, "nests lists")
      }
      items.append(try unquoted(Self.trimmed(item), of: line))
    }
    return .list(items, line: line.number)
  }

  private func keyAndRest(_ line: Line) throws(InputError) -> (String, Substring) {
    let text = line.text
    if text.last == ":" && !text.dropLast().contains(": ") {
      return (try unquoted(text.dropLast(), of: line), "")
    }
    var i = text.startIndex
    while let colon = text[i...].firstIndex(of: ":") {
      let after = text.index(after: colon)
      if after < text.endIndex, text[after] == " " {
        return (try unquoted(text[..<colon], of: line), Self.trimmed(text[after...]))
      }
      i = after
    }
    throw refusal(line, "is not 'key: value'")
  }

  private func unquoted(_ text: Substring, of line: Line) throws(InputError) -> String {
    guard let quote = text.first, quote == "'" || quote == "\"" else { return String(text) }
    let inner = text.dropFirst().dropLast()
    guard text.count >= 2, text.last == quote, !inner.contains(quote), !inner.contains("\\") else {
      throw refusal(line, "has quotes that do not match")
    }
    return String(inner)
  }

  /// The line up to a `#` that starts a comment, without trailing spaces. Quoted `#` is not supported.
  private static func withoutComment(_ row: Substring) -> Substring {
    var end = row.endIndex
    var previous: Character = " "
    for i in row.indices {
      if row[i] == "#" && previous == " " {
        end = i
        break
      }
      previous = row[i]
    }
    var content = row[..<end]
    while let last = content.last, last.isWhitespace { content.removeLast() }
    return content
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop { $0 == " " }
    while text.last == " " { text.removeLast() }
    return text
  }

  private func refusal(_ line: Line, _ problem: String) -> InputError {
    InputError(
      file: file, line: line.number, problem: "'\(line.text.prefix(40))' \(problem)",
      expected: "nested 'key: value' lines and lists in brackets")
  }
}
