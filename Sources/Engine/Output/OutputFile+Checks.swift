import Foundation

extension OutputFile {
  /// Finds out, before a run has cost any time, whether its results could be written.
  ///
  /// Creates missing parent folders. Refuses a folder, a file of the run's inputs, the same file twice, and a place that may not be written to.
  public static func check(_ paths: [String], inputs: [String]) throws(OutputError) {
    var seen: [String] = []
    for path in paths {
      guard !path.isEmpty else { throw OutputError(path: path, problem: "its name is empty") }
      guard !isSpecial(path) else { continue }
      if path.hasSuffix("/") {
        throw OutputError(
          path: path, problem: "is the name of a folder", suggestion: "give the name of a file")
      }
      let target = try linkTarget(path)
      try makeFolder(parent(of: target), for: path)
      if let found = status(target) {
        guard found.st_mode & S_IFMT != S_IFDIR else {
          throw OutputError(
            path: path, problem: "is a folder", suggestion: "give the name of a file")
        }
        for input in inputs {
          if let other = status(input), found.st_dev == other.st_dev, found.st_ino == other.st_ino {
            throw OutputError(
              path: path, problem: "is an input of this run (\(input))",
              suggestion: "write to another file")
          }
        }
        guard access(target, W_OK) == 0 else { throw OutputError(path: path, errno) }
      }
      guard access(parent(of: target), W_OK | X_OK) == 0 else {
        throw OutputError(path: path, errno)
      }
      let place = realPath(parent(of: target)) + "/" + fileName(of: target)
      guard !seen.contains(place) else {
        throw OutputError(
          path: path, problem: "is asked for twice", suggestion: "give each output its own file")
      }
      seen.append(place)
    }
  }

  /// Devices, pipes and what lies under `/dev` or `/proc`: renaming a file over these would replace them.
  static func isSpecial(_ path: String) -> Bool {
    if path.hasPrefix("/dev/") || path.hasPrefix("/proc/") { return true }
    guard let found = status(path) else { return false }
    return found.st_mode & S_IFMT != S_IFREG && found.st_mode & S_IFMT != S_IFDIR
  }

  /// The file behind a symbolic link, so that the link stays one; other paths as they are.
  static func linkTarget(_ path: String) throws(OutputError) -> String {
    var found = stat()
    guard lstat(path, &found) == 0, found.st_mode & S_IFMT == S_IFLNK else { return path }
    guard status(path) != nil else {
      throw OutputError(path: path, problem: "is a symbolic link to nothing")
    }
    return realPath(path)
  }

  /// Creates the folder and the folders above it.
  static func makeFolder(_ folder: String, for path: String) throws(OutputError) {
    if let found = status(folder) {
      guard found.st_mode & S_IFMT == S_IFDIR else { throw OutputError(path: path, ENOTDIR) }
      return
    }
    if folder != parent(of: folder) { try makeFolder(parent(of: folder), for: path) }
    guard mkdir(folder, 0o777) == 0 || errno == EEXIST else { throw OutputError(path: path, errno) }
  }

  static func parent(of path: String) -> String {
    let trimmed = path.reversed().drop { $0 == "/" }
    guard let slash = trimmed.firstIndex(of: "/") else { return path.hasPrefix("/") ? "/" : "." }
    let parent = String(trimmed[slash...].drop { $0 == "/" }.reversed())
    return parent.isEmpty ? "/" : parent
  }

  private static func fileName(of path: String) -> String {
    String(
      path.suffix(from: path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex))
  }

  static func status(_ path: String) -> stat? {
    var found = stat()
    return stat(path, &found) == 0 ? found : nil
  }

  /// Without links; the path itself where it cannot be resolved.
  private static func realPath(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}

extension OutputError {
  /// From the `errno` of a refused system call.
  init(path: String, _ code: Int32) {
    let (problem, suggestion): (String, String?) =
      switch code {
      case EACCES, EPERM: ("may not be written to", "check the permissions of file and folder")
      case ENOSPC, EDQUOT: ("no space is left", "make room, or write elsewhere")
      case EROFS: ("lies on a read-only file system", "write elsewhere")
      case ENOTDIR, EEXIST: ("a part of its path is not a folder", nil)
      case EISDIR: ("is a folder", "give the name of a file")
      case ENAMETOOLONG: ("its name is too long", nil)
      case ELOOP: ("its path has too many symbolic links", nil)
      case EPIPE: ("whoever read it has gone", nil)
      case EFBIG: ("grew larger than the file system or the limits of this shell allow", nil)
      default: ("cannot be written: \(String(cString: strerror(code)))", nil)
      }
    self.init(path: path, problem: problem, suggestion: suggestion)
  }
}
