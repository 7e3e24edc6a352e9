import Foundation
import Testing

@testable import Engine

/// Runs `body` with a scanner over `text`.
private func scan<T>(_ text: String, _ body: (inout JSONScanner) throws -> T) rethrows -> T {
  try scan(Array(text.utf8), body)
}

private func scan<T>(_ bytes: [UInt8], _ body: (inout JSONScanner) throws -> T) rethrows -> T {
  try bytes.withUnsafeBufferPointer {
    var scanner = JSONScanner($0)
    return try body(&scanner)
  }
}

private func accepts(_ bytes: [UInt8]) -> Bool {
  scan(bytes) { scanner in
    do throws(JSONError) {
      try scanner.skipValue()
      try scanner.finish()
      return true
    } catch { return false }
  }
}

/// Foundation's value of the text, re-read through our scanner's accessors, must be the same.
private func matches(_ scanner: inout JSONScanner, _ expected: Any) throws -> Bool {
  switch try scanner.peek() {
  case .null: return scanner.takeNull() && expected is NSNull
  case .bool: return try scanner.bool() == (expected as? Bool)
  case .string: return try scanner.string() == (expected as? String)
  case .number:
    let value = try scanner.double()
    // Foundation goes through a decimal number and may be off in the last bit; exactness has its own test.
    let theirs = (expected as? NSNumber)?.doubleValue ?? .nan
    return abs(value - theirs) <= 4 * value.ulp
  case .array:
    try scanner.beginArray()
    var elements = (expected as? [Any] ?? [])[...]
    while try scanner.nextElement() {
      guard let element = elements.popFirst(), try matches(&scanner, element) else { return false }
    }
    return elements.isEmpty
  case .object:
    try scanner.beginObject()
    let members = expected as? [String: Any] ?? [:]
    var count = 0
    while let key = try scanner.nextKey() {
      guard let member = members[key.string], try matches(&scanner, member) else { return false }
      count += 1
    }
    return count == members.count
  }
}

@Suite struct ConfigurationScannerTests {
  @Test func readsATraceLineInOrder() throws {
    let line =
      #"{"input_toks": 2358, "ids": [5971, 2927], "rate": 0.5, "who": "a\n\u00e9", "x": null, "on": true}"#
    try scan(line) { scanner in
      try scanner.beginObject()
      var seen: [String] = []
      while let key = try scanner.nextKey() {
        switch key {
        case "input_toks": seen.append("\(try scanner.integer())")
        case "ids":
          try scanner.beginArray()
          while try scanner.nextElement() { seen.append("\(try scanner.integer())") }
        case "rate": seen.append("\(try scanner.double())")
        case "who": seen.append(try scanner.string())
        case "on": seen.append("\(try scanner.bool())")
        default: try scanner.skipValue()
        }
      }
      try scanner.finish()
      #expect(seen == ["2358", "5971", "2927", "0.5", "a\né", "true"])
    }
  }

  @Test func keysCompareAfterDecodingEscapes() throws {
    try scan(#"{"\u0061b": 1, "abc": 2}"#) { scanner in
      try scanner.beginObject()
      let first = try #require(try scanner.nextKey())
      #expect(first == "ab")
      try scanner.skipValue()
      let second = try #require(try scanner.nextKey())
      #expect(second == "abc")
      #expect(!(second == "ab"))
    }
  }

