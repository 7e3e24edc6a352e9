/// A place in memory that fields are written to, one behind the other.
///
/// Checks no room: whoever makes one has seen to it, by `widestNumber` for each number and the length of each text.
struct RowCursor {
  /// Bytes that one number takes at most, and that writing one may touch: 20 digits, a sign, a point, and two to spare.
  static let widestNumber = 24

  /// Bytes beyond a field that writing it may touch besides.
  static let slack = 8

  private(set) var place: UnsafeMutablePointer<UInt8>
  private let fours = FourDigits.table

  init(at place: UnsafeMutablePointer<UInt8>) { self.place = place }

  @inline(__always)
  mutating func put(_ byte: UInt8) {
    place.pointee = byte
    place += 1
  }

  /// What stands in the row already, once more.
  ///
  /// - Parameter field: from its comma to its end, of at most a number's width.
  @inline(__always)
  mutating func put(again field: Range<UnsafeMutablePointer<UInt8>>) {
    // A fixed number of bytes is two moves; what follows the field is overwritten.
    place.update(from: field.lowerBound, count: Self.widestNumber + Self.slack)
    place += field.count
  }

  @inline(__always)
  mutating func put(_ text: FieldText) {
    place = text.write(at: place)
  }

  @inline(__always)
  mutating func put(_ value: Int64) {
    if value >= 0, value < 10 { return put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value)) }
    guard value >= 0, value < Self.eightDigitLimit else {
      return put(value.magnitude, negative: value < 0, decimals: 0)
    }
    place = upToEight(UInt64(truncatingIfNeeded: value), at: place)
  }

  /// Nanoseconds as milliseconds with six decimals, which is exact: `1234567` is `1.234567`.
  @inline(__always)
  mutating func put(milliseconds nanoseconds: Int64) {
    if nanoseconds == 0 {
      store(Self.zeroMilliseconds, at: place)
      place += 8
      return
    }
    guard nanoseconds >= 0, nanoseconds < Self.eightDigitLimit * 1_000_000 else {
      return put(nanoseconds.magnitude, negative: nanoseconds < 0, decimals: 6)
    }
    let value = UInt64(truncatingIfNeeded: nanoseconds)
    let whole = value / 1_000_000
    let point = upToEight(whole, at: place)
    point.pointee = UInt8(ascii: ".")
    let part = value &- whole &* 1_000_000
    let front = part / 100
    store(fours[Int(truncatingIfNeeded: front)], at: point + 1)
    store(UInt16(fours[Int(truncatingIfNeeded: part &- front &* 100)] >> 16), at: point + 5)
    place = point + 7
  }

  // MARK: Four digits at once

  /// Numbers below this have eight digits at most.
  private static var eightDigitLimit: Int64 { 100_000_000 }
  /// `0.000000`, the first byte in the lowest.
  private static var zeroMilliseconds: UInt64 { 0x3030_3030_3030_2e30 }

  /// Writes the digits of a number below `eightDigitLimit`, at least one; returns the place behind them.
  @inline(__always)
  private func upToEight(_ value: UInt64, at place: UnsafeMutablePointer<UInt8>)
    -> UnsafeMutablePointer<UInt8>
  {
    if value < 10_000 { return upToFour(value, at: place) }
    let upper = value / 10_000
    let middle = upToFour(upper, at: place)
    store(fours[Int(truncatingIfNeeded: value &- upper &* 10_000)], at: middle)
    return middle + 4
  }

  @inline(__always)
  private func upToFour(_ value: UInt64, at place: UnsafeMutablePointer<UInt8>)
    -> UnsafeMutablePointer<UInt8>
  {
    let digits = fours[Int(truncatingIfNeeded: value)]
    // Bits of zeros in front, the last digit never among them.
    let blank = ((digits ^ 0x3030_3030) | 0x0100_0000).trailingZeroBitCount & 0x18
    store(digits >> UInt32(truncatingIfNeeded: blank), at: place)
    return place + (4 &- blank &>> 3)
  }

  /// The bytes of `word`, the lowest first.
  @inline(__always)
  private func store<Word: FixedWidthInteger & BitwiseCopyable>(
    _ word: Word, at place: UnsafeMutablePointer<UInt8>
  ) {
    UnsafeMutableRawPointer(place).storeBytes(of: word.littleEndian, as: Word.self)
  }

  // MARK: Any number of digits

  /// Nanoseconds as microseconds with three decimals, which is exact.
  mutating func put(microseconds nanoseconds: Int64) {
    put(nanoseconds.magnitude, negative: nanoseconds < 0, decimals: 3)
  }

  /// Digits of `magnitude`, at least one before a point that stands before the last `decimals`.
  @inline(__always)
  private mutating func put(_ magnitude: UInt64, negative: Bool, decimals: Int) {
    // From the last digit to the first, beside the row, and moved to its place once the length is known.
    var scratch: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0)
    withUnsafeMutableBytes(of: &scratch) { bytes in
      guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
      let end = start + Self.widestNumber
      var first = end
      var rest = magnitude
      if decimals > 0 {
        for _ in 0..<(decimals / 2) { rest = Self.putPair(of: rest, before: &first) }
        if decimals % 2 == 1 { rest = Self.putDigit(of: rest, before: &first) }
        first -= 1
        first.pointee = UInt8(ascii: ".")
      }
      while rest >= 10 { rest = Self.putPair(of: rest, before: &first) }
      if rest > 0 || first == end || first.pointee == UInt8(ascii: ".") {
        rest = Self.putDigit(of: rest, before: &first)
      }
      if negative {
        first -= 1
        first.pointee = UInt8(ascii: "-")
      }
      // A fixed number of bytes is three moves; what follows the number is overwritten.
      place.update(from: first, count: Self.widestNumber)
      place += end - first
    }
  }

  /// Writes the last two digits of `value` before `place`; returns what is before them.
  @inline(__always)
  private static func putPair(of value: UInt64, before place: inout UnsafeMutablePointer<UInt8>)
    -> UInt64
  {
    let (rest, pair) = value.quotientAndRemainder(dividingBy: 100)
    place -= 2
    place.update(from: pairs.utf8Start + Int(truncatingIfNeeded: 2 * pair), count: 2)
    return rest
  }

  @inline(__always)
  private static func putDigit(of value: UInt64, before place: inout UnsafeMutablePointer<UInt8>)
    -> UInt64
  {
    let (rest, digit) = value.quotientAndRemainder(dividingBy: 10)
    place -= 1
    place.pointee = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
    return rest
  }

  /// 00 to 99, each in two bytes.
  @inline(__always)
  private static var pairs: StaticString {
    """
    00010203040506070809101112131415161718192021222324\
    25262728293031323334353637383940414243444546474849\
    50515253545556575859606162636465666768697071727374\
    75767778798081828384858687888990919293949596979899
    """
  }
}

