import ArgumentParser
import Engine

/// A policy with the values of its parameters, as experiments name it: `FILE.lua`, `FILE.lua,name=value,…` or `native`.
struct Candidate: Sendable, Equatable {
  /// nil is the native defaults.
  var file: String?
  var parameters: [String: String] = [:]

  static let native = Candidate(file: nil)

  init(file: String?) { self.file = file }

  init(parsing text: String) throws {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard parts[0] != "native" else {
      guard parts.count == 1 else {
        throw ValidationError("\(text): the native policy has no parameters")
      }
      self = .native
      return
    }
    guard !parts[0].isEmpty else {
      throw ValidationError("\(text): expected FILE.lua, or FILE.lua,name=value,…")
    }
    self.init(file: parts[0])
    for (name, value) in try PolicyOptions.pairs(Array(parts.dropFirst())) {
      parameters[name] = value
    }
  }

  /// The file's name without folder and ending.
  var shortName: String {
    guard let file else { return "native" }
    let name = file.split(separator: "/").last.map(String.init) ?? file
    return (name.hasSuffix(".lua") ? String(name.dropLast(4)) : name) + settings
  }

  /// With its folder.
  var longName: String { (file ?? "native") + settings }

  private var settings: String {
    parameters.sorted { $0.key < $1.key }.map { ",\($0.key)=\($0.value)" }.joined()
  }

  /// Names that tell candidates apart, short ones where they do.
  static func names(_ candidates: [Candidate]) -> [String] {
    let short = candidates.map(\.shortName)
    return zip(candidates, short).map { candidate, name in
      short.count { $0 == name } > 1 ? candidate.longName : name
    }
  }
}

/// A candidate on a cluster: what serves a workload.
struct Server: Sendable {
  var candidate: Candidate
  var clusterFile: String
  var cluster: ClusterSpec
  var costs: [IterationCost]

  /// The same run as a file that pages are made of, under a name for it.
  func record(
    _ workload: Workload, _ options: RunOptions, _ experiment: ExperimentOptions, name: String
  ) throws -> RunFile {
    var options = options
    options.seriesMoments = OutputOptions.mostMoments
    let scenario = Scenario(cluster: cluster, costs: costs, workload: workload, options: options)
    var observer = SilentObserver()
    var described = PolicyDescription(name: "native")
    let result: RunResult
    if var policy = try experiment.load(candidate, seed: options.seed) {
      result = try Simulation.run(scenario, policy: &policy, observer: &observer)
      described = PolicyDescription(policy)
    } else {
      result = try Simulation.run(scenario)
    }
    described.name = name
    let document = SummaryJSON(
      try RunSummary(result, of: scenario),
      description: RunDescription(scenario, policy: described, notes: workload.notes),
      result: result, detailed: true, recorded: true)
    return try RunFile(bytes: Array(document.text.utf8), path: name)
  }

  /// Serves a workload from beginning to end. What the policy logs is dropped: many runs would log alike.
  ///
  /// - Parameter keepsRecords: whether the result is read request by request, and not only its summary.
  func run(
    _ workload: Workload, _ options: RunOptions, _ experiment: ExperimentOptions,
    keepsRecords: Bool = false
  ) throws -> (result: RunResult, summary: RunSummary) {
    var options = options
    options.keepRecords = keepsRecords
    options.faults = try experiment.faultOptions.plan(cluster, ResourceFolders())
    let scenario = Scenario(cluster: cluster, costs: costs, workload: workload, options: options)
    let result: RunResult
    if var policy = try experiment.load(candidate, seed: options.seed) {
      var observer = SilentObserver()
      result = try Simulation.run(scenario, policy: &policy, observer: &observer)
    } else {
      result = try Simulation.run(scenario)
    }
    if let law = result.brokenLaw(injected: workload.requests.count) {
      throw SimulationError.brokenLaw(law)
    }
    return (result, try RunSummary(result, of: scenario))
  }
}
