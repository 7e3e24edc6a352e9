/// Keys that an object of a JSON trace may have; the first `required` of them it must have.
struct JSONKeys: Sendable {
  let names: [String]
  let required: Int
  private let bytes: ContiguousArray<ContiguousArray<UInt8>>

  init(required: [String], optional: [String] = []) {
    names = required + optional
    self.required = required.count
    bytes = ContiguousArray(names.map { ContiguousArray($0.utf8) })
  }

  /// Place of a key in `names`.
  fileprivate func index(of key: JSONText) -> Int? {
    if key.hasEscapes { return names.firstIndex(of: key.string) }
    return bytes.indices.first { JSONKeys.isEqual(bytes[$0], key.raw) }
  }

  private static func isEqual(
    _ name: ContiguousArray<UInt8>, _ text: UnsafeBufferPointer<UInt8>
  ) -> Bool {
    guard name.count == text.count else { return false }
    for place in 0..<name.count where name[place] != text[place] { return false }
    return true
  }
}

/// One line of a JSONL trace: the strict scanner, with errors that name file, line and key.
struct JSONLine {
  private var scanner: JSONScanner

  init(_ bytes: UnsafeBufferPointer<UInt8>) { scanner = JSONScanner(bytes) }

  /// Offset in the line, to come back to a value.
  var position: Int {
    get { scanner.position }
    set { scanner.position = newValue }
  }

  /// Keys of the object on a line, in order.
  static func keys(of line: Span<UInt8>, file: String, line number: Int) throws(InputError)
    -> [String]
  {
    try line.withUnsafeBufferPointer { bytes throws(InputError) in
      var scanner = JSONScanner(bytes)
      var keys: [String] = []
      var key: String?
      do throws(JSONError) {
        try scanner.beginObject()
        while let text = try scanner.nextKey() {
          key = String(text.string.prefix(80))
          if keys.count < CSVHeader.maxColumns { keys.append(text.string) }
          try scanner.skipValue()
          key = nil
        }
        try scanner.finish()
      } catch {
        throw InputError(
          file: file, line: number, key: key, problem: describe(error), expected: error.expected)
      }
      return keys
    }
  }

  mutating func beginObject(_ builder: WorkloadBuilder) throws(InputError) {
    do { try scanner.beginObject() } catch { throw convert(error, nil, builder) }
  }

  /// The next key, as its place in `keys`; nil at the end of an object that had all required ones.
  ///
  /// `seen` must be 0 at the start of the object. Unknown and doubled keys are refused.
  mutating func nextKey(_ keys: JSONKeys, _ seen: inout UInt64, _ builder: WorkloadBuilder)
    throws(InputError) -> Int?
  {
    let text: JSONText?
    do { text = try scanner.nextKey() } catch { throw convert(error, nil, builder) }
    guard let text else {
      for index in 0..<keys.required where seen & 1 << index == 0 {
        throw builder.error(keys.names[index], "is missing")
      }
      return nil
    }
    guard let index = keys.index(of: text) else {
      throw builder.error(
        String(text.string.prefix(80)), "is no key of \(builder.workload.format)",
        expected: keys.names.map { "`\($0)`" }.joined(separator: ", "))
    }
    guard seen & 1 << index == 0 else {
      throw builder.error(keys.names[index], "is there twice")
    }
    seen |= 1 << index
    return index
  }

  mutating func beginArray(_ key: String, _ builder: WorkloadBuilder) throws(InputError) {
    do { try scanner.beginArray() } catch { throw convert(error, key, builder) }
  }

  mutating func nextElement(_ key: String, _ builder: WorkloadBuilder) throws(InputError) -> Bool {
    do { return try scanner.nextElement() } catch { throw convert(error, key, builder) }
  }

  mutating func skipValue(_ key: String, _ builder: WorkloadBuilder) throws(InputError) {
    do { try scanner.skipValue() } catch { throw convert(error, key, builder) }
  }

  /// Checks that the line ends here.
  mutating func finish(_ builder: WorkloadBuilder) throws(InputError) {
    do { try scanner.finish() } catch { throw convert(error, nil, builder) }
  }

  // MARK: Values

  mutating func tokens(_ key: String, _ builder: WorkloadBuilder) throws(InputError) -> Int {
    if let count = scanner.plainNumber(upTo: WorkloadBuilder.maxTokens) { return count }
    return try builder.tokens(try number(key, builder), key)
  }

  /// Nanoseconds from a number in units of 10^`power` ns.
  mutating func time(_ key: String, unit power: Int, _ builder: WorkloadBuilder)
    throws(InputError) -> Int64
  {
    let scale = JSONLine.scales[power]
    if let count = scanner.plainNumber(upTo: Int(WorkloadBuilder.maxTime) / scale) {
      return Int64(count * scale)
    }
    return try builder.time(try number(key, builder), unit: power, key)
  }

  /// Powers of ten up to the nanoseconds of a second.
  private static let scales = [
    1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
  ]

  mutating func integer(_ key: String, _ builder: WorkloadBuilder) throws(InputError) -> Int {
    do { return try scanner.integer() } catch { throw convert(error, key, builder) }
  }

  /// A string of at most 200 characters.
  mutating func name(_ key: String, _ builder: WorkloadBuilder) throws(InputError) -> String {
    let name: String
    do { name = try scanner.string() } catch { throw convert(error, key, builder) }
    guard !name.isEmpty, name.utf8.count <= 200 else {
      throw builder.error(key, "is empty or long", expected: "1 to 200 bytes")
    }
    return name
  }

  /// Appends an array of ids to the content of the workload; returns how many.
  mutating func ids(_ key: String, into builder: inout WorkloadBuilder) throws(InputError) -> Int {
    let start = builder.workload.content.count
    do throws(JSONError) {
      try scanner.beginArray()
      scanner.takePlainElements(into: &builder.workload.content)
      while try scanner.nextElement() {
        guard let id = UInt32(exactly: try scanner.integer()) else {
          throw JSONError(
            offset: scanner.position, problem: "id out of range", expected: "0 to 4294967295")
        }
        builder.workload.content.append(id)
      }
    } catch {
      throw convert(error, key, builder)
    }
    try builder.checkContent(key)
    return builder.workload.content.count - start
  }

  private mutating func number(_ key: String, _ builder: WorkloadBuilder) throws(InputError)
    -> DecimalNumber
  {
    let numeral: JSONNumeral
    do { numeral = try scanner.numeral() } catch { throw convert(error, key, builder) }
    let text = UnsafeBufferPointer(rebasing: scanner.bytes[numeral.start..<numeral.end])
    guard let number = DecimalNumber(text.span) else {
      throw builder.error(key, "is no number in range", expected: "a decimal number")
    }
    return number
  }

  private func convert(_ error: JSONError, _ key: String?, _ builder: WorkloadBuilder)
    -> InputError
  {
    builder.error(key, JSONLine.describe(error), expected: error.expected)
  }

  private static func describe(_ error: JSONError) -> String {
    "\(error.problem) at byte \(error.offset + 1) of the line"
  }
}
