import Foundation

/// Lines of a trace, one after the other, as ranges of one buffer that is used again and again.
///
/// A byte-order mark, the carriage return of `\r\n` and empty lines are dropped; line numbers count
/// them. The buffer grows to the longest line and no further than `maxLineBytes`.
struct LineReader: ~Copyable {
  /// 8 MiB; a guess: a line of one million token ids has about 7 MB.
  static let maxLineBytes = 8 << 20
  /// 1 MiB: larger reads were no faster.
  static let chunkBytes = 1 << 20
  /// Empty lines in a row; a guess: more are no trace.
  static let maxEmptyLines = 1000

  private let file: String
  private var source: ByteSource
  /// Read it between two calls of `next`.
  private(set) var buffer: [UInt8]
  /// Bytes read and not handed out are `start ..< end`; none before `searched` is a newline.
  private var start = 0
  private var searched = 0
  private var end = 0
  private var atEnd = false
  /// 1-based number of the line that `next` returned last.
  private(set) var number = 0

  init(file: String, source: consuming ByteSource) {
    self.file = file
    self.source = source
    buffer = [UInt8](repeating: 0, count: LineReader.chunkBytes)
  }

  /// Where the next line lies in `buffer`, without its line end; nil after the last.
  mutating func next() throws(InputError) -> Range<Int>? {
    var emptyLines = 0
    while var line = try nextRaw() {
      number += 1
      if number == 1, line.count >= 3, buffer[line.lowerBound] == 0xef,
        buffer[line.lowerBound + 1] == 0xbb, buffer[line.lowerBound + 2] == 0xbf
      {
        line = line.lowerBound + 3..<line.upperBound
      }
      if !line.isEmpty, buffer[line.upperBound - 1] == UInt8(ascii: "\r") {
        line = line.lowerBound..<line.upperBound - 1
      }
      if !line.isEmpty { return line }
      emptyLines += 1
      if emptyLines > LineReader.maxEmptyLines {
        throw InputError(
          file: file, line: number, problem: "more than \(LineReader.maxEmptyLines) empty lines",
          expected: "one request a line")
      }
    }
    return nil
  }

  private mutating func nextRaw() throws(InputError) -> Range<Int>? {
    while true {
      if let newline = firstNewline(searched..<end) {
        defer {
          start = newline + 1
          searched = start
        }
        try checkLength(newline - start)
        return start..<newline
      }
      searched = end
      try checkLength(end - start)
      if atEnd {
        guard start < end else { return nil }
        defer { start = end }
        return start..<end
      }
      try fill()
    }
  }

  private func checkLength(_ count: Int) throws(InputError) {
    guard count > LineReader.maxLineBytes else { return }
    throw InputError(
      file: file, line: number + 1,
      problem: "the line has more than \(LineReader.maxLineBytes >> 20) MiB",
      expected: "one request a line")
  }

  private func firstNewline(_ range: Range<Int>) -> Int? {
    buffer.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress, !range.isEmpty,
        let found = memchr(base + range.lowerBound, 10, range.count)
      else { return nil }
      return UnsafeRawPointer(found) - base
    }
  }

  /// Moves what is left to the front and reads more behind it.
  private mutating func fill() throws(InputError) {
    if start > 0 {
      buffer.withUnsafeMutableBytes { bytes in
        if let base = bytes.baseAddress { _ = memmove(base, base + start, end - start) }
      }
      end -= start
      searched -= start
      start = 0
    }
    if end == buffer.count {
      buffer.append(contentsOf: repeatElement(0, count: buffer.count))
    }
    var failure: InputError?
    let count = buffer.withUnsafeMutableBytes { bytes in
      do throws(InputError) {
        return try source.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[end...]))
      } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    end += count
    atEnd = count == 0
  }
}
