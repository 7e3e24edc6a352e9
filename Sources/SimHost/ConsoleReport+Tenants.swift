import Engine

extension ConsoleReport {
  /// A row for each tenant, and Jain's index; nil for a workload of fewer than two.
  func tenants(_ result: RunResult, of workload: Workload) -> String? {
    let table = TenantTable(result.records) { id in
      let traits = Int(workload.requests[Int(id.index)].traits)
      return workload.traits.indices.contains(traits) ? workload.traits[traits].tenant : nil
    }
    guard let fairness = table.fairness else { return nil }
    let names = table.tenants.map { ConsoleText.printable($0.name) }
    let width = max(11, min(40, names.map(\.count).max() ?? 0)) + 2
    func row(_ name: String, _ cells: [String]) -> String {
      ConsoleText.padded(String(name.prefix(40)), width)
        + cells.map { ConsoleText.padded($0, 11, right: true) }.joined()
    }
    var lines = [
      style.heading(
        row("tenant", ["requests", "finished", "output tok", "TTFT ms", "E2E ms", "tok/s"]))
    ]
    for (tenant, name) in zip(table.tenants, names).prefix(Self.mostTenants) {
      lines.append(
        row(
          name,
          [
            ConsoleText.grouped(tenant.requests), ConsoleText.grouped(tenant.finished),
            ConsoleText.grouped(tenant.outputTokens), number(tenant.ttft), number(tenant.endToEnd),
            number(tenant.speed),
          ]))
    }
    let more = table.tenants.count - Self.mostTenants
    if more > 0 { lines.append("and \(ConsoleText.grouped(more)) more") }
    lines.append(
      "fairness     \(ConsoleText.fixed(fairness, 3)), Jain's index of the tenants' tok/s; 1 is equal"
    )
    return lines.joined(separator: "\n")
  }

  /// Guess: what fits on a screen.
  private static let mostTenants = 20

  private func number(_ value: Double) -> String {
    ConsoleText.fixed(value, ConsoleText.decimals(for: value))
  }
}
