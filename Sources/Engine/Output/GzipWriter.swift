import Foundation

/// A `gzip -nc` process that packs what is written to it into an open file.
///
/// `-n` leaves out name and time: the same bytes give the same bytes. The caller sees to it that SIGPIPE is ignored; then
/// a gzip that ends early, as on a full disk, is an error of `write`.
struct GzipWriter {
  /// Where to write what is to be packed.
  let input: Int32
  private let process: pid_t

  init(output descriptor: Int32, path: String) throws(OutputError) {
    var ends: [Int32] = [-1, -1]
    // A socket in place of a pipe: born closed to other processes.
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw OutputError(path: path, errno) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 0)
    posix_spawn_file_actions_adddup2(&actions, descriptor, 1)
    var child: pid_t = 0
    let reason = "gzip".withCString { name in
      "-nc".withCString { option in
        var arguments = [
          UnsafeMutablePointer(mutating: name), UnsafeMutablePointer(mutating: option), nil,
        ]
        return posix_spawnp(&child, name, &actions, nil, &arguments, nil)
      }
    }
    close(ends[1])
    guard reason == 0 else {
      close(ends[0])
      throw OutputError(
        path: path,
        problem: "no gzip program could be started (\(String(cString: strerror(reason))))",
        suggestion: "install gzip, or leave out the .gz")
    }
    (input, process) = (ends[0], child)
  }

  /// Ends the input and waits for the rest. Returns whether gzip was content.
  func finish() -> Bool {
    close(input)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 { if errno != EINTR { return false } }
    return status == 0
  }
}
