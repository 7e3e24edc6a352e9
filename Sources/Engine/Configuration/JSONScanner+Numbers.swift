extension JSONScanner {
  /// Reads a whole number; `3.0` and `3e2` count as whole, up to 2^53.
  mutating func integer() throws(JSONError) -> Int {
    skipWhitespace()
    var i = position
    let isNegative = i < bytes.count && bytes[i] == UInt8(ascii: "-")
    if isNegative { i += 1 }
    let first = i
    var magnitude: Int = 0
    while i < bytes.count {
      let digit = bytes[i] &- UInt8(ascii: "0")
      guard digit <= 9 else { break }
      magnitude = magnitude &* 10 &+ Int(digit)
      i += 1
    }
    // Up to 18 digits cannot overflow; everything unusual takes the slow path.
    let digits = i - first
    guard digits >= 1, digits <= 18, digits == 1 || bytes[first] != UInt8(ascii: "0"),
      i == bytes.count || !Self.continuesNumber(bytes[i])
    else { return try integerSlowly() }
    position = i
    return isNegative ? -magnitude : magnitude
  }

  /// Reads a number that is nothing but digits, and no more than `most`; else reads nothing, for a closer look.
  mutating func plainNumber(upTo most: Int) -> Int? {
    skipWhitespace()
    var i = position
    var value = 0
    while i < bytes.count {
      let digit = bytes[i] &- UInt8(ascii: "0")
      guard digit <= 9 else { break }
      value = value &* 10 &+ Int(digit)
      i += 1
    }
    let digits = i - position
    guard digits >= 1, digits <= 18, digits == 1 || bytes[position] != UInt8(ascii: "0"),
      i == bytes.count || !Self.continuesNumber(bytes[i]), value <= most
    else { return nil }
    position = i
    return value
  }

  /// Appends the elements at the front of the array under way that are nothing but digits, nine at most, each with no more
  /// than one blank before it. What stops them is left to `nextElement`, errors too.
  mutating func takePlainElements(into numbers: inout ContiguousArray<UInt32>) {
    // An array grows by many numbers for little more than by one.
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 512) { chunk in
      while true {
        let taken = takePlainElements(into: chunk)
        numbers.append(contentsOf: UnsafeBufferPointer(rebasing: chunk[..<taken]))
        if taken < chunk.count { return }
      }
    }
  }

  /// The same for as many as have room; returns how many those were.
  private mutating func takePlainElements(into chunk: UnsafeMutableBufferPointer<UInt32>) -> Int {
    guard let base = bytes.baseAddress, let numbers = chunk.baseAddress else { return 0 }
    let end = base + bytes.count
    var next = base + position
    var isFirst = atStart
    var taken = 0
    while taken < chunk.count {
      var start = next
      if !isFirst {
        guard start < end, start.pointee == UInt8(ascii: ",") else { break }
        start += 1
      }
      if start < end, start.pointee == 0x20 { start += 1 }
      var text = start
      var value: UInt32 = 0
      while text < end {
        let digit = text.pointee &- UInt8(ascii: "0")
        guard digit <= 9 else { break }
        value = value &* 10 &+ UInt32(digit)
        text += 1
      }
      let digits = text - start
      guard digits >= 1, digits <= 9, digits == 1 || start.pointee != UInt8(ascii: "0"),
        text < end, text.pointee == UInt8(ascii: ",") || text.pointee == UInt8(ascii: "]")
      else { break }
      (numbers + taken).initialize(to: value)
      taken += 1
      isFirst = false
      next = text
    }
    position = next - base
    atStart = isFirst
    return taken
  }

  /// Reads a number as the nearest `Double`; refuses what is too large for one.
  mutating func double() throws(JSONError) -> Double {
    let numeral = try numeral()
    return try double(numeral)
  }

  @inline(never)
  private mutating func integerSlowly() throws(JSONError) -> Int {
    let numeral = try numeral()
    if let value = numeral.integer { return value }
    if !numeral.hasPointOrExponent {
      throw invalid("whole number out of range", at: numeral.start, "at most 9223372036854775807")
    }
    let value = try double(numeral)
    guard value.magnitude <= 0x1p53, let whole = Int(exactly: value) else {
      throw invalid("not a whole number", at: numeral.start)
    }
    return whole
  }

  /// The nearest `Double` of a numeral.
  ///
  /// A significand below 2^53 and a power of ten up to 22 are both exact, so one division or multiplication rounds
  /// correctly (Clinger 1990, https://doi.org/10.1145/93542.93557); the rest goes to the standard library.
  func double(_ numeral: JSONNumeral) throws(JSONError) -> Double {
    if numeral.digits <= 19, numeral.significand < 1 << 53,
      numeral.exponent.magnitude < Self.exactPowersOfTen.count
    {
      let significand = Double(numeral.significand)
      let power = Self.exactPowersOfTen[Int(numeral.exponent.magnitude)]
      let value = numeral.exponent < 0 ? significand / power : significand * power
      return numeral.isNegative ? -value : value
    }
    let text = String(decoding: bytes[numeral.start..<numeral.end], as: UTF8.self)
    guard let value = Double(text), value.isFinite else {
      throw invalid("number out of range", at: numeral.start, "at most 1.7976931348623157e308")
    }
    return value
  }

  private static let exactPowersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  /// Longest numeral that is read. Guess: generous, no writer prints a `Double` with more than 1,100 digits.
  private static let longestNumeral = 4096

  private static func continuesNumber(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e")
  }

  /// Reads a number and takes it apart.
  mutating func numeral() throws(JSONError) -> JSONNumeral {
    skipWhitespace()
    var numeral = JSONNumeral(start: position)
    var i = position
    if i < bytes.count, bytes[i] == UInt8(ascii: "-") {
      numeral.isNegative = true
      i += 1
    }
    let first = i
    i = digits(from: i, into: &numeral)
    guard i > first else {
      throw unexpected(numeral.isNegative ? "a digit after '-'" : "a number", at: i)
    }
    guard i == first + 1 || bytes[first] != UInt8(ascii: "0") else {
      throw invalid("number with a leading zero", at: first)
    }
    if i < bytes.count, bytes[i] == UInt8(ascii: ".") {
      numeral.hasPointOrExponent = true
      let end = digits(from: i + 1, into: &numeral)
      guard end > i + 1 else { throw unexpected("a digit after '.'", at: end) }
      numeral.exponent = -(end - i - 1)
      i = end
    }
    if i < bytes.count, bytes[i] | 0x20 == UInt8(ascii: "e") {
      numeral.hasPointOrExponent = true
      i = try exponent(from: i + 1, into: &numeral)
    }
    guard i - position <= Self.longestNumeral else {
      throw invalid("number with too many digits", at: position, "at most 4096")
    }
    numeral.end = i
    position = i
    return numeral
  }

  /// Adds digits to the significand; returns where they end.
  private func digits(from start: Int, into numeral: inout JSONNumeral) -> Int {
    var i = start
    while i < bytes.count {
      let digit = bytes[i] &- UInt8(ascii: "0")
      guard digit <= 9 else { break }
      if numeral.digits > 0 || digit > 0 {
        numeral.digits += 1
        numeral.significand = numeral.significand &* 10 &+ UInt64(digit)
      }
      i += 1
    }
    return i
  }

  private func exponent(
    from start: Int, into numeral: inout JSONNumeral
  ) throws(JSONError) -> Int {
    var i = start
    var isNegative = false
    if i < bytes.count, bytes[i] == UInt8(ascii: "+") || bytes[i] == UInt8(ascii: "-") {
      isNegative = bytes[i] == UInt8(ascii: "-")
      i += 1
    }
    let first = i
    var value = 0
    while i < bytes.count {
      let digit = bytes[i] &- UInt8(ascii: "0")
      guard digit <= 9 else { break }
      // Beyond 99,999 every Double is 0 or infinite whatever follows.
      value = min(value * 10 + Int(digit), 99_999)
      i += 1
    }
    guard i > first else { throw unexpected("a digit in the exponent", at: i) }
    numeral.exponent += isNegative ? -value : value
    return i
  }
}

/// A number of the text: significand · 10^exponent, exact up to 19 digits.
struct JSONNumeral {
  var start: Int
  var end = 0
  var isNegative = false
  /// Wraps around beyond 19 digits.
  var significand: UInt64 = 0
  /// Digits from the first that is not zero.
  var digits = 0
  var exponent = 0
  var hasPointOrExponent = false

  init(start: Int) { self.start = start }

  /// The value, where it is written as a whole number and fits.
  var integer: Int? {
    guard !hasPointOrExponent, digits <= 19 else { return nil }
    if isNegative && significand == 1 << 63 { return .min }
    return Int(exactly: significand).map { isNegative ? -$0 : $0 }
  }
}
