import Engine

/// A comparison as the console shows it, in the form of LLMServingSim's `summary.txt`.
struct ComparisonReport {
  let name: String
  let run: MeasuredRun
  let cluster: ClusterSpec
  let costs: [IterationCost]

  /// Most rows of the table of series; longer runs are averaged over several seconds a row.
  private static let maxSeriesRows = 25

  /// What was compared, in one line.
  var title: String {
    let server = run.settings.server.map { " of \($0)" } ?? ""
    let requests = run.workload.requests.count
    return "\(name): \(run.format)\(server), \(ConsoleText.grouped(requests)) requests"
  }

  func text(_ comparison: Comparison) -> String {
    var lines = [ConsoleText.printable(title)]
    var models: [String] = []
    for cost in costs where !models.contains(cost.summary) { models.append(cost.summary) }
    lines.append(
      ConsoleText.printable("simulated on \(cluster.source), \(models.joined(separator: ", "))"))
    let notes = run.notes + Validation.differences(run.settings, cluster)
    lines += notes.map { ConsoleText.printable("note: \($0)") }
    if comparison.unfinished > 0 {
      lines.append("note: \(comparison.unfinished) requests were rejected in the simulation")
    }
    lines += ["", heading, String(repeating: "-", count: heading.count)]
    for group in comparison.groups { lines += group.map(row) + [""] }
    lines += comparison.totals.map(row) + [""]
    lines += series(comparison)
    return lines.joined(separator: "\n") + "\n"
  }

  private var heading: String {
    ConsoleText.padded("Metric", 25) + ConsoleText.padded("Measured", 12, right: true)
      + ConsoleText.padded("Sim", 12, right: true) + ConsoleText.padded("Diff%", 10, right: true)
  }

  private func row(_ row: Comparison.Row) -> String {
    let name = row.unit == "ms" ? row.name : "\(row.name) \(row.unit)"
    return ConsoleText.padded(name, 25) + Self.number(row.measured, 12)
      + Self.number(row.simulated, 12) + ConsoleText.padded(Self.signed(row.error), 10, right: true)
  }

  private func series(_ comparison: Comparison) -> [String] {
    let rows = comparison.seriesRows
    var lines = ["Each second                   mean        mean     Diff%   mean |difference|"]
    for row in rows {
      lines.append(
        ConsoleText.padded(row.name, 22) + Self.number(row.measured, 12)
          + Self.number(row.simulated, 12)
          + ConsoleText.padded(Self.signed(row.error), 10, right: true)
          + Self.number(row.difference, 20))
    }
    let length = max(1, (comparison.seconds + Self.maxSeriesRows - 1) / Self.maxSeriesRows)
    lines += [
      "",
      rows.reduce(ConsoleText.padded("t s", 8, right: true)) {
        $0 + ConsoleText.padded("\($1.name)  sim", 22, right: true)
      },
    ]
    for stretch in comparison.stretches(of: length) {
      lines.append(
        stretch.values.reduce(ConsoleText.padded("\(stretch.end)", 8, right: true)) {
          $0 + Self.number($1.0, 12) + Self.number($1.1, 10)
        })
    }
    return lines
  }

  /// Measured, simulated and error of the means, a row for each run.
  static func table(_ runs: [(name: String, comparison: Comparison)]) -> String {
    let columns = [
      ("TTFT Mean", "TTFT ms"), ("TPOT Mean", "TPOT ms"), ("Output throughput", "tok/s"),
    ]
    let width = max(4, runs.map(\.name.count).max() ?? 0)
    var lines = [
      columns.reduce(ConsoleText.padded("mean", width)) {
        $0 + ConsoleText.padded($1.1, 12, right: true) + ConsoleText.padded("sim", 9, right: true)
          + ConsoleText.padded("error", 8, right: true)
      }
    ]
    for (name, comparison) in runs {
      lines.append(
        columns.reduce(ConsoleText.padded(ConsoleText.printable(name), width)) { line, column in
          guard let row = comparison.row(column.0) else {
            return line + ConsoleText.padded("-", 12, right: true)
              + ConsoleText.padded("-", 9, right: true) + ConsoleText.padded("-", 8, right: true)
          }
          return line + number(row.measured, 12) + number(row.simulated, 9)
            + ConsoleText.padded(signed(row.error), 8, right: true)
        })
    }
    return lines.joined(separator: "\n")
  }

  /// Errors of several runs, a row for each.
  static func overview(_ runs: [(name: String, comparison: Comparison)]) -> String {
    let columns = [
      "TTFT Mean", "TTFT P99", "TPOT Mean", "TPOT P99", "Latency Mean", "Makespan",
      "Output throughput",
    ]
    let titles = ["TTFT", "P99", "TPOT", "P99", "latency", "makespan", "tok/s"]
    let width = max(4, runs.map(\.name.count).max() ?? 0) + 2
    func line(_ name: String, _ cells: [String]) -> String {
      cells.reduce(ConsoleText.padded(name, width)) {
        $0 + ConsoleText.padded($1, 10, right: true)
      }
    }
    return
      ([line("run", titles)]
      + runs.map { run in
        line(
          ConsoleText.printable(run.name),
          columns.map { run.comparison.row($0).map { signed($0.error) } ?? "-" })
      })
      .joined(separator: "\n")
  }

  private static func number(_ value: Double, _ width: Int) -> String {
    // Without separators, as in the form that this follows.
    let text = ConsoleText.fixed(value, 1).filter { $0 != "," }
    return ConsoleText.padded(text, width, right: true)
  }

  /// `+1.2%`
  static func signed(_ error: Double) -> String {
    guard error.isFinite else { return "-" }
    let text = ConsoleText.fixed(error * 100, 1).filter { $0 != "," }
    return (error >= 0 || !text.hasPrefix("-") ? "+" : "") + text.filter { $0 != "+" } + "%"
  }
}
