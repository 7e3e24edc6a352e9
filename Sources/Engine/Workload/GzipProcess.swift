import Foundation

/// A `gzip -dc` process that unpacks one open file into a socket.
///
/// Spawned without Foundation's `Process`: a child of that inherits the signal mask of the thread
/// that starts it, and on a worker thread it could then not be ended.
struct GzipProcess: ~Copyable {
  /// Longest part of gzip's complaint that is kept for the message, in bytes; a guess.
  private static let messageBytes = 500

  let process: pid_t
  /// Where to read the unpacked bytes.
  let output: Int32
  private let complaints: Int32
  private var hasEnded = false

  init(input descriptor: Int32, file: String) throws(InputError) {
    var (out, err): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
    // Sockets in place of pipes: they are born closed to other processes, so that none that another
    // thread starts at this moment can hold one open.
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &out) == 0, socketpair(AF_UNIX, kind, 0, &err) == 0 else {
      let reason = errno
      for end in out + err where end >= 0 { close(end) }
      throw GzipProcess.notStarted(file, reason)
    }
    var child: pid_t = 0
    let reason = GzipProcess.spawn(&child, input: descriptor, output: out[1], error: err[1])
    close(out[1])
    close(err[1])
    guard reason == 0 else {
      close(out[0])
      close(err[0])
      throw GzipProcess.notStarted(file, reason)
    }
    (process, output, complaints) = (child, out[0], err[0])
  }

  /// Ends the process if it still runs, and leaves no zombie.
  deinit {
    close(output)
    close(complaints)
    if !hasEnded {
      kill(process, SIGKILL)
      _ = GzipProcess.wait(for: process)
    }
  }

  /// Waits for the end after the last byte was read, and throws where gzip was not content.
  mutating func finish(file: String) throws(InputError) {
    guard !hasEnded else { return }
    let message = readComplaints()
    let status = GzipProcess.wait(for: process)
    hasEnded = true
    if status == 0 || status == nil && message.isEmpty { return }
    throw InputError(
      file: file, problem: "is damaged or cut short (\(message))", expected: "a whole gzip file")
  }

  private static func notStarted(_ file: String, _ reason: Int32) -> InputError {
    InputError(
      file: file,
      problem:
        "is gzip, and no gzip program could be started (\(String(cString: strerror(reason))))",
      suggestion: "install gzip or unpack the file first")
  }

  /// Returns 0, or the number of the error.
  ///
  /// The child has no environment, so that neither options in it nor the locale change anything,
  /// and no signal is blocked in it.
  private static func spawn(
    _ child: inout pid_t, input: Int32, output: Int32, error: Int32
  ) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, error, 2)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    return "gzip".withCString { name in
      "-dc".withCString { option in
        var arguments = [
          UnsafeMutablePointer(mutating: name), UnsafeMutablePointer(mutating: option), nil,
        ]
        return posix_spawnp(&child, name, &actions, &attributes, &arguments, nil)
      }
    }
  }

  /// The status as `waitpid` gives it, 0 for success; nil where it is not told, as when SIGCHLD is
  /// ignored.
  private static func wait(for process: pid_t) -> Int32? {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 {
      if errno != EINTR { return nil }
    }
    return status
  }

  /// What gzip wrote to its standard error, on one line.
  private func readComplaints() -> String {
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(complaints, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      text += chunk.prefix(min(count, GzipProcess.messageBytes - text.count))
    }
    return String(decoding: text, as: UTF8.self)
      .split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }.joined(separator: ", ")
  }
}
