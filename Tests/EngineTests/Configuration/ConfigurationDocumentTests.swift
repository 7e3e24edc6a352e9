import Testing

@testable import Engine

@Suite struct ConfigurationDocumentTests {
  private func parse(_ text: String) throws(InputError) -> JSONNode {
    try JSONDocument(bytes: Array(text.utf8), file: "a.json").root
  }

  @Test func valuesKnowTheirLineAndPath() throws {
    let root = try parse("{\n \"a\": [1,\n {\"b c\": true}\n]}").object()
    let array = try root.required("a").array()
    #expect(array[0].path == "a[0]" && array[0].value.line == 2)
    let inner = try array[1].object().required("b c")
    #expect(inner.path == "a[1][\"b c\"]" && inner.value.line == 3)
  }

  @Test func integersAreExactAndWholeDoublesCount() throws {
    #expect(try parse("9223372036854775807").integer(0...Int.max) == Int.max)
    #expect(try parse("2.0").integer(0...9) == 2)
    #expect(try parse("3").number(0...9) == 3)
    #expect(throws: InputError.self) { try parse("2.5").integer(0...9) }
    #expect(throws: InputError.self) { try parse("true").integer(0...9) }
    #expect(throws: InputError.self) { try parse("10").integer(0...9) }
    #expect(throws: InputError.self) { try parse("\"3\"").number(0...9) }
  }

  @Test func duplicateKeysAreRefusedWhereTheSecondStands() throws {
    let error = try #require(throws: InputError.self) {
      try parse("{\"a\": {\"x\": 1,\n \"y\": 2,\n \"\\u0078\": 3}}")
    }
    #expect(
      error.description
        == "a.json:3: a.x: stands twice in one object; expected one value")
  }

  @Test func syntaxErrorsNameTheEnclosingKey() throws {
    let error = try #require(throws: InputError.self) { try parse("{\"a\": [1, 2,\n ]}") }
    #expect(error.description == "a.json:2: a[2]: found ']'; expected a value")
    let end = try #require(throws: InputError.self) { try parse("{}\n{}") }
    #expect(end.description == "a.json:2: found '{'; expected the end of the text")
  }

  @Test func nestingIsBounded() throws {
    let deep = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
    _ = try parse(deep)
    let error = try #require(throws: InputError.self) { try parse("[\(deep)]") }
    #expect(error.problem == "nested too deep")
    #expect(throws: InputError.self) { try parse(String(repeating: "{\"a\":", count: 100_000)) }
  }

  @Test func aByteOrderMarkIsSkipped() throws {
    #expect(try parse("\u{FEFF}true").bool())
  }

  @Test func hostileKeysArePrintedSafely() throws {
    let key = String(repeating: "k", count: 100_000)
    let error = try #require(throws: InputError.self) {
      try parse("{\"\(key)\": 1}").object(keys: ["a"])
    }
    #expect(error.description.utf8.count < 200)
    let bell = try #require(throws: InputError.self) {
      try parse("{\"\\u0007\\u001b[31m\": 1}").object(keys: ["a"])
    }
    #expect(bell.description.utf8.allSatisfy { $0 >= 0x20 })
  }
}
