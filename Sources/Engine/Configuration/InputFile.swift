import Foundation

/// Reads whole files that the user named.
enum InputFile {
  /// Largest configuration that is read, in bytes. Guess: a thousand instances take under 1 MiB.
  static let configurationLimit = 16 << 20

  /// The bytes of a file (or pipe) of at most `limit` bytes.
  static func read(
    _ path: String, limit: Int = configurationLimit
  ) throws(InputError) -> [UInt8] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw InputError(file: path, problem: "no such file", suggestion: neighbour(of: path))
    }
    if isFolder.boolValue {
      throw InputError(file: path, problem: "is a folder", expected: "a file")
    }
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw InputError(file: path, problem: "cannot be opened for reading")
    }
    defer { try? handle.close() }
    var bytes: [UInt8] = []
    do {
      while let chunk = try handle.read(upToCount: limit + 1 - bytes.count), !chunk.isEmpty {
        bytes += chunk
      }
    } catch {
      throw InputError(file: path, problem: "cannot be read")
    }
    guard bytes.count <= limit else {
      throw InputError(
        file: path, problem: "is too large", expected: "at most \(limit >> 20) MiB")
    }
    return bytes
  }

  /// `did you mean …?` for a path whose last part is misspelt.
  private static func neighbour(of path: String) -> String? {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard let name = parts.last else { return nil }
    let folder = parts.dropLast().joined(separator: "/")
    let names =
      (try? FileManager.default.contentsOfDirectory(
        atPath: folder.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : folder)) ?? []
    guard let match = Suggestion.closest(to: String(name), among: names.sorted()) else {
      return nil
    }
    return "did you mean \(parts.count > 1 ? folder + "/" : "")\(match)?"
  }
}