  @Test(arguments: [
    ("0", 0), ("-0", 0), ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min),
    ("999999999999999999", 999_999_999_999_999_999), ("3.0", 3), ("25e2", 2500), ("1.5e1", 15),
    ("9007199254740992.0", 1 << 53),
  ])
  func wholeNumbersAreExact(text: String, value: Int) throws {
    #expect(try scan(text) { try $0.integer() } == value)
  }

  @Test(arguments: [
    "9223372036854775808", "-9223372036854775809", "18446744073709551617", "1.5", "1e300", "01",
    "-", "+1", "", "1e", "NaN", "\"1\"", "99999999999999999999999999", "9007199254740993.5e0",
  ])
  func otherNumbersAreNotWhole(text: String) {
    #expect(throws: JSONError.self) { try scan(text) { try $0.integer() } }
  }

  @Test func doublesEqualTheStandardLibrarys() throws {
    var random = RandomStream(seed: 1, name: "doubles")
    for seed in 0..<5000 {
      let text: String
      switch seed % 3 {
      case 0:
        let value = Double(bitPattern: random.next())
        guard value.isFinite else { continue }
        text = "\(value)"
      case 1:
        text =
          "\(random.next() >> UInt64(random.nextIndex(below: 60)))e\(random.nextIndex(below: 60) - 30)"
      default: text = "\(random.nextIndex(below: 1 << 40)).\(random.nextIndex(below: 1 << 40))"
      }
      #expect(try scan(text) { try $0.double() } == Double(text), "\(text)")
    }
  }

  @Test(arguments: ["1e400", "-1e400", "1e999999999999", String(repeating: "9", count: 5000)])
  func numbersBeyondDoubleAreRefused(text: String) {
    #expect(throws: JSONError.self) { try scan(text) { try $0.double() } }
    #expect(throws: JSONError.self) { try scan(text) { try $0.integer() } }
  }

  @Test func vanishingNumbersAreZero() throws {
    #expect(try scan("1e-999999999999") { try $0.double() } == 0)
    #expect(try scan("0e999999") { try $0.double() } == 0)
  }

  @Test(arguments: [
    #""\ud800""#, #""\udc00""#, #""\ud800\u0041""#, #""\ud800\ud800""#, #""\u12g4""#, #""\x41""#,
    "\"\u{1}\"", "\"\n\"", #""abc"#, #"""#, #""\"#, #""\u""#, #""\u00"#,
  ])
  func badStringsAreRefused(text: String) {
    #expect(!accepts(Array(text.utf8)))
    #expect(!accepts(Array("[\(text)]".utf8)))
  }

  @Test(
    arguments: [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80],
      [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE1, 0x80],
      [0xF1, 0x80, 0x80, 0x41], [0xFF],
    ] as [[UInt8]])
  func badUTF8IsRefused(sequence: [UInt8]) {
    #expect(!accepts([0x22] + sequence + [0x22]))
  }

  @Test func everyScalarSurvives() throws {
    let scalars = stride(from: 0x20, through: 0x10FFFF, by: 97).compactMap { Unicode.Scalar($0) }
    for scalar in scalars where scalar != "\"" && scalar != "\\" {
      let text = String(Character(scalar))
      #expect(try scan("\"\(text)\"") { try $0.string() } == text)
      let escaped = text.utf16.map { "\\u" + String(0x10000 + Int($0), radix: 16).dropFirst() }
      #expect(try scan("\"\(escaped.joined())\"") { try $0.string() } == text)
    }
  }

  @Test(arguments: [
    "", " ", "{", "[", "}", "]", "{]", "[}", "[1,]", "[,1]", "[1 2]", #"{"a"}"#, #"{"a":}"#,
    #"{"a":1,}"#, #"{,"a":1}"#, #"{a:1}"#, #"{1:1}"#, "tru", "truee", "nul", "None", "1 2", "[1]x",
    "-", "01", "-01", "1.", ".1", "1.e1", "1e", "1e+", "0x10", "NaN", "Infinity", "-Infinity",
    "'a'", "[1]\u{0}", "// c\n1", #"{"a":1 "b":2}"#, "[[]", "[]]", "{}{}", "\u{FEFF}1",
  ])
  func malformedTextIsRefused(text: String) {
    #expect(!accepts(Array(text.utf8)))
  }

  @Test func nestingIsBounded() {
    let deep = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
    #expect(accepts(Array(deep.utf8)))
    #expect(!accepts(Array("[\(deep)]".utf8)))
    #expect(!accepts(Array(String(repeating: "{\"a\":[", count: 1_000_000).utf8)))
  }

  @Test func errorsNameOffsetAndLine() throws {
    let text = "{\n \"a\": 1,\n \"b\": ?\n}"
    let error = try #require(throws: JSONError.self) { try scan(text) { try $0.skipValue() } }
    #expect(error.offset == 17)
    #expect(error.problem == "found '?'")
    #expect(Array(text.utf8).withUnsafeBufferPointer { error.line(in: $0) } == 3)
  }

  @Test func agreesWithFoundationOnRandomDocuments() throws {
    for seed in 0..<300 {
      var random = RandomStream(seed: UInt64(seed), name: "documents")
      let bytes = Array(RandomJSON.value(&random, depth: 5).utf8)
      let expected = try JSONSerialization.jsonObject(
        with: Data(bytes), options: .fragmentsAllowed)
      let same = try scan(bytes) { scanner in
        let same = try matches(&scanner, expected)
        try scanner.finish()
        return same
      }
      #expect(same, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
      #expect(accepts(bytes))
    }
  }

  /// Whatever we accept Foundation accepts; it is laxer in places, so the reverse need not hold.
  @Test func acceptsNothingThatFoundationRefuses() {
    for seed in 0..<3000 {
      var random = RandomStream(seed: UInt64(seed), name: "mutations")
      var bytes = Array(RandomJSON.value(&random, depth: 3).utf8)
      for _ in 0...random.nextIndex(below: 3) {
        RandomJSON.mutate(&bytes, &random)
      }
      guard accepts(bytes) else { continue }
      let object = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
      #expect(object != nil, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
    }
  }
}

