/// A place in memory that fields are written to, one behind the other.
///
/// Checks no room: whoever makes one has seen to it, by `widestNumber` for each number and the length of each text.
struct RowCursor {
  /// Bytes that one number takes at most, and that writing one may touch: 20 digits, a sign, a point, and two to spare.
  static let widestNumber = 24

  private(set) var place: UnsafeMutablePointer<UInt8>
  private let fours = FourDigits.table

  init(at place: UnsafeMutablePointer<UInt8>) { self.place = place }

  @inline(__always)
  mutating func put(_ byte: UInt8) {
    place.pointee = byte
    place += 1
  }

  @inline(__always)
  mutating func put(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let start = bytes.baseAddress else { return }
    place.update(from: start, count: bytes.count)
    place += bytes.count
  }

  @inline(__always)
  mutating func put(_ value: Int64) {
    guard value >= 0, value < Self.eightDigitLimit else {
      return put(value.magnitude, negative: value < 0, decimals: 0)
    }
    putUpToEight(UInt64(truncatingIfNeeded: value))
  }

  /// Nanoseconds as milliseconds with six decimals, which is exact: `1234567` is `1.234567`.
  @inline(__always)
  mutating func put(milliseconds nanoseconds: Int64) {
    guard nanoseconds >= 0, nanoseconds < Self.eightDigitLimit * 1_000_000 else {
      return put(nanoseconds.magnitude, negative: nanoseconds < 0, decimals: 6)
    }
    let value = UInt64(truncatingIfNeeded: nanoseconds)
    let whole = value / 1_000_000
    putUpToEight(whole)
    put(UInt8(ascii: "."))
    let part = value &- whole &* 1_000_000
    let front = part / 100
    put(bytes: fours[Int(truncatingIfNeeded: front)])
    put(bytes: UInt16(fours[Int(truncatingIfNeeded: part &- front &* 100)] >> 16))
  }

  // MARK: Four digits at once

  /// Numbers below this have eight digits at most.
  private static var eightDigitLimit: Int64 { 100_000_000 }

  /// Digits of a number below `eightDigitLimit`, at least one.
  @inline(__always)
  private mutating func putUpToEight(_ value: UInt64) {
    if value < 10_000 { return putUpToFour(value) }
    let upper = value / 10_000
    putUpToFour(upper)
    put(bytes: fours[Int(truncatingIfNeeded: value &- upper &* 10_000)])
  }

  @inline(__always)
  private mutating func putUpToFour(_ value: UInt64) {
    let count = 1 + (value >= 10 ? 1 : 0) + (value >= 100 ? 1 : 0) + (value >= 1000 ? 1 : 0)
    let digits =
      fours[Int(truncatingIfNeeded: value)] >> UInt32(truncatingIfNeeded: 8 * (4 - count))
    UnsafeMutableRawPointer(place).storeBytes(of: digits.littleEndian, as: UInt32.self)
    place += count
  }

  /// The bytes of `word`, the lowest first.
  @inline(__always)
  private mutating func put<Word: FixedWidthInteger & BitwiseCopyable>(bytes word: Word) {
    UnsafeMutableRawPointer(place).storeBytes(of: word.littleEndian, as: Word.self)
    place += MemoryLayout<Word>.size
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