/// The bytes of a field that rows repeat, in whole vectors: copied without asking how many they are.
struct FieldText {
  /// Bytes of a vector.
  static let width = 16

  private var parts: ContiguousArray<SIMD16<UInt8>> = []
  let count: Int

  init(_ bytes: some Collection<UInt8>) {
    count = bytes.count
    var part = SIMD16<UInt8>()
    for (place, byte) in bytes.enumerated() {
      part[place % Self.width] = byte
      if place % Self.width == Self.width - 1 || place == count - 1 { parts.append(part) }
    }
  }

  /// Returns the place behind it. May touch `width - 1` bytes more.
  @inline(__always)
  func write(at place: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
    for part in parts.indices {
      UnsafeMutableRawPointer(place + part * Self.width)
        .storeBytes(of: parts[part], as: SIMD16<UInt8>.self)
    }
    return place + count
  }
}

/// The digits of 0000 to 9999: 40 kB that the fastest cache has room for, and a fraction of the work of dividing.
private enum FourDigits {
  /// Four bytes of text in each word, the first digit in the lowest. Made once, kept until the process ends, and only read.
  nonisolated(unsafe) static let table: UnsafePointer<UInt32> = {
    let table = UnsafeMutablePointer<UInt32>.allocate(capacity: 10_000)
    for value in 0..<10_000 {
      var word: UInt32 = 0
      for divisor in [1, 10, 100, 1000] {
        word = word << 8 | UInt32(UInt8(ascii: "0")) + UInt32(value / divisor % 10)
      }
      (table + value).initialize(to: word)
    }
    return UnsafePointer(table)
  }()
}
