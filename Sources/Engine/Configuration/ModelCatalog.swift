import Foundation

/// Models that clusters can name: `<folder>/<name>.json` in a list of folders, the first that has it.
public struct ModelCatalog: Sendable {
  /// Such as `configs/model`.
  public var folders: [String]
  /// Models that need no file; found before any folder is searched.
  public var models: [ModelSpec]

  public init(folders: [String], models: [ModelSpec] = []) {
    self.folders = folders
    self.models = models
  }

  /// The model of that name, or nil where no folder has it. Throws what is wrong with its file.
  public func model(named name: String) throws(InputError) -> ModelSpec? {
    if let model = models.first(where: { $0.name == name }) { return model }
    guard isSafe(name) else { return nil }
    for folder in folders {
      let path = "\(folder)/\(name).json"
      if FileManager.default.fileExists(atPath: path) {
        return try ModelSpec.load(path: path, name: name)
      }
    }
    return nil
  }

  /// Names of all models, sorted.
  public func names() -> [String] {
    var names = Set(models.map(\.name))
    for folder in folders {
      let files = FileManager.default.enumerator(atPath: folder)
      while let file = files?.nextObject() as? String {
        if file.hasSuffix(".json") { names.insert(String(file.dropLast(".json".count))) }
      }
    }
    return names.sorted()
  }

  /// A name must not lead out of the folders.
  private func isSafe(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    return name.utf8.count <= 256 && !name.utf8.contains(0)
      && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
  }
}
