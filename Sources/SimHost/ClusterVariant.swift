import ArgumentParser
import Engine

/// What a sweep changes of a cluster's file: roles, and accelerators.
struct ClusterVariant: Sendable, Equatable {
  var split: ClusterSplit?
  /// Names of accelerators, of one role or (nil) of all; the later ones count.
  var hardware: [Hardware] = []

  struct Hardware: Sendable, Equatable {
    var role: InstanceRole?
    var name: String
  }

  static let none = ClusterVariant()

  /// The cluster with other roles, then with other accelerators, whose memory is that of their data sheets.
  func applied(to cluster: ClusterSpec, _ resources: ResourceFolders) throws -> ClusterSpec {
    var cluster = try split.map { try cluster.split($0) } ?? cluster
    let catalog = HardwareCatalog(folders: resources.all("configs/hardware"))
    for change in hardware {
      guard let sheet = try catalog.hardware(named: change.name)?.dataSheet else {
        let names = catalog.names()
        throw InputError(
          file: "--set", key: "hardware", problem: "no data sheet for \(change.name)",
          expected: "one of \(names.joined(separator: ", "))")
      }
      cluster.replaceHardware(
        with: change.name,
        memory: MemorySpec(
          sizeGiB: sheet.memoryGiB, bandwidth: sheet.memoryBandwidth, latency: 0),
        of: change.role)
    }
    return cluster
  }
}

extension ClusterSplit {
  /// Splits from the command line: a list, each of them perhaps a range, none of them twice.
  static func list(_ text: String) throws -> [ClusterSplit] {
    let splits = try text.split(separator: ",", omittingEmptySubsequences: false).flatMap { part in
      if let range = ClusterSplit.range(String(part)) { return range }
      guard let split = ClusterSplit(part) else {
        throw ValidationError(
          "split=\(part): expected prefill:decode such as 3:5, a range such as 1:7..7:1, or 8M for "
            + "eight instances that do both")
      }
      return [split]
    }
    guard Set(splits.map(\.text)).count == splits.count else {
      throw ValidationError("split=\(text): a value is there twice")
    }
    return splits
  }
}
