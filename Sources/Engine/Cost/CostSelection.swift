/// Chooses a cost model for each instance of a cluster.
///
/// With a profile folder every instance must have been profiled there; without one, all are computed from their
/// accelerator's data sheet.
public enum CostSelection {
  /// One cost model for each instance, in configuration order; equal instances share one profile.
  ///
  /// - Parameters:
  ///   - hardware: where data sheets are found.
  ///   - profileDirectory: folder with `<hardware>/<model>/<variant>/`; nil is "from data sheets".
  ///   - rules: how profiles are read.
  /// - Throws: when an accelerator or a profile is missing, naming those that are there, or when a file is damaged.
  public static func models(
    for cluster: ClusterSpec, hardware: HardwareCatalog, profileDirectory: String?,
    rules: ProfileRules = .native
  ) throws(InputError) -> [IterationCost] {
    var costs: [IterationCost] = []
    var shared: [(key: SharingKey, cost: IterationCost)] = []
    for (index, instance) in cluster.instances.enumerated() {
      let cpuMemory = cluster.nodes[instance.node].cpuMemory
      let key = SharingKey(instance, cpuMemory)
      if let known = shared.first(where: { $0.key == key }) {
        costs.append(known.cost)
        continue
      }
      let reduces = instance.platform.flatMap { PlatformCost.table(of: $0, for: instance) } == nil
      var cost: IterationCost
      if let profileDirectory {
        cost = .profile(
          try profile(
            instance, cpuMemory: cpuMemory, link: cluster.link,
            profileDirectory: profileDirectory, rules: rules, reduces: reduces))
      } else {
        let spec = try dataSheet(instance, index, hardware, cluster.source)
        cost = .analytic(
          AnalyticCost(
            hardware: spec, instance: instance, link: cluster.link, reduces: reduces))
      }
      if let platform = instance.platform, platform.changesIterations {
        cost = .platform(PlatformCost(device: cost, platform: platform, instance: instance))
      }
      shared.append((key, cost))
      costs.append(cost)
    }
    return costs
  }

  /// What a cost model depends on, besides the cluster's link.
  private struct SharingKey: Equatable {
    var model: ModelSpec
    var hardware: String
    var npuMemory: MemorySpec
    var cpuMemory: MemorySpec
    var tpSize: Int
    var weightType: NumberFormat
    var kvType: NumberFormat
    var platform: PlatformSpec?

    init(_ instance: InstanceSpec, _ cpuMemory: MemorySpec) {
      model = instance.model
      hardware = instance.hardware
      npuMemory = instance.npuMemory
      self.cpuMemory = cpuMemory
      tpSize = instance.tpSize
      weightType = instance.weightType
      kvType = instance.kvType
      platform = instance.platform
    }
  }

  private static func dataSheet(
    _ instance: InstanceSpec, _ index: Int, _ catalog: HardwareCatalog, _ source: String
  ) throws(InputError) -> HardwareSpec {
    if let spec = try catalog.hardware(named: instance.hardware) { return spec }
    let names = catalog.names()
    throw InputError(
      file: source, key: "instances[\(index)].hardware",
      problem: "no data sheet for \(instance.hardware.quotedForMessage)",
      expected: names.isEmpty
        ? "a file in \(catalog.folders.joined(separator: ", "))"
        : "one of \(names.joined(separator: ", "))",
      suggestion: Suggestion.didYouMean(instance.hardware, among: names)
        ?? "write one, five numbers are enough: docs/hardware.md")
  }

