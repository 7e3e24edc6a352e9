import Foundation

/// Where bundled files lie: policies, configurations, workloads.
///
/// A relative path means the working folder first. What is not there is looked for in the folders above the executable,
/// as in a clone (`.build/release/simhost`), and in `share/simhost` beside its folder, as `make install` lays it out.
struct ResourceFolders {
  let folders: [String]

  init(executable: String? = Bundle.main.executablePath) {
    var folders: [String] = []
    if let executable {
      var folder = URL(fileURLWithPath: executable).resolvingSymlinksInPath()
        .deletingLastPathComponent()
      folders.append(
        folder.deletingLastPathComponent().appendingPathComponent("share/simhost").path)
      while folder.path != "/" {
        folders.append(folder.path)
        folder = folder.deletingLastPathComponent()
      }
    }
    // Only a folder that has them all is ours: others above the executable may have a `configs` too.
    self.folders = folders.filter { folder in
      ["policies", "configs/cluster", "configs/model", "configs/hardware", "workloads"]
        .allSatisfy { FileManager.default.fileExists(atPath: "\(folder)/\($0)") }
    }
  }

  /// The path itself where it exists, else the bundled file of that name, else the path itself.
  func file(_ path: String) -> String {
    if path.hasPrefix("/") || FileManager.default.fileExists(atPath: path) { return path }
    return folders.map { "\($0)/\(path)" }.first { FileManager.default.fileExists(atPath: $0) }
      ?? path
  }

  /// The folder of that name here and in the bundle, as far as they exist.
  func all(_ folder: String) -> [String] {
    ([folder] + folders.map { "\($0)/\(folder)" })
      .filter { FileManager.default.fileExists(atPath: $0) }
  }
}
