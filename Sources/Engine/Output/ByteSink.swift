import Foundation

/// Bytes on their way to a file or into memory, through one buffer.
///
/// Writing never fails at the call: the first error of the file is kept, and what follows it is dropped.
/// `OutputFile` asks for the error at the end.
public struct ByteSink {
  /// Bytes gathered before a write to the file. Unit: bytes. Origin: guess; large against the cost of a system call.
  private static let chunk = 1 << 18

  private var buffer: ContiguousArray<UInt8>
  private var used = 0
  /// nil gathers everything in memory.
  private let descriptor: Int32?
  /// `errno` of the first write that failed; 0 is none.
  private(set) var failure: Int32 = 0

  /// A sink into memory.
  init() {
    descriptor = nil
    buffer = ContiguousArray(repeating: 0, count: 4096)
  }

  /// A sink into an open file, which stays the caller's to close.
  init(descriptor: Int32) {
    self.descriptor = descriptor
    buffer = ContiguousArray(repeating: 0, count: Self.chunk)
  }

  /// What is in memory, as text; broken UTF-8 is repaired.
  var text: String { String(decoding: buffer[..<used], as: UTF8.self) }

  public mutating func write(_ byte: UInt8) {
    makeRoom(for: 1)
    buffer[used] = byte
    used += 1
  }

  public mutating func write(_ text: String) {
    var text = text
    text.withUTF8 { write($0) }
  }

  /// Decimal digits, with a minus sign where needed.
  public mutating func write(_ value: Int64) {
    writeDigits(value.magnitude, negative: value < 0, decimals: 0)
  }

  public mutating func write(_ value: Int) { write(Int64(value)) }

  /// Nanoseconds as milliseconds with six decimals, which is exact: `1234567` is `1.234567`.
  public mutating func write(milliseconds nanoseconds: Int64) {
    writeDigits(nanoseconds.magnitude, negative: nanoseconds < 0, decimals: 6)
  }

  /// Nanoseconds as microseconds with three decimals, which is exact.
  mutating func write(microseconds nanoseconds: Int64) {
    writeDigits(nanoseconds.magnitude, negative: nanoseconds < 0, decimals: 3)
  }

  private mutating func write(_ bytes: UnsafeBufferPointer<UInt8>) {
    var written = 0
    while written < bytes.count {
      makeRoom(for: min(bytes.count - written, 64))
      let part = min(bytes.count - written, buffer.count - used)
      buffer.withUnsafeMutableBytes { target in
        UnsafeMutableRawBufferPointer(rebasing: target[used..<(used + part)])
          .copyMemory(
            from: UnsafeRawBufferPointer(
              rebasing: UnsafeRawBufferPointer(bytes)[written..<(written + part)]))
      }
      used += part
      written += part
    }
  }

  /// Text that was made into bytes before.
  public mutating func write(_ text: ContiguousArray<UInt8>) {
    text.withUnsafeBufferPointer { write($0) }
  }

  /// Digits of `magnitude`, at least one before a point that stands before the last `decimals`.
  private mutating func writeDigits(_ magnitude: UInt64, negative: Bool, decimals: Int) {
    // 20 digits of the largest value, a sign and a point.
    makeRoom(for: 22)
    let digits = max(Self.digits(of: magnitude), decimals + 1)
    let length = digits + (negative ? 1 : 0) + (decimals > 0 ? 1 : 0)
    let end = used + length
    used = end
    buffer.withUnsafeMutableBufferPointer { buffer in
      var place = end
      var rest = magnitude
      if decimals > 0 {
        let (whole, fraction) = rest.quotientAndRemainder(dividingBy: Self.powersOfTen[decimals])
        Self.put(fraction, digits: decimals, before: &place, in: buffer)
        place -= 1
        buffer[place] = UInt8(ascii: ".")
        rest = whole
      }
      Self.put(rest, digits: digits - decimals, before: &place, in: buffer)
      if negative { buffer[place - 1] = UInt8(ascii: "-") }
    }
  }

  /// Writes the last `digits` digits of `value` before `place`, two at a time.
  @inline(__always)
  private static func put(
    _ value: UInt64, digits: Int, before place: inout Int,
    in buffer: UnsafeMutableBufferPointer<UInt8>
  ) {
    var rest = value
    var left = digits
    while left >= 2 {
      let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
      let tens = UInt8(truncatingIfNeeded: (pair * 103) >> 10)
      place -= 2
      buffer[place] = UInt8(ascii: "0") + tens
      buffer[place + 1] = UInt8(ascii: "0") + (UInt8(truncatingIfNeeded: pair) - 10 * tens)
      rest = quotient
      left -= 2
    }
    if left == 1 {
      place -= 1
      buffer[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
    }
  }

  private static func digits(of magnitude: UInt64) -> Int {
    // A bit is log10(2) = 1233 / 4096 of a digit; the table settles which of two it is.
    let bits = 64 - (magnitude | 1).leadingZeroBitCount
    let least = (bits * 1233) >> 12
    return magnitude < powersOfTen[least] ? max(1, least) : least + 1
  }

  private static let powersOfTen: [UInt64] = (0..<20).reduce(into: []) { powers, _ in
    powers.append((powers.last ?? 0) == 0 ? 1 : (powers.last ?? 0) * 10)
  }

  private mutating func makeRoom(for count: Int) {
    guard buffer.count - used < count else { return }
    if descriptor != nil {
      flush()
    } else {
      buffer.append(contentsOf: repeatElement(0, count: buffer.count))
    }
  }

  /// Hands what is gathered to the file.
  mutating func flush() {
    guard let descriptor else { return }
    var sent = 0
    while sent < used, failure == 0 {
      let count = buffer.withUnsafeBytes { bytes in
        writeBytes(descriptor, UnsafeRawBufferPointer(rebasing: bytes[sent..<used]))
      }
      if count > 0 {
        sent += count
      } else if count == 0 {
        failure = EIO
      } else if errno != EINTR {
        failure = errno
      }
    }
    used = 0
  }
}

/// The system's `write`, which the methods of that name hide.
private func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  write(descriptor, bytes.baseAddress, bytes.count)
}
