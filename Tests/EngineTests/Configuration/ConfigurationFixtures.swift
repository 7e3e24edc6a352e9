import Engine
import Foundation

/// Files of the repository, wherever the tests run.
enum Repository {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  static let models = ModelCatalog(folders: ["\(root)/configs/model"])

  static func cluster(_ name: String) -> String { "\(root)/configs/cluster/\(name).json" }

  static func text(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }

  /// Reference data that is not part of the repository; nil where there is none.
  static let data: String? = {
    let path = ProcessInfo.processInfo.environment["SIMHOST_DATA"] ?? "\(root)/../shared/data"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }()
}

extension ClusterSpec {
  /// Parses the text of a cluster with the repository's models.
  static func parse(
    _ text: String, defaults: InstanceDefaults = InstanceDefaults()
  ) throws(InputError) -> ClusterSpec {
    try parse(
      Array(text.utf8), file: "cluster.json", defaults: defaults, models: Repository.models)
  }
}

extension String {
  /// Replaces the last occurrence; for damaging one field of an example.
  func replacingLast(_ old: String, with new: String) -> String {
    guard let range = range(of: old, options: .backwards) else { return self }
    return replacingCharacters(in: range, with: new)
  }
}
