import Foundation

/// Something that can be written to a file: a table, a summary.
public protocol OutputDocument {
  func write(to sink: inout ByteSink)
}

extension OutputDocument {
  /// Writes the whole document, or leaves what was at `path` as it is.
  ///
  /// The bytes go to a new file in the same folder, which takes the name at the end, so that no half-written file is
  /// ever seen under it. Missing parent folders are created. A device or a pipe is written to directly.
  ///
  /// - Parameter inputs: files of this run, which must not be overwritten.
  public func save(to path: String, inputs: [String] = []) throws(OutputError) {
    try OutputFile.check([path], inputs: inputs)
    let file = try OutputFile.open(path)
    var sink = ByteSink(descriptor: file.descriptor)
    write(to: &sink)
    sink.flush()
    try file.finish(failure: sink.failure)
  }

  /// The document as text.
  public var text: String {
    var sink = ByteSink()
    write(to: &sink)
    return sink.text
  }
}

/// A file that is being written under another name.
public struct OutputFile {
  let descriptor: Int32
  /// Name that the user asked for, for messages.
  private let path: String
  /// Where the file ends up: `path`, or what it links to.
  private let target: String
  /// Name until it is complete; nil where `target` is written directly.
  private let temporary: String?

  /// Opens a file under a temporary name beside `path`.
  static func open(_ path: String) throws(OutputError) -> OutputFile {
    guard !isSpecial(path) else {
      let descriptor = openFile(path, O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw OutputError(path: path, errno) }
      return OutputFile(descriptor: descriptor, path: path, target: path, temporary: nil)
    }
    let target = try linkTarget(path)
    try makeFolder(parent(of: target), for: path)
    // The first name that is free: another run may be writing in the same folder.
    for attempt in 0..<1000 {
      let temporary = parent(of: target) + "/.simhost-partial-\(attempt)"
      let descriptor = openFile(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC)
      if descriptor >= 0 {
        PartialFiles.add(temporary)
        return OutputFile(
          descriptor: descriptor, path: path, target: target, temporary: temporary)
      }
      guard errno == EEXIST else { throw OutputError(path: path, errno) }
    }
    throw OutputError(
      path: path, problem: "its folder is full of files named .simhost-partial-*",
      suggestion: "remove them")
  }

  /// Leaves nothing of a file that will not be whole.
  func abandon() {
    close(descriptor)
    guard let temporary else { return }
    unlink(temporary)
    PartialFiles.forget(temporary)
  }

  /// Gives the file its name, or removes it when writing failed.
  ///
  /// - Parameter failure: `errno` of a write that failed; 0 is none.
  func finish(failure: Int32) throws(OutputError) {
    var failure = failure
    if close(descriptor) != 0, failure == 0 { failure = errno }
    guard let temporary else {
      guard failure == 0 else { throw OutputError(path: path, failure) }
      return
    }
    defer { PartialFiles.forget(temporary) }
    if failure == 0, let old = Self.status(target) { _ = chmod(temporary, old.st_mode & 0o7777) }
    if failure == 0, rename(temporary, target) != 0 { failure = errno }
    guard failure == 0 else {
      unlink(temporary)
      throw OutputError(path: path, failure)
    }
  }
}

// Each file gets the permissions that the user's umask leaves of rw-rw-rw-.
private func openFile(_ path: String, _ flags: Int32) -> Int32 {
  open(path, flags, 0o666 as mode_t)
}
