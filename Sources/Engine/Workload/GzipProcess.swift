import Foundation

/// A `gzip -dc` process that unpacks one open file into a pipe.
final class GzipProcess {
  private let process = Process()
  private let standardOutput = Pipe()
  private let standardError = Pipe()

  /// Read end of the pipe with the unpacked bytes.
  var output: Int32 { standardOutput.fileHandleForReading.fileDescriptor }

  init(input descriptor: Int32, file: String) throws(InputError) {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-dc"]
    process.standardInput = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
    process.standardOutput = standardOutput
    process.standardError = standardError
    do {
      try process.run()
    } catch {
      throw InputError(
        file: file, problem: "is gzip, and no gzip program could be started (\(error))",
        suggestion: "unpack the file first")
    }
  }

  /// Waits for the end after the last byte was read.
  func finish(file: String) throws(InputError) {
    let said = standardError.fileHandleForReading.readDataToEndOfFile().prefix(500)
    process.waitUntilExit()
    let status = process.terminationStatus
    guard status != 0 else { return }
    if status == 127 {
      throw InputError(
        file: file, problem: "is gzip, and there is no gzip program on the PATH",
        suggestion: "install gzip or unpack the file first")
    }
    let message = String(decoding: said, as: UTF8.self)
      .split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }.joined(separator: ", ")
    throw InputError(
      file: file, problem: "is damaged or cut short (\(message))", expected: "a whole gzip file")
  }

  /// Ends the process early; harmless when it has ended.
  func stop() {
    if process.isRunning { process.terminate() }
    process.waitUntilExit()
  }
}
