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
    row(most: RowCursor.widestNumber) { $0.put(value) }
  }

  public mutating func write(_ value: Int) { write(Int64(value)) }

  /// Nanoseconds as milliseconds with six decimals, which is exact: `1234567` is `1.234567`.
  public mutating func write(milliseconds nanoseconds: Int64) {
    row(most: RowCursor.widestNumber) { $0.put(milliseconds: nanoseconds) }
  }

  /// Nanoseconds as microseconds with three decimals, which is exact.
  mutating func write(microseconds nanoseconds: Int64) {
    row(most: RowCursor.widestNumber) { $0.put(microseconds: nanoseconds) }
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

  /// Fields written without asking for room again and again.
  ///
  /// - Parameter most: bytes that `body` may touch.
  @inline(__always)
  mutating func row(most: Int, _ body: (inout RowCursor) -> Void) {
    makeRoom(for: most)
    let start = used
    used = buffer.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return start }
      var cursor = RowCursor(at: base + start)
      body(&cursor)
      return cursor.place - base
    }
  }

  private mutating func makeRoom(for count: Int) {
    guard buffer.count - used < count else { return }
    if descriptor != nil { flush() }
    if buffer.count - used < count {
      buffer.append(contentsOf: repeatElement(0, count: max(count, buffer.count)))
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
