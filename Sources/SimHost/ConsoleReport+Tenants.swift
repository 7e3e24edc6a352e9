import Engine

extension ConsoleReport {
  /// A row for each tenant, and Jain's index; nil for a workload of fewer than two.
  func tenants(_ summary: RunSummary) -> String? {
    guard let table = summary.tenants, let fairness = table.fairness else { return nil }
    var lines = groups(
      ["tenant", "requests", "finished", "output tok", "TTFT ms", "E2E ms", "tok/s"],
      table.tenants.map { tenant in
        [
          tenant.name, ConsoleText.grouped(tenant.requests), ConsoleText.grouped(tenant.finished),
          ConsoleText.grouped(tenant.outputTokens), number(tenant.ttft), number(tenant.endToEnd),
          number(tenant.speed),
        ]
      })
    lines.append(
      "fairness     \(ConsoleText.fixed(fairness, 3)), Jain's index of the tenants' tok/s; 1 is equal"
    )
    return lines.joined(separator: "\n")
  }

  /// A row for each class of requests with its objectives; nil for a workload that names none.
  func classes(_ summary: RunSummary) -> String? {
    guard let table = summary.classes else { return nil }
    return groups(
      ["class", "requests", "TTFT p99", "TPOT p99", "E2E p99", "SLO ms", "kept"],
      table.rows.map { row in
        [
          row.name ?? "(none)", ConsoleText.grouped(row.requests),
          row.ttft.map { number($0.p99) } ?? "-", row.tpot.map { number($0.p99) } ?? "-",
          row.endToEnd.map { number($0.p99) } ?? "-",
          row.targets.map(limits) ?? (row.promised > 0 ? "various" : "-"),
          row.share.map(ConsoleText.percent) ?? "-",
        ]
      }
    ).joined(separator: "\n")
  }

  /// TTFT, TPOT and latency, as far as there are objectives: `500/50`, `-/-/60k`.
  private func limits(_ targets: GoodputTargets) -> String {
    var limits = [targets.ttft, targets.tpot, targets.endToEnd]
    while let last = limits.last, last == nil { limits.removeLast() }
    return limits.map { $0.map(ConsoleText.compact) ?? "-" }.joined(separator: "/")
  }

  /// Names to the left, numbers to the right.
  private func groups(_ columns: [String], _ rows: [[String]]) -> [String] {
    let names = rows.map { ConsoleText.printable($0[0]) }
    let width = max(11, min(40, names.map(\.count).max() ?? 0)) + 2
    func row(_ name: String, _ cells: [String]) -> String {
      ConsoleText.padded(String(name.prefix(40)), width)
        + cells.map { ConsoleText.padded($0, 11, right: true) }.joined()
    }
    var lines = [style.heading(row(columns[0], Array(columns.dropFirst())))]
    for (name, cells) in zip(names, rows).prefix(Self.mostGroups) {
      lines.append(row(name, Array(cells.dropFirst())))
    }
    let more = rows.count - Self.mostGroups
    if more > 0 { lines.append("and \(ConsoleText.grouped(more)) more") }
    return lines
  }

  /// Guess: what fits on a screen.
  private static let mostGroups = 20

  private func number(_ value: Double) -> String {
    ConsoleText.fixed(value, ConsoleText.decimals(for: value))
  }
}
