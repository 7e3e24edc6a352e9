/// A string of the text as it stands there, between its quotes; escapes are checked but not decoded yet.
///
/// Valid while the scanned bytes are.
struct JSONText {
  let raw: UnsafeBufferPointer<UInt8>
  let hasEscapes: Bool

  /// Compares without allocating (unless there are escapes, which keys hardly ever have).
  static func == (text: JSONText, word: StaticString) -> Bool {
    if text.hasEscapes { return text.string == "\(word)" }
    let length = word.utf8CodeUnitCount
    guard text.raw.count == length else { return false }
    for i in 0..<length where text.raw[i] != word.utf8Start[i] { return false }
    return true
  }

  static func ~= (word: StaticString, text: JSONText) -> Bool { text == word }

  /// The decoded string.
  var string: String {
    guard hasEscapes else { return String(decoding: raw, as: UTF8.self) }
    var decoded = String.UnicodeScalarView()
    var literal = 0
    var i = 0
    while i < raw.count {
      guard raw[i] == UInt8(ascii: "\\") else {
        i += 1
        continue
      }
      decoded.append(contentsOf: String(decoding: raw[literal..<i], as: UTF8.self).unicodeScalars)
      decoded.append(escape(at: &i))
      literal = i
    }
    decoded.append(contentsOf: String(decoding: raw[literal...], as: UTF8.self).unicodeScalars)
    return String(decoded)
  }

  /// Decodes the escape that starts at `i`, which the scanner has checked, and moves past it.
  private func escape(at i: inout Int) -> Unicode.Scalar {
    let letter = raw[i + 1]
    i += 2
    switch letter {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "u"):
      var code = JSONScanner.hexadecimal(raw, at: i) ?? 0xFFFD
      i += 4
      if code >= 0xD800 && code < 0xDC00 {
        let low = JSONScanner.hexadecimal(raw, at: i + 2) ?? 0xDC00
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        i += 6
      }
      return Unicode.Scalar(code) ?? "\u{FFFD}"
    default: return Unicode.Scalar(letter)  // quote, backslash, slash
    }
  }
}

extension JSONScanner {
  /// Reads a string and checks its escapes and its UTF-8.
  mutating func text() throws(JSONError) -> JSONText {
    skipWhitespace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
      throw unexpected("a string")
    }
    let start = position + 1
    var i = start
    var hasEscapes = false
    while i < bytes.count {
      let byte = bytes[i]
      if byte == UInt8(ascii: "\"") {
        position = i + 1
        return JSONText(
          raw: UnsafeBufferPointer(rebasing: bytes[start..<i]), hasEscapes: hasEscapes)
      } else if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        i += try escapeLength(at: i)
      } else if byte < 0x20 {
        throw invalid("control character in a string", at: i, "an escape such as \\n")
      } else if byte < 0x80 {
        i += 1
      } else {
        i += try sequenceLength(at: i)
      }
    }
    throw invalid("string without an end", at: position, "a closing '\"'")
  }

  /// Reads a string and decodes it.
  mutating func string() throws(JSONError) -> String { try text().string }

  /// Length of the escape at `i`, both halves of a surrogate pair included.
  private func escapeLength(at i: Int) throws(JSONError) -> Int {
    guard i + 1 < bytes.count else { throw invalid("string without an end", at: i) }
    switch bytes[i + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return 2
    case UInt8(ascii: "u"):
      guard let code = Self.hexadecimal(bytes, at: i + 2) else {
        throw invalid("bad escape", at: i, "four hexadecimal digits after \\u")
      }
      if code < 0xD800 || code > 0xDFFF { return 6 }
      guard code < 0xDC00, i + 7 < bytes.count, bytes[i + 6] == UInt8(ascii: "\\"),
        bytes[i + 7] == UInt8(ascii: "u"), let low = Self.hexadecimal(bytes, at: i + 8),
        low >= 0xDC00 && low <= 0xDFFF
      else { throw invalid("half a surrogate pair", at: i, "a high and a low surrogate") }
      return 12
    default:
      throw invalid("bad escape", at: i, "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u")
    }
  }

  /// Length of the UTF-8 sequence of two to four bytes at `i`.
  ///
  /// Refuses overlong forms, surrogates and code points above U+10FFFF.
  /// Source: Unicode 15, table 3-7, https://www.unicode.org/versions/Unicode15.0.0/ch03.pdf
  private func sequenceLength(at i: Int) throws(JSONError) -> Int {
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch bytes[i] {
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: length = 4
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: throw invalid("not UTF-8", at: i)
    }
    guard i + length <= bytes.count, second.contains(bytes[i + 1]) else {
      throw invalid("not UTF-8", at: i)
    }
    for j in 2..<max(2, length) where bytes[i + j] & 0xC0 != 0x80 {
      throw invalid("not UTF-8", at: i)
    }
    return length
  }

  /// Value of four hexadecimal digits at `i`; nil where there are fewer.
  static func hexadecimal(_ bytes: UnsafeBufferPointer<UInt8>, at i: Int) -> UInt32? {
    guard i + 4 <= bytes.count else { return nil }
    var value: UInt32 = 0
    for j in i..<i + 4 {
      switch bytes[j] {
      case let c where c >= UInt8(ascii: "0") && c <= UInt8(ascii: "9"):
        value = value << 4 | UInt32(c - UInt8(ascii: "0"))
      case let c where c | 0x20 >= UInt8(ascii: "a") && c | 0x20 <= UInt8(ascii: "f"):
        value = value << 4 | UInt32(c | 0x20 - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    return value
  }
}
