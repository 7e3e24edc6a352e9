import Foundation

/// Accelerators that clusters can name: `<folder>/<name>.json` in a list of folders, the first that has it.
public struct HardwareCatalog: Sendable {
  /// Such as `configs/hardware`.
  public var folders: [String]
  /// Accelerators that need no file; found before any folder is searched.
  public var hardware: [HardwareSpec]

  public init(folders: [String], hardware: [HardwareSpec] = []) {
    self.folders = folders
    self.hardware = hardware
  }

  /// The accelerator of that name, or nil where no folder has it. Throws what is wrong with its file.
  public func hardware(named name: String) throws(InputError) -> HardwareSpec? {
    if let spec = hardware.first(where: { $0.name == name }) { return spec }
    guard names().contains(name) else { return nil }
    for folder in folders {
      let path = "\(folder)/\(name).json"
      if FileManager.default.fileExists(atPath: path) { return try HardwareSpec.load(path: path) }
    }
    return nil
  }

  /// Names of all accelerators, sorted.
  public func names() -> [String] {
    var names = Set(hardware.map(\.name))
    for folder in folders {
      for file in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      where file.hasSuffix(".json") {
        names.insert(String(file.dropLast(".json".count)))
      }
    }
    return names.sorted()
  }
}
