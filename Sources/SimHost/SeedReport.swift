import Engine

/// The runs of several seeds, one under the other, with their mean and spread.
struct SeedReport {
  var style: ConsoleStyle

  private struct Column: Sendable {
    var name: String
    var value: @Sendable (RunSummary) -> Double?
  }

  private static let columns: [Column] = [
    Column(name: "finished") { Double($0.measured.finished) },
    Column(name: "TTFT mean") { $0.ttft?.mean },
    Column(name: "TTFT p99") { $0.ttft?.p99 },
    Column(name: "TPOT mean") { $0.tpot?.mean },
    Column(name: "TPOT p99") { $0.tpot?.p99 },
    Column(name: "E2E mean") { $0.endToEnd?.mean },
    Column(name: "E2E p99") { $0.endToEnd?.p99 },
    Column(name: "tok/s") { $0.rate($0.outputTokens) },
  ]

  /// Latencies in ms. The last two rows are mean and standard deviation over seeds (dividing by their number less one).
  func table(_ runs: [SeedRun]) -> String {
    var lines = [style.heading(row("seed", Self.columns.map(\.name)))]
    for run in runs {
      lines.append(row("\(run.seed)", Self.columns.map { number($0.value(run.summary)) }))
    }
    guard runs.count > 1 else { return lines.joined(separator: "\n") }
    let samples = Self.columns.map { column in runs.compactMap { column.value($0.summary) } }
    let means = samples.map { $0.isEmpty ? nil : $0.reduce(0, +) / Double($0.count) }
    let spreads = zip(samples, means).map { values, mean -> Double? in
      guard let mean, values.count > 1 else { return nil }
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return (squares / Double(values.count - 1)).squareRoot()
    }
    lines.append(row("mean", means.map(number)))
    lines.append(row("std", spreads.map(number)))
    return lines.joined(separator: "\n")
  }

  private func row(_ label: String, _ cells: [String]) -> String {
    ConsoleText.padded(label, 8)
      + cells.map { ConsoleText.padded($0, 11, right: true) }.joined()
  }

  private func number(_ value: Double?) -> String {
    guard let value else { return "-" }
    if value == value.rounded(), abs(value) < 1e9 { return ConsoleText.grouped(Int(value)) }
    return ConsoleText.fixed(value, ConsoleText.decimals(for: value))
  }
}
