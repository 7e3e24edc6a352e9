extension PlatformSpec {
  /// Reads a platform file; refuses unknown keys, values outside of what makes sense, and quantities without an origin.
  public static func load(path: String) throws(InputError) -> PlatformSpec {
    try PlatformSpec(JSONDocument(path: path))
  }

  /// As `load(path:)`, from bytes; `file` is for messages.
  public static func parse(_ bytes: [UInt8], file: String) throws(InputError) -> PlatformSpec {
    try PlatformSpec(JSONDocument(bytes: bytes, file: file))
  }

  private init(_ document: JSONDocument) throws(InputError) {
    let numbers = Self.quantities.map(\.key)
    let parts = [Self.asynchronousKey] + numbers + [Self.graphKey, Self.allReduceKey]
    let root = try document.root.object(
      keys: ["name", "note"] + parts + ["data_parallel_us", "origins"])
    // Instances of one data-parallel group would wait for each other; there are no such groups yet.
    try root.refuse("data_parallel_us", "data-parallel groups are not simulated")
    self.init(
      source: document.file, name: try root.required("name").string(),
      note: try root.present("note")?.string() ?? "")
    schedulesAsynchronously = try root.bool(Self.asynchronousKey, default: false)
    for quantity in Self.quantities {
      guard let node = root.present(quantity.key) else { continue }
      self[keyPath: quantity.path] = try node.number(quantity.range)
    }
    graphSizes = try root.present(Self.graphKey)?.risingIntegers(1...1 << 20) ?? []
    for node in try root.present(Self.allReduceKey)?.array() ?? [] {
      let table = try AllReduceTable(node)
      guard !allReduces.contains(where: { $0.ranks == table.ranks }) else {
        throw node.error("is a second table for \(table.ranks) ranks", expected: "one for each")
      }
      allReduces.append(table)
    }
    let origins = try root.present("origins")?.object(keys: parts)
    for key in parts where root.present(key) != nil {
      guard let origin = origins?.present(key) else {
        throw InputError(
          file: document.file, key: "origins.\(key)", problem: "missing",
          expected: "where \(key) comes from: \"measured: …\", \"published: …\" or \"guess: …\"")
      }
      let text = try origin.string()
      guard ["measured", "published", "guess"].contains(where: { text.hasPrefix($0) }) else {
        throw origin.error(
          "is \(origin.described)",
          expected: "text that begins with measured, published or guess")
      }
      self.origins.append(Origin(key: key, text: text))
    }
  }

  /// The file's text: the same for the same values, read back as the same values.
  public var json: String {
    var lines = ["\"name\": \(name.jsonText)", "\"note\": \(note.jsonText)"]
    if schedulesAsynchronously { lines.append("\"\(Self.asynchronousKey)\": true") }
    for quantity in Self.quantities where self[keyPath: quantity.path] != 0 {
      lines.append("\"\(quantity.key)\": \(self[keyPath: quantity.path].jsonText)")
    }
    if !graphSizes.isEmpty {
      lines.append("\"\(Self.graphKey)\": \(graphSizes)")
    }
    if !allReduces.isEmpty {
      let tables = allReduces.map {
        let times = $0.microseconds.map(\.jsonText).joined(separator: ", ")
        return "    {\"ranks\": \($0.ranks), \"bytes\": \($0.bytes), \"us\": [\(times)]}"
      }
      lines.append("\"\(Self.allReduceKey)\": [\n\(tables.joined(separator: ",\n"))\n  ]")
    }
    let origins = origins.map { "    \"\($0.key)\": \($0.text.jsonText)" }
    if !origins.isEmpty {
      lines.append("\"origins\": {\n\(origins.joined(separator: ",\n"))\n  }")
    }
    return "{\n" + lines.map { "  \($0)" }.joined(separator: ",\n") + "\n}\n"
  }
}

extension PlatformSpec.AllReduceTable {
  fileprivate init(_ node: JSONNode) throws(InputError) {
    let table = try node.object(keys: ["ranks", "bytes", "us"])
    self.init(
      ranks: try table.required("ranks").integer(2...1024),
      bytes: try table.required("bytes").risingIntegers(1...1 << 50), microseconds: [])
    let times = try table.required("us")
    for time in try times.array() { microseconds.append(try time.number(0...1e9)) }
    guard microseconds.count == bytes.count else {
      throw times.error("has \(microseconds.count) values", expected: "\(bytes.count), as bytes")
    }
  }
}

extension JSONNode {
  /// At least one whole number, each larger than the one before.
  fileprivate func risingIntegers(_ range: ClosedRange<Int>) throws(InputError) -> [Int] {
    var values: [Int] = []
    for element in try array() {
      let value = try element.integer(range)
      guard value > values.last ?? .min else {
        throw element.error("is \(value)", expected: "more than \(values.last ?? 0)")
      }
      values.append(value)
    }
    guard !values.isEmpty else { throw error("is an empty array", expected: "a number") }
    return values
  }
}

extension Double {
  /// Shortest text that reads back as this number; whole numbers without a point.
  var jsonText: String { Int(exactly: self).map { "\($0)" } ?? "\(self)" }
}

extension String {
  /// As a JSON string.
  var jsonText: String {
    var text = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20: text += " "
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}
