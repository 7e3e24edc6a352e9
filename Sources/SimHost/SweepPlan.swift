import ArgumentParser
import Engine
import Foundation

/// All inputs of a sweep, read and checked before the first run.
struct SweepPlan: Sendable {
  let experiment: ExperimentOptions
  let axes: [SweepAxis]
  let points: [SweepPoint]
  let seeds: [UInt64]
  let targets: GoodputTargets?
  /// Files that the sweep reads.
  let inputs: [String]
  /// Of all that results depend on.
  let digest: String
  private let candidates: [Candidate]
  private let names: [String]
  /// Of each point.
  private let servers: [Server]
  private let workloads: [Workload]
  /// Index into `workloads`, of each point.
  private let workloadPlaces: [Int]

  var runs: Int { points.count * seeds.count }

  init(_ command: SweepCommand) throws {
    experiment = command.experiment
    axes = command.axes
    seeds = command.experiment.seedNumbers
    targets = command.goodputText.isEmpty ? nil : try GoodputTargets(parsing: command.goodputText)
    candidates = try experiment.checkedCandidates()
    names = Candidate.names(candidates)
    points =
      if let count = command.randomPoints {
        SweepPoint.random(count, candidates: candidates.count, axes: axes, seed: experiment.seed)
      } else {
        try SweepPoint.grid(candidates: candidates.count, axes: axes)
      }

    let resources = ResourceFolders()
    var clusters: [String: (ClusterSpec, [IterationCost])] = [:]
    var files: [String] = []
    var workloads: [Workload] = []
    var servers: [Server] = []
    var places: [Int] = []
    var clusterFiles: [String] = []
    for point in points {
      var candidate = candidates[point.candidate]
      var clusterFile = command.clusterConfig
      var dataset = command.dataset
      var defaults = try experiment.clusterOptions.instances.defaults(resources)
      var variant = ClusterVariant()
      var key = ""
      for (axis, value) in zip(axes, point.values) {
        switch axis.kind {
        case .rate, .promptScale, .outputScale: break
        case .sloScale:
          guard targets != nil else {
            throw ValidationError("--set slo-scale: scales what --goodput says, which is missing")
          }
        case .split: variant.split = ClusterSplit(value)
        case .hardware(let role): variant.hardware.append(.init(role: role, name: value))
        case .cluster: clusterFile = value
        case .dataset: dataset = value
        case .parameter(let name): candidate.parameters[name] = value
        case .limit(let name):
          key += " \(name)=\(value)"
          defaults.limits.set(name, to: Int(value) ?? 0)
        }
      }
      if !axes.allSatisfy({ if case .parameter = $0.kind { false } else { true } }) {
        // A value that the policy refuses should say so before the first run.
        _ = try experiment.load(candidate, seed: experiment.seed)
      }
      key = "\(clusterFile) \(key) \(variant)"
      if clusters[key] == nil {
        clusters[key] = try experiment.clusterOptions.load(
          clusterFile, resources, defaults: defaults, variant: variant)
        if !clusterFiles.contains(clusterFile) { clusterFiles.append(clusterFile) }
      }
      guard let (cluster, costs) = clusters[key] else { continue }
      servers.append(
        Server(candidate: candidate, clusterFile: clusterFile, cluster: cluster, costs: costs))
      if let place = files.firstIndex(of: dataset) {
        places.append(place)
      } else {
        places.append(files.count)
        files.append(dataset)
        workloads.append(try experiment.workload(dataset))
      }
    }
    self.servers = servers
    self.workloads = workloads
    workloadPlaces = places
    inputs = experiment.inputs(clusterFiles + files)
    digest = try Self.digest(command, candidates: candidates, servers: servers, inputs: inputs)
  }

  /// The names of the columns.
  var header: String {
    let fixed =
      ["point", "policy"] + axes.map(\.name) + ["seed"] + Self.empty.fields.map(\.name)
      + Self.further.map(\.name)
    return fixed.map(Self.field).joined(separator: ",")
  }

  /// What a database says of the sweep that its rows do not.
  func description(of command: SweepCommand) -> [(name: String, value: String)] {
    [
      ("simhost", SimHostCommand.version),
      ("policies", candidates.map(\.longName).joined(separator: " ")),
      ("cluster_config", command.clusterConfig), ("dataset", command.dataset),
      ("goodput", command.goodputText.joined(separator: " ")), ("digest", digest),
    ]
  }

