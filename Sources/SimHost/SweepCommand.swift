import ArgumentParser
import Engine
import Foundation

/// `simhost sweep`: many combinations, a row for each run.
struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Run every combination of parameters, rates, clusters and limits.",
    discussion: """
      Axes are rate, split, hardware, prefill-hardware, decode-hardware, prompt-scale, output-scale, slo-scale, cluster, dataset, \
      param.NAME, max-num-seqs, max-num-batched-tokens, long-prefill-token-threshold and block-size; values are a list or \
      low:high:step, and with --random also low:high. A split is prefill:decode instances, 1:7..7:1 all of eight, 8M eight that do both.

      Prints the means of each point. Interrupted, the same command goes on where it was: finished runs are in FILE.journal until \
      the CSV is written. docs/experiments.md says more.

      EXAMPLES
        simhost sweep policies/least_kv.lua --set param.headroom=0:0.3:0.1 \\
          --set rate=2,4,8 --seeds 3 -o outputs/headroom.csv
        simhost sweep policies/least_kv.lua policies/random.lua --set rate=20:60:10 \\
          --set cluster=configs/cluster/single_node_4p4d.json -o outputs/rates.csv
        simhost sweep --set split=1:7..7:1 --goodput "ttft:500 tpot:50" \\
          --cluster-config configs/cluster/single_node_4p4d.json -o outputs/split.csv
        simhost sweep --random 50 --set max-num-batched-tokens=256:8192 \\
          --set rate=2.0:12.0 --goodput "ttft:400 tpot:50" -o outputs/limits.csv \\
          --sqlite outputs/limits.db
      """)

  @OptionGroup var experiment: ExperimentOptions

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("An axis and its values; may be repeated.", valueName: "name=values"),
    transform: SweepAxis.init(parsing:))
  var axes: [SweepAxis] = []

  @Option(
    name: .customLong("random"),
    help: ArgumentHelp("Draw this many points instead of a grid of all.", valueName: "count"))
  var randomPoints: Int?

  @Option(help: ArgumentHelp("Cluster, unless it is an axis.", valueName: "file"))
  var clusterConfig = "configs/cluster/single_node_pd_instance.json"

  @Option(help: ArgumentHelp("Trace, unless it is an axis.", valueName: "file"))
  var dataset = "workloads/example_trace.jsonl"

  @Option(
    name: .customLong("goodput"),
    help: ArgumentHelp(
      "What a good request keeps, in ms, such as \"ttft:500 tpot:50\"; also e2el.",
      valueName: "targets"))
  var goodputText: [String] = []

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("CSV with a row for each run; its folder is created.", valueName: "file"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "SQLite database of the same: table runs, view points with the means over seeds.",
      valueName: "file"))
  var sqlite: String?

  @Option(
    help: ArgumentHelp(
      "Page with heat maps and trade-offs; simhost report makes it of the CSV too.",
      valueName: "file"))
  var report: String?

  @Flag(help: "Print the means as JSON in place of the table.")
  var json = false

  func validate() throws {
    if let randomPoints, !(1...SweepPoint.most).contains(randomPoints) {
      throw ValidationError("--random \(randomPoints): expected 1 to \(SweepPoint.most)")
    }
    let names = axes.map(\.name)
    for name in names where names.count(where: { $0 == name }) > 1 {
      throw ValidationError("--set \(name): is given twice")
    }
    guard !output.hasPrefix("/dev/") else {
      throw ValidationError("--output \(output): expected a file, beside which the journal lies")
    }
  }

  func run() throws {
    let console = experiment.console
    let plan = try SweepPlan(self)
    if sqlite != nil { try SweepDatabase.check(plan.header) }
    let journalPath = output + ".journal"
    try OutputFile.check(
      [output, journalPath] + [sqlite, report].compactMap { $0 }, inputs: plan.inputs)
    let journal = try SweepJournal(path: journalPath, digest: plan.digest, runs: plan.runs)
    let done = journal.rows
    let missing = (0..<plan.runs).filter { done[$0] == nil }
    if !done.isEmpty {
      console.info("resuming: \(done.count) of \(plan.runs) runs are in \(journalPath)")
    }
    let progress = JobProgress(total: missing.count, console: console)
    defer { progress.end() }
    _ = try SideBySide.map(missing.count, workers: experiment.cores) { place in
      try journal.add(plan.row(missing[place]), of: missing[place])
      progress.advance()
    }
    let finished = journal.rows
    let lines = [plan.header] + (0..<plan.runs).compactMap { finished[$0] }
    progress.end()
    try SweepCSV(lines: lines).save(to: output, inputs: plan.inputs)
    if let sqlite {
      try SweepDatabase(lines: lines, madeFrom: plan.description(of: self), path: sqlite)
        .save(to: sqlite, inputs: plan.inputs)
    }
    let table = try SweepTable(lines: lines, path: output)
    if let report {
      try ReportCommand.page(ReportData([], sweep: table)).save(to: report, inputs: plan.inputs)
    }
    // All that was asked for is there: the finished runs need not be kept besides.
    journal.remove()
    if json {
      console.result(String(table.text.dropLast()))
    } else {
      console.result(
        SweepReport(style: console.outputStyle)
          .text(table, hasTargets: plan.targets != nil, file: output))
    }
    console.info("wrote \(output): \(plan.points.count) points, \(plan.runs) runs")
    if let failure = console.failure { throw failure }
  }
}

/// The header and the rows of a sweep, as they are in the journal.
private struct SweepCSV: OutputDocument {
  var lines: [String]

  func write(to sink: inout ByteSink) {
    for line in lines {
      sink.write(line)
      sink.write("\r\n")
    }
  }
}
