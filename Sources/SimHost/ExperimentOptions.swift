import ArgumentParser
import Engine
import Foundation

/// What experiments share: candidates that serve many samples of a workload, with the same random numbers for all.
struct ExperimentOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Policies: FILE.lua, FILE.lua,name=value,… or native.", valueName: "policy"),
    transform: Candidate.init(parsing:))
  var candidates: [Candidate] = []

  @Option(help: "Read only this many requests or sessions of the trace.")
  var numReqs: Int?

  @Flag(help: "Sort the trace by arrival instead of refusing one that is not in order.")
  var sortArrivals = false

  @Option(
    help:
      "First seed. A seed deals the trace's gaps and requests anew, and throws the policy's dice.")
  var seed: UInt64 = 0

  @Option(help: "Number of seeds: samples of the workload, the same for all that is compared.")
  var seeds = 10

  @Option(help: "Most runs at a time; all cores without it. Results do not depend on it.")
  var workers: Int?

  @Option(
    help: ArgumentHelp(
      "Parameter of every policy that has it, such as headroom=0.1; may be repeated.",
      valueName: "name=value"))
  var param: [String] = []

  @Flag(help: "Say nothing on stderr but warnings and errors: no progress, no notes.")
  var quiet = false

  @Flag(help: "Let policies read the true length of outputs, which no real router knows.")
  var oracle = false

  @Option(
    help: ArgumentHelp(
      "What predicted_output_tokens tells: none, mean (of outputs so far), noisy:σ or oracle.",
      valueName: "kind"))
  var predictor = OutputPredictor.mean

  @OptionGroup(title: "Measurement") var measurement: MeasurementOptions
  @OptionGroup var clusterOptions: ClusterOptions
  @OptionGroup(title: "Faults") var faultOptions: FaultOptions

  func validate() throws {
    guard (1...100_000).contains(seeds) else {
      throw ValidationError("--seeds \(seeds): expected 1 to 100000")
    }
    if let workers, !(1...1024).contains(workers) {
      throw ValidationError("--workers \(workers): expected 1 to 1024")
    }
    _ = try PolicyOptions.pairs(param)
  }

  var console: Console { Console(level: quiet ? .warning : .info) }

  var seedNumbers: [UInt64] { (0..<seeds).map { seed &+ UInt64($0) } }

  var cores: Int { workers ?? ProcessInfo.processInfo.activeProcessorCount }

  /// Candidates with the parameters of `--param`, each policy loaded once to see whether it can be.
  func checkedCandidates() throws -> [Candidate] {
    let given = try PolicyOptions.pairs(param)
    var isUsed = given.map { _ in false }
    let checked = try (candidates.isEmpty ? [.native] : candidates).map { candidate in
      var candidate = candidate
      guard let policy = try load(candidate, seed: seed) else { return candidate }
      let known = policy.descriptions.flatMap(\.parameters).map(\.name)
      for (place, (name, value)) in given.enumerated() where known.contains(name) {
        isUsed[place] = true
        if candidate.parameters[name] == nil { candidate.parameters[name] = value }
      }
      _ = try load(candidate, seed: seed)
      return candidate
    }
    for (place, (name, _)) in given.enumerated() where !isUsed[place] {
      throw ValidationError("--param \(name): no policy given has such a parameter")
    }
    return checked
  }

  /// The policy of a candidate in a machine of its own; nil is the native one.
  func load(_ candidate: Candidate, seed: UInt64) throws -> LuaPolicy? {
    guard let file = candidate.file else { return nil }
    let resources = ResourceFolders()
    var options = LuaPolicyOptions()
    options.seed = seed
    options.libraryFolder = resources.all("policies/lib").first
    options.oracle = oracle
    options.version = SimHostCommand.version
    return try LuaPolicy.load(
      files: [resources.file(file)],
      parameters: candidate.parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
      options: options)
  }

  func workload(_ path: String) throws -> Workload {
    var reading = WorkloadLoadOptions()
    reading.limit = numReqs
    reading.sortArrivals = sortArrivals
    return try Workload.load(path: ResourceFolders().file(path), options: reading)
  }

  func runOptions(seed: UInt64, targets: GoodputTargets?) -> RunOptions {
    var options = RunOptions()
    options.seed = seed
    options.predictor = predictor
    options.targets = targets
    options.measure(measurement.window)
    return options
  }

  /// Files that the experiment reads, which its outputs must not replace.
  func inputs(_ others: [String]) -> [String] {
    (others + candidates.compactMap(\.file) + [faultOptions.faults].compactMap { $0 })
      .map(ResourceFolders().file)
  }
}
