import ArgumentParser
import Engine
import Foundation

/// `simhost compare`: is the difference real?
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare policies or clusters over many samples of a workload.",
    discussion: """
      The first is the baseline. Each seed is another sample of the workload, the same for all that is compared, so that \
      differences are paired. docs/experiments.md says what the numbers are.

      EXAMPLES
        simhost compare policies/least_kv.lua policies/random.lua \\
          --cluster-config configs/cluster/single_node_4p4d.json \\
          --dataset workloads/overload.jsonl
        simhost compare policies/least_kv.lua policies/least_kv.lua,headroom=0.3 \\
          --seeds 20 --report outputs/headroom.html
        simhost compare policies/least_kv.lua --json \\
          --cluster-config configs/cluster/single_node_2p1d.json \\
          --cluster-config configs/cluster/single_node_colocated_pair.json
      """)

  @OptionGroup var experiment: ExperimentOptions

  @Option(
    help: ArgumentHelp(
      "Cluster; several are compared where one policy is given.", valueName: "file"))
  var clusterConfig: [String] = []

  @Option(help: ArgumentHelp("Trace; a comparison of its own for each.", valueName: "file"))
  var dataset: [String] = []

  @Option(
    help: ArgumentHelp(
      "Draw Poisson arrivals at this many requests (or sessions) a second instead of the trace's own.",
      valueName: "rate"))
  var rate: Double?

  @Option(
    name: .customLong("goodput"),
    help: ArgumentHelp(
      "What a good request keeps, in ms, such as \"ttft:500 tpot:50\"; also e2el.",
      valueName: "targets"))
  var goodputText: [String] = []

  @Option(help: "How many of the requests that changed most to show.")
  var changed = 5

  @Flag(help: "Print JSON in place of tables.")
  var json = false

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Write the JSON to this file too.", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Page with the comparison and the runs of the first seed, for any browser, without network.",
      valueName: "file"))
  var report: String?

  func validate() throws {
    guard (0...1000).contains(changed) else {
      throw ValidationError("--changed \(changed): expected 0 to 1000")
    }
    guard experiment.seeds >= 2 else {
      throw ValidationError("--seeds \(experiment.seeds): a comparison needs 2 or more")
    }
    guard experiment.candidates.count > 1 || clusterConfig.count > 1 else {
      throw ValidationError("nothing to compare: give two policies, or two --cluster-config")
    }
  }

  func run() throws {
    let console = experiment.console
    let clusters =
      clusterConfig.isEmpty ? ["configs/cluster/single_node_pd_instance.json"] : clusterConfig
    let datasets = dataset.isEmpty ? ["workloads/example_trace.jsonl"] : dataset
    let inputs = experiment.inputs(clusters + datasets)
    try OutputFile.check([output, report].compactMap { $0 }, inputs: inputs)
    let targets = goodputText.isEmpty ? nil : try GoodputTargets(parsing: goodputText)
    let arrivals = try rate.map(experiment.arrivals)
    let candidates = try experiment.checkedCandidates()
    let resources = ResourceFolders()
    let servers = try clusters.map { file in
      let (cluster, costs) = try experiment.clusterOptions.load(file, resources)
      return candidates.map {
        Server(candidate: $0, clusterFile: file, cluster: cluster, costs: costs)
      }
    }
    // One policy on several clusters compares the clusters.
    let groups = candidates.count > 1 ? servers : [servers.map { $0[0] }]
    var blocks: [CandidateComparisonJSON.Block] = []
    var records: [RunFile] = []
    let progress = JobProgress(
      total: datasets.count * groups.count * experiment.seeds, console: console)
    defer { progress.end() }
    for file in datasets {
      let workload = try experiment.workload(file)
      for group in groups {
        var shared = [(name: "workload", value: file)]
        let names: [String]
        if candidates.count > 1 {
          names = Candidate.names(candidates)
          shared.insert((name: "cluster", value: group[0].clusterFile), at: 0)
        } else {
          names = Self.shortNames(clusters)
          shared.insert((name: "policy", value: candidates[0].longName), at: 0)
        }
        let comparison = try experiment.comparison(
          of: group, names: names, on: workload, seeds: experiment.seedNumbers, arrivals: arrivals,
          targets: targets, changed: changed, progress: progress)
        blocks.append(CandidateComparisonJSON.Block(shared: shared, comparison: comparison))
        // Runs of several comparisons would not be told apart on one page.
        if report != nil, datasets.count * groups.count == 1 {
          records = try Self.records(
            group, names: names,
            workload.resampled(seed: experiment.seed, arrivals: arrivals).workload,
            experiment.runOptions(seed: experiment.seed, targets: targets), experiment)
        }
      }
    }
    progress.end()
    let document = CandidateComparisonJSON(blocks, firstSeed: experiment.seed)
    if let output { try document.save(to: output, inputs: inputs) }
    if let report {
      try ReportCommand.page(ReportData(records, comparison: document))
        .save(to: report, inputs: inputs)
    }
    if json {
      console.result(String(document.text.dropLast()))
    } else {
      let report = CompareReport(style: console.outputStyle)
      console.result(
        blocks.map { report.text($0, seeds: experiment.seedNumbers) }
          .joined(separator: "\n\n"))
    }
    if let failure = console.failure { throw failure }
  }

  /// The runs of one seed, as many of them as a page shows.
  private static func records(
    _ servers: [Server], names: [String], _ sample: Workload, _ options: RunOptions,
    _ experiment: ExperimentOptions
  ) throws -> [RunFile] {
    try zip(servers, names).prefix(ReportCommand.mostRuns).map { server, name in
      try server.record(sample, options, experiment, name: name)
    }
  }

  /// Names of files without folder and ending, where that tells them apart.
  private static func shortNames(_ files: [String]) -> [String] {
    let short = files.map { file in
      let name = file.split(separator: "/").last.map(String.init) ?? file
      return name.hasSuffix(".json") ? String(name.dropLast(5)) : name
    }
    return Set(short).count == files.count ? short : files
  }
}

extension ExperimentOptions {
  /// Poisson arrivals.
  func arrivals(rate: Double) throws -> ArrivalProcess {
    do {
      return try ArrivalProcess(pieces: [ArrivalProcess.Piece(start: 0, rate: rate)])
    } catch {
      throw ValidationError("rate: \(error)")
    }
  }
}
