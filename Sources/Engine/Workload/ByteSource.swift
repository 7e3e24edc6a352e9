import Foundation

/// The bytes of a trace file, front to back, decompressed where the file is gzip.
///
/// Refuses with an `InputError` what cannot be opened or read, a gzip stream that is damaged or cut
/// short, and one that unpacks to more than `maxDecompressedBytes`. Memory does not depend on the
/// size of the file.
struct ByteSource: ~Copyable {
  /// 8 GiB; a guess: about 80 times the largest public trace, and half a minute of unpacking.
  static let maxDecompressedBytes = 8 << 30

  private let path: String
  private let descriptor: Int32
  private var gzip: GzipProcess?
  private var decompressedBytes = 0
  private let maxDecompressedBytes: Int
  /// The first bytes, read to recognise gzip and not handed out yet.
  private var head: [UInt8]

  init(path: String, maxDecompressedBytes: Int = ByteSource.maxDecompressedBytes)
    throws(InputError)
  {
    self.path = path
    self.maxDecompressedBytes = maxDecompressedBytes
    head = []
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw InputError(
        file: path, problem: "cannot be opened (\(ByteSource.reason()))",
        expected: "a trace file that can be read")
    }
    try recogniseGzip()
  }

  deinit {
    close(descriptor)
  }

  /// Fills the front of `target` and returns how many bytes that were; 0 is the end.
  mutating func read(into target: UnsafeMutableRawBufferPointer) throws(InputError) -> Int {
    if !head.isEmpty {
      let count = min(head.count, target.count)
      target.copyBytes(from: head.prefix(count))
      head.removeFirst(count)
      return count
    }
    guard let output = gzip?.output else { return try read(descriptor, into: target) }
    let count = try read(output, into: target)
    if count == 0 { try gzip?.finish(file: path) }
    decompressedBytes += count
    if decompressedBytes > maxDecompressedBytes {
      throw InputError(
        file: path, problem: "unpacks to more than \(maxDecompressedBytes >> 20) MiB",
        expected: "a smaller gzip file", suggestion: "unpack it first to read it without this limit"
      )
    }
    return count
  }

  private func read(_ descriptor: Int32, into target: UnsafeMutableRawBufferPointer)
    throws(InputError) -> Int
  {
    while true {
      let count = Foundation.read(descriptor, target.baseAddress, target.count)
      if count >= 0 { return count }
      if errno != EINTR {
        throw InputError(file: path, problem: "cannot be read (\(ByteSource.reason()))")
      }
    }
  }

  /// Source of the two magic bytes: RFC 1952, section 2.3.1.
  private mutating func recogniseGzip() throws(InputError) {
    var bytes: [UInt8] = [0, 0]
    var count = 0
    while count < 2 {
      var failure: InputError?
      let more = bytes.withUnsafeMutableBytes { buffer in
        do throws(InputError) {
          return try read(
            descriptor, into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
        } catch {
          failure = error
          return 0
        }
      }
      if let failure { throw failure }
      if more == 0 { break }
      count += more
    }
    guard count == 2, bytes == [0x1f, 0x8b] else {
      head = Array(bytes.prefix(count))
      return
    }
    guard lseek(descriptor, 0, SEEK_SET) == 0 else {
      throw InputError(
        file: path, problem: "is a gzip stream that cannot be rewound", expected: "a file",
        suggestion: "unpack it on the way with `gzip -dc`")
    }
    gzip = try GzipProcess(input: descriptor, file: path)
  }

  private static func reason() -> String { String(cString: strerror(errno)) }
}
