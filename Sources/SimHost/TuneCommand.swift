import ArgumentParser
import Engine

/// `simhost tune`: searches the parameters that a policy declares.
struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Search the parameters of a policy for the best of a metric.",
    discussion: """
      Draws points from the ranges that the policy declares (without bounds, up to ten times to either side of the default) and \
      halves successively: all points serve one sample, the best third of them three, the best of these nine, up to --seeds. Then \
      the best is compared with the defaults on as many other samples. Equals are told apart by mean latency.

      Metrics: goodput, slo_percent, output_throughput, finished_percent; mean_ttft_ms, p99_ttft_ms and so on for tpot, e2el.

      EXAMPLES
        simhost tune policies/least_kv.lua --maximize goodput \\
          --goodput "ttft:200 tpot:14" \\
          --cluster-config configs/cluster/single_node_4p4d.json \\
          --dataset workloads/overload.jsonl
        simhost tune policies/prefix_affinity.lua --minimize p99_ttft_ms \\
          --points 81 --seeds 20 --set param.overload=1.0:8.0
      """)

  @OptionGroup var experiment: ExperimentOptions

  @Option(help: ArgumentHelp("Metric to make large.", valueName: "metric"))
  var maximize: String?

  @Option(help: ArgumentHelp("Metric to make small.", valueName: "metric"))
  var minimize: String?

  @Option(help: "How many points to try, the defaults among them.")
  var points = 27

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Values of a parameter in place of what the policy declares: param.NAME=low:high or a list.",
      valueName: "name=values"),
    transform: SweepAxis.init(parsing:))
  var axes: [SweepAxis] = []

  @Option(help: ArgumentHelp("Cluster.", valueName: "file"))
  var clusterConfig = "configs/cluster/single_node_pd_instance.json"

  @Option(help: ArgumentHelp("Trace.", valueName: "file"))
  var dataset = "workloads/example_trace.jsonl"

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

  @Flag(help: "Print JSON in place of the tables.")
  var json = false

  func validate() throws {
    guard experiment.candidates.count == 1, experiment.candidates[0].file != nil else {
      throw ValidationError("give one policy to tune")
    }
    guard (maximize == nil) != (minimize == nil) else {
      throw ValidationError("give --maximize or --minimize, with a metric such as goodput")
    }
    guard (2...10_000).contains(points) else {
      throw ValidationError("--points \(points): expected 2 to 10000")
    }
    guard experiment.seeds >= 2 else {
      throw ValidationError("--seeds \(experiment.seeds): tuning needs 2 or more")
    }
  }

  func run() throws {
    let console = experiment.console
    let targets = goodputText.isEmpty ? nil : try GoodputTargets(parsing: goodputText)
    let metric = try metric(targets)
    let arrivals = try rate.map(experiment.arrivals)
    let candidate = try experiment.checkedCandidates()[0]
    let declared =
      try experiment.load(candidate, seed: experiment.seed)?.descriptions.flatMap(\.parameters)
      ?? []
    let plan = try TunePlan(declared, given: axes, count: points, seed: experiment.seed)
    let workload = try experiment.workload(dataset)
    let (cluster, costs) = try experiment.clusterOptions.load(clusterConfig, ResourceFolders())
    let servers = plan.points.map { values in
      var candidate = candidate
      for (range, value) in zip(plan.ranges, values) { candidate.parameters[range.name] = value }
      return Server(
        candidate: candidate, clusterFile: clusterConfig, cluster: cluster, costs: costs)
    }
    let search = TuneSearch(
      servers: servers, experiment: experiment, workload: workload, arrivals: arrivals,
      targets: targets, metric: metric)
    let rounds = try search.run(console)

    let report = TuneReport(style: console.outputStyle, plan: plan, metric: metric)
    let best = rounds[rounds.count - 1].ranking[0].point
    // Samples that the search has not seen: what won by luck loses here.
    let evidenceSeeds = experiment.seedNumbers.map { $0 &+ UInt64(experiment.seeds) }
    var evidence: CandidateComparisonJSON.Block?
    if best != 0 {
      let comparison = try experiment.comparison(
        of: [servers[0], servers[best]], names: ["defaults", "best"], on: workload,
        seeds: evidenceSeeds,
        arrivals: arrivals, targets: targets, changed: 0)
      evidence = CandidateComparisonJSON.Block(
        shared: [(name: "cluster", value: clusterConfig), (name: "workload", value: dataset)],
        comparison: comparison)
    }
    if json {
      let document = report.json(rounds, evidence, firstSeed: evidenceSeeds[0])
      console.result(String(document.text.dropLast()))
    } else {
      console.result(report.text(rounds, of: candidate))
      if let evidence {
        let compared = CompareReport(style: console.outputStyle)
        console.result(compared.text(evidence, seeds: evidenceSeeds))
        console.result("\n" + report.advice(best, evidence.comparison))
      } else {
        console.result("The defaults are the best of \(servers.count) points.")
      }
    }
    if let failure = console.failure { throw failure }
  }

  private func metric(_ targets: GoodputTargets?) throws -> SeedMetric {
    let name = maximize ?? minimize ?? ""
    let known = SeedMetric.all(targets: targets)
    guard
      var metric = known.first(where: { $0.key == (name == "goodput" ? "request_goodput" : name) })
    else {
      if ["goodput", "request_goodput", "slo_percent"].contains(name) {
        throw ValidationError(
          "\(name): say what a good request keeps, --goodput \"ttft:500 tpot:50\"")
      }
      throw ValidationError(
        "\(name): expected \((["goodput"] + known.map(\.key)).joined(separator: ", "))")
    }
    metric.largerIsBetter = maximize != nil
    return metric
  }
}