/// Random JSON text for comparisons, and random damage to it.
enum RandomJSON {
  static func value(_ random: inout RandomStream, depth: Int) -> String {
    let kinds = depth > 0 ? 8 : 6
    switch random.nextIndex(below: kinds) {
    case 0: return "null"
    case 1: return random.nextIndex(below: 2) == 0 ? "true" : "false"
    case 2: return "\(random.nextIndex(below: 1_000_000) - 500_000)"
    case 3: return "\(random.nextUnit() * 1e6)"
    case 4: return "\(random.nextIndex(below: 100_000))e\(random.nextIndex(below: 40) - 20)"
    case 5: return string(&random)
    case 6:
      let elements = (0..<random.nextIndex(below: 5)).map { _ in value(&random, depth: depth - 1) }
      return "[" + elements.joined(separator: " , ") + "\n]"
    default:
      let members = (0..<random.nextIndex(below: 5)).map {
        "\"k\($0)\" :\t\(value(&random, depth: depth - 1))"
      }
      return "{ " + members.joined(separator: ",") + "}"
    }
  }

  static func string(_ random: inout RandomStream) -> String {
    let pieces = [
      "a", "Z", " ", "é", "漢", "😀", #"\n"#, #"\""#, #"\\"#, #"\/"#, #"\u0041"#, #"\ud83d\ude00"#,
      #"\b\f\r\t"#, #"\u00e9"#,
    ]
    return "\""
      + (0..<random.nextIndex(below: 8)).map { _ in
        pieces[random.nextIndex(below: pieces.count)]
      }.joined() + "\""
  }

  static func mutate(_ bytes: inout [UInt8], _ random: inout RandomStream) {
    let interesting = Array("{}[]:,\"\\0123456789.eE+-tfn u\n".utf8) + [0, 0x1F, 0x80, 0xC2, 0xFF]
    let place = random.nextIndex(below: bytes.count + 1)
    switch random.nextIndex(below: 4) {
    case 0: bytes.insert(interesting[random.nextIndex(below: interesting.count)], at: place)
    case 1 where place < bytes.count: bytes.remove(at: place)
    case 2 where place < bytes.count: bytes[place] = UInt8(random.nextIndex(below: 256))
    default:
      if place < bytes.count {
        bytes[place] = interesting[random.nextIndex(below: interesting.count)]
      }
    }
  }
}
