import Foundation

/// What lies in a folder of profiles.
enum ProfileFolder {
  /// Largest table that is read, in bytes. Guess: a hundred times the largest that is public.
  static let fileLimit = 64 << 20

  /// Largest description that is read, in bytes. Guess: four hundred times the largest that is public.
  static let metaLimit = 1 << 20

  /// Names of the folders in a folder, sorted; none where there is no such folder.
  static func folders(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().filter { !$0.hasPrefix(".") && isFolder("\(folder)/\($0)") }
  }

  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }
}
