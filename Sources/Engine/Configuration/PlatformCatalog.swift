import Foundation

/// Platforms that clusters and users can name: `<folder>/<name>.json` in a list of folders, the first that has it.
public struct PlatformCatalog: Sendable {
  /// Such as `configs/platform`.
  public var folders: [String]

  public init(folders: [String] = []) { self.folders = folders }

  /// The platform of that name; throws what is wrong with its file, or which names there are.
  ///
  /// - Parameter missing: makes the error for a name that no folder has.
  func platform(
    named name: String, missing: (_ expected: String, _ suggestion: String?) -> InputError
  ) throws(InputError) -> PlatformSpec {
    let names = names()
    guard names.contains(name) else {
      throw missing(
        names.isEmpty
          ? "a file in \(folders.isEmpty ? "configs/platform" : folders.joined(separator: ", "))"
          : "one of \(names.joined(separator: ", "))",
        Suggestion.didYouMean(name, among: names))
    }
    for folder in folders {
      let path = "\(folder)/\(name).json"
      if FileManager.default.fileExists(atPath: path) { return try PlatformSpec.load(path: path) }
    }
    throw missing("a file in \(folders.joined(separator: ", "))", nil)
  }

  /// What a user gave: the name of a platform, or the path of a file.
  public func platform(_ nameOrPath: String) throws(InputError) -> PlatformSpec {
    if nameOrPath.hasSuffix(".json") || nameOrPath.contains("/") {
      return try PlatformSpec.load(path: nameOrPath)
    }
    return try platform(named: nameOrPath) { expected, suggestion in
      InputError(
        file: "command line", key: "--platform",
        problem: "no platform \(nameOrPath.quotedForMessage)", expected: expected,
        suggestion: suggestion)
    }
  }

  /// Names of all platforms, sorted.
  public func names() -> [String] {
    var names: Set<String> = []
    for folder in folders {
      for file in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      where file.hasSuffix(".json") {
        names.insert(String(file.dropLast(".json".count)))
      }
    }
    return names.sorted()
  }
}