  /// Does a run, and returns its row.
  func row(_ run: Int) throws -> String {
    let place = run / seeds.count
    let seed = seeds[run % seeds.count]
    let point = points[place]
    var arrivals: ArrivalProcess?
    var (prompts, outputs) = (1.0, 1.0)
    var targets = targets
    for (axis, value) in zip(axes, point.values) {
      switch axis.kind {
      case .rate: arrivals = try experiment.arrivals(rate: Double(value) ?? 0)
      case .promptScale: prompts = Double(value) ?? 1
      case .outputScale: outputs = Double(value) ?? 1
      case .sloScale: targets = targets?.scaled(by: Double(value) ?? 1)
      default: break
      }
    }
    var sample = try workloads[workloadPlaces[place]].resampled(seed: seed, arrivals: arrivals)
      .workload
    if prompts != 1 || outputs != 1 { sample = sample.scaled(prompts: prompts, outputs: outputs) }
    let summary = try servers[place].run(
      sample, experiment.runOptions(seed: seed, targets: targets), experiment
    ).summary
    var cells = ["\(place)", names[point.candidate]] + point.values + ["\(seed)"]
    for field in summary.fields {
      switch field.value {
      case .count(let count): cells.append("\(count)")
      case .real(let real): cells.append(real.isFinite ? "\(real)" : "")
      case .absent: cells.append("")
      }
    }
    cells += Self.further.map { $0.value(summary) }
    return cells.map(Self.field).joined(separator: ",")
  }

  /// Columns behind those of the summary.
  private static let further: [(name: String, value: @Sendable (RunSummary) -> String)] = [
    ("rejected", { "\($0.conservation.rejected)" }),
    ("preemptions", { "\($0.preemptions)" }),
    ("prefix_hit_share", { "\($0.prefixHitShare)" }),
    ("slo_share", { $0.goodput.map { "\($0.share)" } ?? "" }),
    ("bottleneck", { $0.bottleneck.name }),
    ("backlog_drift", { $0.backlog.map { "\($0.share)" } ?? "" }),
  ]

  /// For the names of the summary's fields, which are those of every run.
  private static let empty = RunSummary(
    RunResult(),
    cluster: ClusterSpec(
      source: "", link: LinkSpec(bandwidth: 1, latency: .zero), nodes: [], instances: []),
    injected: 0)

  /// One line, in quotes where its content needs them (RFC 4180).
  private static func field(_ text: String) -> String {
    let text = ConsoleText.printable(text)
    guard text.contains(",") || text.contains("\"") else { return text }
    return "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
  }

  private static func digest(
    _ command: SweepCommand, candidates: [Candidate], servers: [Server], inputs: [String]
  ) throws -> String {
    let experiment = command.experiment
    var parts = [
      SimHostCommand.version, "\(command.axes)", "\(command.randomPoints ?? 0)",
      "\(command.goodputText)", "\(experiment.seed) \(experiment.seeds)",
      "\(experiment.oracle) \(experiment.predictor)", "\(experiment.sortArrivals)",
      "\(experiment.measurement.window)",
      "\(experiment.numReqs ?? 0)", "\(inputs)",
      "\(experiment.faultOptions.fault) \(experiment.faultOptions.randomFaults)",
    ]
    for candidate in candidates {
      parts.append(candidate.longName)
      for source in try experiment.load(candidate, seed: 0)?.sources ?? [] {
        parts.append(SourceFile(reading: source).sha256)
      }
    }
    for input in inputs { parts.append(SourceFile(reading: input).sha256) }
    // What else makes a cluster: models, accelerators, platforms, profiles.
    var seen: Set<String> = []
    for server in servers {
      let text = "\(server.cluster) \(server.costs.map(\.summary))"
      if seen.insert(text).inserted { parts.append(text) }
    }
    return SHA256.hexadecimal(Array(parts.joined(separator: "\u{0}").utf8))
  }
}

extension SchedulerLimits {
  /// Sets a limit by the name of its flag.
  fileprivate mutating func set(_ name: String, to value: Int) {
    switch name {
    case "max-num-seqs": maxNumSeqs = value
    case "max-num-batched-tokens": maxNumBatchedTokens = value
    case "long-prefill-token-threshold": longPrefillTokenThreshold = value
    default: blockSize = value
    }
  }
}
