import ArgumentParser
import Engine
import Foundation

/// `simhost validate`: simulates measured runs, and says how far the simulation is off.
struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Simulate measured runs and compare.",
    discussion: """
      A RUN is a folder of LLMServingSim's vLLM bench (requests.jsonl, meta.json, timeseries.csv), the JSON of vllm bench \
      serve --save-detailed, DistServe's CSV, a CSV of your own with the columns arrival_s, prompt_tokens, output_tokens, \
      ttft_ms, tpot_ms and latency_ms, or a series of output throughput with tabs. The limits of the scheduler come from \
      meta.json where there is one, unless a flag says otherwise.

      Errors are (simulated - measured) / measured.

      EXAMPLES
        simhost validate runs/first \\
          --cluster-config configs/cluster/a6000_single.json
        simhost validate bench.json --dataset workloads/example_trace.jsonl \\
          --cluster-config configs/cluster/single_node_single_instance.json
      """)

  @Argument(help: ArgumentHelp("What was measured: a folder or a file.", valueName: "run"))
  var runs: [String]

  @Option(
    help: ArgumentHelp(
      "Cluster to simulate; without it config.json in the folder of the run, or beside it.",
      valueName: "file"))
  var clusterConfig: String?

  @Option(
    help: ArgumentHelp(
      "Trace that was served: for prompts that share prefixes, and for series without requests; default: what meta.json names.",
      valueName: "file"))
  var dataset: String?

  @Flag(help: "Print one row for each run instead of all statistics and series.")
  var table = false

  @OptionGroup var clusterOptions: ClusterOptions
  @OptionGroup(title: "Policy") var policyOptions: PolicyOptions

  @Option(
    help: ArgumentHelp(
      "Folder for a picture (SVG) and the series (CSV) of each run.", valueName: "folder"))
  var output: String?

  func run() throws {
    let console = Console(level: .info)
    let resources = ResourceFolders()
    var overview: [(name: String, comparison: Comparison)] = []
    for path in runs {
      let recorded = try RecordedRun(path: path, dataset: dataset, resources)
      let run = recorded.run
      let (cluster, costs) = try clusterOptions.load(
        recorded.cluster(given: clusterConfig), resources,
        defaults: Validation.defaults(
          run.settings, otherwise: clusterOptions.instances.defaults(resources)))
      let comparison = try simulate(run, cluster, costs, resources, console)
      let name = uniqueName(path, among: overview.map(\.name))
      let report = ComparisonReport(name: name, run: run, cluster: cluster, costs: costs)
      if !table { console.result(report.text(comparison)) }
      if let output {
        for (document, ending) in [
          (ComparisonPlot(comparison, title: report.title) as any OutputDocument, "svg"),
          (SeriesCSV(comparison), "csv"),
        ] {
          let file = "\(output)/\(name).\(ending)"
          try document.save(to: file, inputs: [path])
          console.info("wrote \(file)")
        }
      }
      overview.append((name, comparison))
    }
    if table {
      console.result(ComparisonReport.table(overview))
    } else if overview.count > 1 {
      console.result(ComparisonReport.overview(overview))
    }
    if let failure = console.failure { throw failure }
  }

  /// With the policy of the flags, or the native one.
  private func simulate(
    _ run: MeasuredRun, _ cluster: ClusterSpec, _ costs: [IterationCost],
    _ resources: ResourceFolders, _ console: Console
  ) throws -> Comparison {
    guard var policy = try policyOptions.load(seed: 0, resources: resources, console: console)
    else {
      var native = NativePolicy()
      return try Validation.simulate(run, on: cluster, costs: costs, policy: &native).comparison
    }
    return try Validation.simulate(run, on: cluster, costs: costs, policy: &policy).comparison
  }

  /// A short name for files and tables: that of the file, or of the folder above `vllm`.
  private func uniqueName(_ path: String, among taken: [String]) -> String {
    var parts = path.split(separator: "/").filter { $0 != "." && $0 != ".." }
    if parts.count > 1, parts.last == "vllm" { parts.removeLast() }
    let stem = parts.last.map(String.init) ?? "run"
    let endings = [".csv.gz", ".csv", ".json", ".tsv"]
    let ending = endings.first { stem.hasSuffix($0) && stem.count > $0.count }
    let name = String(stem.dropLast(ending?.count ?? 0))
    var candidate = name
    var count = 1
    while taken.contains(candidate) {
      count += 1
      candidate = "\(name)-\(count)"
    }
    return candidate
  }
}
