import ArgumentParser
import Engine

/// What goes wrong during a run.
struct FaultOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Something that goes wrong, such as \"t=30s kill decode/1 for 60s\"; kill, slow, slow link, cut link, lose transfers; may be repeated.",
      valueName: "fault"))
  var fault: [String] = []

  @Option(help: ArgumentHelp("JSON file of faults.", valueName: "file"))
  var faults: String?

  @Option(
    help: ArgumentHelp(
      "Faults of each instance by chance, from the seed, such as kill:every=300s,for=30s; may be repeated.",
      valueName: "kind"))
  var randomFaults: [String] = []

  var isEmpty: Bool { fault.isEmpty && faults == nil && randomFaults.isEmpty }

  /// Faults of a cluster.
  func plan(_ cluster: ClusterSpec, _ resources: ResourceFolders) throws -> FaultPlan {
    var plan = FaultPlan()
    if let faults { try plan.add(file: resources.file(faults), in: cluster) }
    for text in fault { try plan.add(text, in: cluster) }
    for text in randomFaults { try plan.addRandom(text) }
    return plan
  }
}