  /// The profile of an instance's model on its accelerator.
  static func profile(
    _ instance: InstanceSpec, cpuMemory: MemorySpec, link: LinkSpec, profileDirectory: String,
    rules: ProfileRules, reduces: Bool = true
  ) throws(InputError) -> ProfileCost {
    let hardwareFolder = "\(profileDirectory)/\(instance.hardware)"
    let modelFolder = "\(hardwareFolder)/\(instance.model.name)"
    for (folder, name) in [
      (profileDirectory, instance.hardware), (hardwareFolder, instance.model.name),
    ] where !isInside(name) || !ProfileFolder.isFolder("\(folder)/\(name)") {
      let present = profiles(in: profileDirectory)
      throw InputError(
        file: profileDirectory,
        problem: "has no profile of \(instance.model.name) on \(instance.hardware)",
        expected: present.isEmpty
          ? "folders <hardware>/<model>/<variant> with a meta.yaml"
          : "one of \(present.joined(separator: ", "))",
        suggestion:
          "make one (docs/hardware.md), or leave out the profile folder to compute times from the data sheet"
      )
    }
    let (variant, note) = try variant(of: instance, in: modelFolder)
    do throws(InputError) {
      return try ProfileCost(
        folder: "\(modelFolder)/\(variant)", instance: instance, cpuMemory: cpuMemory, link: link,
        rules: rules, reduces: reduces, note: note)
    } catch {
      var error = error
      error.suggestion =
        error.suggestion ?? "profile the model again, or leave out the profile folder"
      throw error
    }
  }

  /// What the name of a variant's folder ends in while `tools/profile_gpu.py` fills it.
  private static let unfinished = ".partial"

  /// Folder of the number formats, and a remark where it is not exactly theirs.
  private static func variant(
    of instance: InstanceSpec, in folder: String
  ) throws(InputError) -> (name: String, note: String) {
    // Variants name the KV cache's format only where it is narrower than the usual one. Formats of one width take
    // equally long.
    let isUsual =
      instance.kvType.bytes == instance.weightType.bytes
      || instance.weightType.bytes == 1 && instance.kvType.bytes == 2
    let kvSuffix = isUsual ? "" : "-kv\(instance.kvType.rawValue)"
    let exact = instance.weightType.shortName + kvSuffix
    if ProfileFolder.isFolder("\(folder)/\(exact)") { return (exact, "") }
    let sameWidth = "bf16" + kvSuffix
    if instance.weightType == .float16, ProfileFolder.isFolder("\(folder)/\(sameWidth)") {
      return (sameWidth, " (float16 as bfloat16, which is as wide)")
    }
    let present = ProfileFolder.folders(in: folder).filter { !$0.hasSuffix(unfinished) }
    if ProfileFolder.isFolder("\(folder)/\(exact)\(unfinished)") {
      throw InputError(
        file: "\(folder)/\(exact)\(unfinished)", problem: "is a profile that was not finished",
        expected: "a finished one, \(exact)",
        suggestion: "run the profiler again with the same arguments: it continues where it stopped")
    }
    throw InputError(
      file: folder, problem: "has no variant \(exact)",
      expected: present.isEmpty ? nil : "one of \(present.joined(separator: ", "))",
      suggestion: "change dtype or kv_cache_dtype, or leave out the profile folder")
  }

  /// Whether a name stays below the folder it is looked up in.
  private static func isInside(_ name: String) -> Bool {
    !name.utf8.contains(0)
      && name.split(separator: "/", omittingEmptySubsequences: false)
        .allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
  }

  /// `hardware/model` of every bundle below a folder, sorted; models may have an owner's folder above them.
  private static func profiles(in directory: String) -> [String] {
    var found: [String] = []
    func visit(_ path: String, depth: Int) {
      let folders = ProfileFolder.folders(in: "\(directory)/\(path)")
      let isModel = folders.contains {
        ProfileFolder.isFolder("\(directory)/\(path)/\($0)/tp1")
          || ProfileFolder.folders(in: "\(directory)/\(path)/\($0)").contains { $0.hasPrefix("tp") }
      }
      if isModel {
        found.append(path)
      } else if depth < 3, found.count < 100 {
        for folder in folders { visit("\(path)/\(folder)", depth: depth + 1) }
      }
    }
    for hardware in ProfileFolder.folders(in: directory) where found.count < 100 {
      visit(hardware, depth: 1)
    }
    return found
  }
}

extension NumberFormat {
  /// As profile folders spell it.
  fileprivate var shortName: String {
    switch self {
    case .float16: "fp16"
    case .bfloat16: "bf16"
    case .float32: "fp32"
    case .fp8: "fp8"
    case .int8: "int8"
    }
  }
}
