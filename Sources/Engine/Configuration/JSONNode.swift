/// A value of a document and its place: reads it as a type, or says what is wrong with it and where.
struct JSONNode {
  let file: String
  /// Such as `nodes[0].instances[1]`; empty at the root.
  let path: String
  let value: JSONValue

  /// An error at this value.
  func error(
    _ problem: String, expected: String? = nil, suggestion: String? = nil
  ) -> InputError {
    InputError(
      file: file, line: value.line, key: path.isEmpty ? nil : path, problem: problem,
      expected: expected, suggestion: suggestion)
  }

  var isNull: Bool { if case .null = value.content { true } else { false } }

  /// The value as messages show it: `"H100"`, `-1`, `an object`.
  var described: String {
    switch value.content {
    case .object: "an object"
    case .array(let elements): "an array of \(elements.count)"
    case .integer(let whole): "\(whole)"
    case .number(let number): "\(number)"
    case .string(let text): text.quotedForMessage
    case .bool(let bool): "\(bool)"
    case .null: "null"
    }
  }

  private func mismatch(_ expected: String) -> InputError {
    error("is \(described)", expected: expected)
  }

  /// A whole number; `2.0` counts as one.
  func integer(_ range: ClosedRange<Int>) throws(InputError) -> Int {
    let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
    switch value.content {
    case .integer(let whole) where range.contains(whole): return whole
    case .number(let number):
      guard let whole = Int(exactly: number), range.contains(whole) else {
        throw mismatch(expected)
      }
      return whole
    default: throw mismatch(expected)
    }
  }

  /// A number in a range; `expected` describes it where the range alone reads badly.
  func number(_ range: ClosedRange<Double>, _ expected: String? = nil) throws(InputError) -> Double
  {
    let number: Double
    switch value.content {
    case .integer(let whole): number = Double(whole)
    case .number(let double): number = double
    default: number = .nan
    }
    guard range.contains(number) else {
      throw mismatch(expected ?? "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func bool() throws(InputError) -> Bool {
    guard case .bool(let bool) = value.content else { throw mismatch("true or false") }
    return bool
  }

  func string() throws(InputError) -> String {
    guard case .string(let text) = value.content else { throw mismatch("a string") }
    return text
  }

  /// A string that is one of these.
  func word(among words: [String]) throws(InputError) -> String {
    let expected = words.map { "\"\($0)\"" }.joined(separator: ", ")
    guard case .string(let text) = value.content else { throw mismatch(expected) }
    guard words.contains(text) else {
      throw error(
        "is \(described)", expected: words.count == 1 ? expected : "one of \(expected)",
        suggestion: Suggestion.didYouMean(text, among: words))
    }
    return text
  }

  func array() throws(InputError) -> [JSONNode] {
    guard case .array(let elements) = value.content else { throw mismatch("an array") }
    return elements.enumerated().map { index, element in
      JSONNode(file: file, path: JSONPathStep.index(index).appended(to: path), value: element)
    }
  }

  /// An object with no other keys than these.
  func object(keys: [String]) throws(InputError) -> JSONObject {
    let object = try object()
    for (key, value) in object.members where !keys.contains(key) {
      let suggestion = Suggestion.didYouMean(key, among: keys)
      throw JSONNode(file: file, path: JSONPathStep.key(key).appended(to: path), value: value)
        .error(
          "unknown key",
          expected: suggestion == nil ? "one of \(keys.joined(separator: ", "))" : nil,
          suggestion: suggestion)
    }
    return object
  }

  /// An object with whatever keys.
  func object() throws(InputError) -> JSONObject {
    guard case .object(let members) = value.content else { throw mismatch("an object") }
    return JSONObject(node: self, members: members)
  }
}

/// An object of a document.
struct JSONObject {
  let node: JSONNode
  let members: [(key: String, value: JSONValue)]

  /// The member of that name, or nil.
  subscript(key: String) -> JSONNode? {
    guard let member = members.first(where: { $0.key == key }) else { return nil }
    return JSONNode(
      file: node.file, path: JSONPathStep.key(key).appended(to: node.path), value: member.value)
  }

  /// The member of that name unless it is `null`.
  func present(_ key: String) -> JSONNode? {
    self[key].flatMap { $0.isNull ? nil : $0 }
  }

  func required(_ key: String) throws(InputError) -> JSONNode {
    guard let member = self[key] else {
      throw InputError(
        file: node.file, line: node.value.line,
        key: JSONPathStep.key(key).appended(to: node.path), problem: "missing")
    }
    return member
  }

  func integer(
    _ key: String, _ range: ClosedRange<Int>, default fallback: Int
  ) throws(InputError) -> Int {
    guard let member = self[key] else { return fallback }
    return try member.integer(range)
  }

  func bool(_ key: String, default fallback: Bool) throws(InputError) -> Bool {
    guard let member = self[key] else { return fallback }
    return try member.bool()
  }
}
