import ArgumentParser
import Engine
import Foundation

/// `simhost watch`: a policy is run again whenever it is saved.
struct WatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Run a policy whenever its files are saved, and show what has changed.",
    discussion: """
      Shows each metric beside that of the run before, and of the first run. What is wrong with the policy is shown too; the \
      next save runs it again. Ctrl-C ends it.

      EXAMPLES
        simhost watch my_policy.lua
        simhost watch my_policy.lua,weight=2 --seeds 4 \\
          --cluster-config configs/cluster/single_node_4p4d.json \\
          --dataset workloads/overload.jsonl
      """)

  @OptionGroup var experiment: ExperimentOptions

  @Option(help: ArgumentHelp("Cluster to simulate.", valueName: "file"))
  var clusterConfig = "configs/cluster/single_node_pd_instance.json"

  @Option(help: ArgumentHelp("Trace.", valueName: "file"))
  var dataset = "workloads/example_trace.jsonl"

  @Option(
    name: .customLong("goodput"),
    help: ArgumentHelp(
      "What a good request keeps, in ms, such as \"ttft:500 tpot:50\"; also e2el.",
      valueName: "targets"))
  var goodputText: [String] = []

  @Option(help: ArgumentHelp("End after this many runs.", valueName: "count"))
  var runs: Int?

  /// Between looks at the files. Origin: guess; a tenth of a second is not waited for.
  private static let pause: UInt32 = 100_000

  func validate() throws {
    guard experiment.candidates.count == 1, experiment.candidates[0].file != nil else {
      throw ValidationError("give one policy to watch")
    }
    if let runs, runs < 1 { throw ValidationError("--runs \(runs): expected 1 or more") }
  }

  func run() throws {
    let console = experiment.console
    let targets = goodputText.isEmpty ? nil : try GoodputTargets(parsing: goodputText)
    let workload = try experiment.workload(dataset)
    let (cluster, costs) = try experiment.clusterOptions.load(clusterConfig, ResourceFolders())
    let metrics = SeedMetric.all(targets: targets)
    let report = WatchReport(style: console.outputStyle, metrics: metrics)
    var files = WatchedFiles(
      [ResourceFolders().file(experiment.candidates[0].file ?? "")])
    var first: [Double?]?
    var last: [Double?]?
    var count = 0
    while true {
      count += 1
      do {
        let candidate = try experiment.checkedCandidates()[0]
        // What the policy requires is watched too.
        files = WatchedFiles(try experiment.load(candidate, seed: experiment.seed)?.sources ?? [])
        let server = Server(
          candidate: candidate, clusterFile: clusterConfig, cluster: cluster, costs: costs)
        let now = try means(of: server, workload, metrics, targets)
        console.result(report.text(run: count, now: now, last: last, first: first))
        last = now
        first = first ?? now
      } catch let error as PolicyError {
        console.error("\(error)")
      } catch SimulationError.policy(let error) {
        console.error("\(error)")
      }
      if let failure = console.failure { throw failure }
      if let runs, count >= runs { return }
      while !files.haveChanged { usleep(Self.pause) }
      files.note()
    }
  }

  /// Of each metric over the seeds, which are the same samples in every run.
  private func means(
    of server: Server, _ workload: Workload, _ metrics: [SeedMetric], _ targets: GoodputTargets?
  ) throws -> [Double?] {
    let seeds = experiment.seedNumbers
    let experiment = self.experiment
    let values = try SideBySide.map(seeds.count, workers: experiment.cores) { place in
      let sample = try workload.resampled(seed: seeds[place]).workload
      let options = experiment.runOptions(seed: seeds[place], targets: targets)
      let summary = try server.run(sample, options, experiment).summary
      return metrics.map { $0.value(summary) }
    }
    return metrics.indices.map { metric in
      let present = values.compactMap { $0[metric] }
      return present.isEmpty ? nil : present.reduce(0, +) / Double(present.count)
    }
  }
}

/// Files, and what they looked like when they were last noted.
private struct WatchedFiles {
  private let paths: [String]
  private var looks: [String]

  init(_ paths: [String]) {
    self.paths = paths
    looks = paths.map(Self.look)
  }

  var haveChanged: Bool { paths.map(Self.look) != looks }

  mutating func note() { looks = paths.map(Self.look) }

  /// Time of the last change, size and place on the disk: editors replace files. Empty while there is none.
  private static func look(_ path: String) -> String {
    var found = stat()
    guard stat(path, &found) == 0 else { return "" }
    return "\(found.st_mtim.tv_sec).\(found.st_mtim.tv_nsec) \(found.st_size) \(found.st_ino)"
  }
}

/// The numbers of a run beside those of others.
struct WatchReport {
  var style: ConsoleStyle
  var metrics: [SeedMetric]

  func text(run: Int, now: [Double?], last: [Double?]?, first: [Double?]?) -> String {
    func row(_ cells: [String]) -> String {
      ConsoleText.padded(cells[0], 14)
        + zip(cells.dropFirst(), [12, 26, 26])
        .map { ConsoleText.padded($0, $1, right: true) }.joined()
    }
    let titles = ["run \(run)", "now", "since the last", "since the first"]
    var lines = [style.heading(row(Array(titles.prefix(last == nil ? 2 : 4))))]
    for (place, metric) in metrics.enumerated() {
      var cells = [metric.title, now[place].map(number) ?? "-"]
      if let last, let first {
        cells += [change(now[place], last[place]), change(now[place], first[place])]
      }
      lines.append(row(cells))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// `-1.20 (-3.1 %)`, `same`
  private func change(_ now: Double?, _ before: Double?) -> String {
    guard let now, let before else { return "-" }
    let difference = now - before
    if difference == 0 { return "same" }
    let share = before == 0 ? "" : " (\(signed(difference / abs(before) * 100, 1)) %)"
    return signed(difference, ConsoleText.decimals(for: difference)) + share
  }

  private func number(_ value: Double) -> String {
    ConsoleText.fixed(value, ConsoleText.decimals(for: value))
  }

  private func signed(_ value: Double, _ decimals: Int) -> String {
    let text = ConsoleText.fixed(value, decimals)
    return value > 0 && !text.hasPrefix("-") ? "+" + text : text
  }
}
