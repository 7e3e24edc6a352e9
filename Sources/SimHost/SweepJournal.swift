import Engine
import Foundation
import Synchronization

/// The finished runs of a sweep, in a file that only grows: what an interruption leaves is resumed from.
///
/// The first line names the sweep by a digest of all that its results depend on. Each further line is a run: its number, a
/// checksum, its row. A line is written whole or, where the process ends within the write, cut short: then its checksum is
/// wrong, and the run is done again.
final class SweepJournal: Sendable {
  let path: String
  private let descriptor: Int32
  private let state: Mutex<State>

  private struct State {
    var rows: [Int: String]
    var size: off_t
  }

  /// Opens the journal of a sweep, or begins one.
  ///
  /// - Parameter digest: of the sweep; another sweep's journal is refused.
  init(path: String, digest: String, runs: Int) throws {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666 as mode_t)
    guard descriptor >= 0 else {
      throw OutputError(
        path: path, problem: "cannot be opened: \(String(cString: strerror(errno)))")
    }
    do {
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        throw OutputError(
          path: path, problem: "is being written by another sweep",
          suggestion: "wait for its end, or give another --output")
      }
      let bytes = try Self.read(descriptor, path)
      let header = "simhost sweep 1 \(digest)\n"
      let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      var rows: [Int: String] = [:]
      var valid = 0
      // A header that was cut short is all there is.
      if lines.count > 1 {
        guard String(decoding: lines[0], as: UTF8.self) + "\n" == header else {
          throw InputError(
            file: path, line: 1, problem: "is the journal of another sweep, or of other inputs",
            expected: "that of this sweep",
            suggestion: "remove it to begin anew, or give another --output")
        }
        valid = header.utf8.count
        for line in lines.dropFirst().dropLast() {
          guard let (number, row) = Self.entry(line), (0..<runs).contains(number) else { break }
          rows[number] = row
          valid += line.count + 1
        }
      }
      guard ftruncate(descriptor, off_t(valid)) == 0 else { throw Self.failure(path) }
      if valid == 0 {
        try Self.append(header, to: descriptor, at: 0, path: path)
        valid = header.utf8.count
      }
      state = Mutex(State(rows: rows, size: off_t(valid)))
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit { close(descriptor) }

  /// Rows by the number of their run.
  var rows: [Int: String] { state.withLock { $0.rows } }

  /// Adds the row of a run. What cannot be written whole is not in the file afterwards.
  func add(_ row: String, of number: Int) throws {
    let content = "\(number) \(row)"
    let line = "\(Self.checksum(content)) \(content)\n"
    try state.withLock { state in
      try Self.append(line, to: descriptor, at: state.size, path: path)
      state.size += off_t(line.utf8.count)
      state.rows[number] = row
    }
  }

  /// Removes the file: its rows are elsewhere.
  func remove() { unlink(path) }

  private static func entry(_ line: ArraySlice<UInt8>) -> (Int, String)? {
    let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
    guard parts.count == 3, let number = Int(String(decoding: parts[1], as: UTF8.self)) else {
      return nil
    }
    let row = String(decoding: parts[2], as: UTF8.self)
    guard checksum("\(number) \(row)").utf8.elementsEqual(parts[0]) else { return nil }
    return (number, row)
  }

  /// Half of it is enough against chance.
  private static func checksum(_ text: String) -> String {
    String(SHA256.hexadecimal(Array(text.utf8)).prefix(32))
  }

  private static func append(_ text: String, to descriptor: Int32, at size: off_t, path: String)
    throws
  {
    let bytes = Array(text.utf8)
    var count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR {
      count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }
    guard count == bytes.count else {
      if count >= 0 { errno = ENOSPC }
      let failure = Self.failure(path)
      _ = ftruncate(descriptor, size)
      throw failure
    }
  }

  private static func read(_ descriptor: Int32, _ path: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = pread(descriptor, &chunk, chunk.count, off_t(bytes.count))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(path) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
    }
  }

  private static func failure(_ path: String) -> OutputError {
    OutputError(path: path, problem: "cannot be written: \(String(cString: strerror(errno)))")
  }
}
