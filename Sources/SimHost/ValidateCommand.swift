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

  @OptionGroup var clusterOptions: ClusterOptions

  @Option(
    help: ArgumentHelp(
      "Folder for a picture (SVG) and the series (CSV) of each run.", valueName: "folder"))
  var output: String?

  func run() throws {
    let console = Console(level: .info)
    let resources = ResourceFolders()
    var overview: [(name: String, comparison: Comparison)] = []
    for path in runs {
      var run = try MeasuredRun.load(path: path)
      if let trace = dataset.map(resources.file) ?? recordedTrace(run, path) {
        try run.replay(Workload.load(path: trace))
        run.notes.append("prompts of \(trace)")
      }
      guard !run.workload.requests.isEmpty else {
        throw InputError(
          file: path, problem: "is a series without requests",
          expected: "--dataset with the trace that was served")
      }
      let (cluster, costs) = try clusterOptions.load(
        cluster(of: path), resources,
        defaults: Validation.defaults(
          run.settings, otherwise: clusterOptions.instances.defaults(resources)))
      let comparison = try Validation.simulate(run, on: cluster, costs: costs).comparison
      let name = uniqueName(path, among: overview.map(\.name))
      let report = ComparisonReport(name: name, run: run, cluster: cluster, costs: costs)
      console.result(report.text(comparison))
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
    if overview.count > 1 { console.result(ComparisonReport.overview(overview)) }
    if let failure = console.failure { throw failure }
  }

  private func cluster(of run: String) throws -> String {
    if let clusterConfig { return clusterConfig }
    let candidates = ["\(run)/config.json", "\(run)/../config.json"]
    if let found = candidates.first(where: FileManager.default.fileExists(atPath:)) { return found }
    throw InputError(
      file: run, problem: "says nothing of the cluster", expected: "--cluster-config with its file")
  }

  /// The trace that the run's own record names, where it lies in a folder above the run.
  private func recordedTrace(_ run: MeasuredRun, _ path: String) -> String? {
    guard let name = run.settings.dataset, !name.hasPrefix("/"), !name.contains("..") else {
      return nil
    }
    // LLMServingSim's bench/examples/HARDWARE/MODEL/vllm lies five folders below its workloads.
    var folder = path
    for _ in 0...5 {
      let candidate = "\(folder)/\(name)"
      if FileManager.default.fileExists(atPath: candidate) { return candidate }
      folder += "/.."
    }
    return nil
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
