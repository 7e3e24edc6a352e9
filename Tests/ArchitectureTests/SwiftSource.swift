/// A Swift file as far as these tests read it: words and signs, without comments and the text of strings.
struct SwiftSource {
  /// Such as `Memory/KVBlockPool.swift`.
  var path: String
  var tokens: [Token]

  struct Token: Equatable {
    var text: String
    /// 1-based.
    var line: Int
    var isWord: Bool { text.first.map { $0.isLetter || $0 == "_" } ?? false }
  }

  /// Folder directly under `Sources/Engine`.
  var folder: String { path.split(separator: "/").first.map(String.init) ?? "" }

  init(path: String, text: String) {
    self.path = path
    var lexer = SwiftLexer(text)
    lexer.readCode(until: nil)
    tokens = lexer.tokens
  }

  /// Modules it imports, with their lines.
  var imports: [Token] {
    tokens.indices.dropFirst().compactMap { i in
      guard tokens[i - 1].text == "import", tokens[i].isWord else { return nil }
      let kinds = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
      return kinds.contains(tokens[i].text) && i + 1 < tokens.count ? tokens[i + 1] : tokens[i]
    }
  }

  /// Names of the types it declares; `atTop` leaves out those inside other declarations and private ones.
  func declaredTypes(atTop: Bool) -> Set<String> {
    let kinds: Set = [
      "struct", "class", "enum", "actor", "protocol", "typealias", "associatedtype",
    ]
    var names: Set<String> = []
    var depth = 0
    for (i, token) in tokens.enumerated() {
      if token.text == "{" { depth += 1 }
      if token.text == "}" { depth -= 1 }
      guard kinds.contains(token.text), i + 1 < tokens.count, tokens[i + 1].isWord else { continue }
      // `class func` and `class var` declare no type; `import struct` neither.
      if ["func", "var", "let", "subscript"].contains(tokens[i + 1].text) { continue }
      let before = tokens[max(0, i - 4)..<i].map(\.text)
      if before.last == "import" || before.last == "." { continue }
      if atTop && (depth > 0 || before.suffix(2).contains { $0.hasSuffix("private") }) { continue }
      names.insert(tokens[i + 1].text)
    }
    return names
  }

  /// Words that are not members of something written before a dot.
  var freeWords: [Token] {
    tokens.indices.compactMap { i in
      guard tokens[i].isWord else { return nil }
      return i > 0 && tokens[i - 1].text == "." ? nil : tokens[i]
    }
  }
}

/// Splits Swift into tokens. Code inside string interpolations counts; regular-expression literals are not known.
struct SwiftLexer {
  private let text: [Character]
  private var i = 0
  private var line = 1
  private(set) var tokens: [SwiftSource.Token] = []

  init(_ source: String) { text = Array(source) }

  /// Reads code up to the end, or past the closing parenthesis of an interpolation.
  mutating func readCode(until closing: Character?) {
    var parentheses = 0
    while let character = peek() {
      if starts("//") {
        while let next = peek(), !next.isNewline { advance() }
      } else if starts("/*") {
        skipComment()
      } else if let hashes = stringStart() {
        readString(hashes: hashes)
      } else if character.isLetter || character == "_" || character.isNumber {
        readWord()
      } else {
        if character == "(" { parentheses += 1 }
        if character == ")" { parentheses -= 1 }
        if !character.isWhitespace && !"#`".contains(character) {
          tokens.append(.init(text: String(character), line: line))
        }
        advance()
        if closing != nil && parentheses < 0 { return }
      }
    }
  }

  private mutating func readWord() {
    var word = ""
    let start = line
    while let next = peek(), next.isLetter || next.isNumber || next == "_" {
      word.append(next)
      advance()
    }
    tokens.append(.init(text: word, line: start))
  }

  private mutating func skipComment() {
    var depth = 0
    repeat {
      if starts("/*") {
        depth += 1
        advance(2)
      } else if starts("*/") {
        depth -= 1
        advance(2)
      } else {
        advance()
      }
    } while depth > 0 && peek() != nil
  }

  /// Number of `#` before the quote where a string starts here; nil where none does.
  private func stringStart() -> Int? {
    var j = i
    while j < text.count, text[j] == "#" { j += 1 }
    return j < text.count && text[j] == "\"" ? j - i : nil
  }

  private mutating func readString(hashes: Int) {
    advance(hashes)
    let quote = starts("\"\"\"") ? "\"\"\"" : "\""
    let pound = String(repeating: "#", count: hashes)
    advance(quote.count)
    while peek() != nil {
      if starts(quote + pound) {
        advance(quote.count + hashes)
        return
      } else if starts("\\" + pound + "(") {
        advance(2 + hashes)
        readCode(until: ")")
      } else if starts("\\" + pound) {
        advance(2 + hashes)
      } else {
        advance()
      }
    }
  }

  private func peek() -> Character? { i < text.count ? text[i] : nil }

  private func starts(_ prefix: String) -> Bool { text[i...].starts(with: prefix) }

  private mutating func advance(_ count: Int = 1) {
    for _ in 0..<count where i < text.count {
      if text[i].isNewline { line += 1 }
      i += 1
    }
  }
}
