import ArgumentParser
import Engine

/// What a cluster is made of, besides its file: the instances' defaults, and where iteration times come from.
struct ClusterOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Folder of measured profiles; without it the analytic model.", valueName: "folder"))
  var profileDir: String?

  @Flag(help: "Take profiles from the user's cache, where make profiles puts them.")
  var cachedProfiles = false

  @OptionGroup(title: "Instances") var instances: InstanceOptions

  /// nil is "from data sheets".
  var profileFolder: String? { cachedProfiles ? ProfileCache().folder : profileDir }

  func validate() throws {
    guard !cachedProfiles || profileDir == nil else {
      throw ValidationError("give --profile-dir or --cached-profiles, not both")
    }
  }

  /// A cluster and the cost model of each of its instances.
  ///
  /// - Parameter defaults: in place of those of the flags.
  /// - Parameter variant: what to change of the file.
  func load(
    _ path: String, _ resources: ResourceFolders, defaults: InstanceDefaults? = nil,
    variant: ClusterVariant = .none
  ) throws -> (cluster: ClusterSpec, costs: [IterationCost]) {
    let cluster = try cluster(path, resources, defaults: defaults, variant: variant)
    let costs = try CostSelection.models(
      for: cluster, hardware: HardwareCatalog(folders: resources.all("configs/hardware")),
      profileDirectory: profileFolder)
    return (cluster, costs)
  }

  /// A cluster whose instances have room for their weights.
  func cluster(
    _ path: String, _ resources: ResourceFolders, defaults: InstanceDefaults? = nil,
    variant: ClusterVariant = .none
  ) throws -> ClusterSpec {
    let file = try ClusterSpec.load(
      path: resources.file(path), defaults: defaults ?? instances.defaults(resources),
      models: ModelCatalog(folders: resources.all("configs/model")),
      platforms: PlatformCatalog(folders: resources.all("configs/platform")))
    let cluster = try variant.applied(to: file, resources)
    for spec in cluster.instances { try KVCapacity(spec).check(spec, file: cluster.source) }
    return cluster
  }
}
