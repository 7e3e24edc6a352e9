import Engine

/// The points of a sweep as a table: means over seeds.
struct SweepReport {
  var style: ConsoleStyle

  /// Most rows; of more, the CSV tells. Guess: what one still reads.
  private static let mostRows = 60

  private struct Column {
    var title: String
    var text: (SweepTable.Point) -> String
  }

  func text(_ table: SweepTable, hasTargets: Bool, file: String) -> String {
    func number(_ title: String, _ field: String, scale: Double = 1) -> Column {
      Column(title: title) { point in
        guard let value = point.means[field].map({ $0 * scale }) else { return "-" }
        return Self.fitted(value)
      }
    }
    let names = Set(table.points.map(\.policy))
    var labels =
      names.count > 1 ? [Column(title: "policy") { ConsoleText.printable($0.policy) }] : []
    for (place, axis) in table.axes.enumerated() {
      labels.append(Column(title: Self.short(axis)) { Self.short($0.values[place]) })
    }
    var columns = [
      number("TTFT mean", "mean_ttft_ms"), number("TTFT p99", "p99_ttft_ms"),
      number("TPOT mean", "mean_tpot_ms"), number("TPOT p99", "p99_tpot_ms"),
      number("tok/s", "output_throughput"),
    ]
    if hasTargets {
      columns += [number("kept %", "slo_share", scale: 100), number("goodput", "request_goodput")]
    }
    let best = hasTargets ? table.best(by: "request_goodput") : []
    let shown = table.points.prefix(Self.mostRows)
    let widths = labels.map { column in
      (shown.map { column.text($0).count } + [column.title.count]).max() ?? 0
    }
    func row(_ names: [String], _ cells: [String], _ end: String) -> String {
      zip(names, widths).map { ConsoleText.padded($0, $1 + 2) }.joined()
        + cells.map { ConsoleText.padded($0, 10, right: true) }.joined() + end
    }
    var lines = [
      style.heading(row(labels.map(\.title), columns.map(\.title), "    bottleneck"))
    ]
    for (place, point) in shown.enumerated() {
      let mark = best.contains(place) ? " *  " : "    "
      lines.append(
        row(labels.map { $0.text(point) }, columns.map { $0.text(point) }, mark)
          + ConsoleText.printable(point.bottleneck))
    }
    let more = table.points.count - shown.count
    if more > 0 { lines.append("and \(ConsoleText.grouped(more)) more, in \(file)") }
    if !best.isEmpty {
      let others = table.axes.dropLast().map(Self.short)
      lines.append(
        "* most goodput"
          + (others.isEmpty ? "" : " for this \(others.joined(separator: " and "))"))
    }
    return lines.joined(separator: "\n")
  }

  /// With as many decimals as a column has room for.
  private static func fitted(_ value: Double) -> String {
    for places in stride(from: ConsoleText.decimals(for: value), through: 0, by: -1) {
      let text = ConsoleText.fixed(value, places)
      if text.count < 10 { return text }
    }
    return ConsoleText.compact(value)
  }

  /// Files without their folders, parameters without `param.`.
  private static func short(_ text: String) -> String {
    let name = text.split(separator: "/").last.map(String.init) ?? text
    return ConsoleText.printable(name.hasPrefix("param.") ? String(name.dropFirst(6)) : name)
  }
}
