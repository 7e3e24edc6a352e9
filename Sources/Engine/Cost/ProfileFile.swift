import Foundation

/// A file of a profile or hardware folder, read whole.
enum ProfileFile {
  /// Guess: a hundred times the largest bundle that is public.
  static let maximumBytes = 64 << 20

  static func read(_ path: String) throws(InputError) -> [UInt8] {
    let attributes: [FileAttributeKey: Any]
    do {
      attributes = try FileManager.default.attributesOfItem(
        atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
    } catch {
      throw InputError(file: path, problem: "cannot be read: there is no such file")
    }
    guard attributes[.type] as? FileAttributeType == .typeRegular else {
      throw InputError(file: path, problem: "is not a regular file")
    }
    let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
    guard size <= maximumBytes else {
      throw InputError(
        file: path, problem: "has \(size) bytes", expected: "at most \(maximumBytes)")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw InputError(file: path, problem: "cannot be read")
    }
    return [UInt8](data)
  }

  /// Names in a folder that do not begin with a dot, sorted; empty where there is no such folder.
  static func names(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { !$0.hasPrefix(".") }.sorted()
  }

  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
