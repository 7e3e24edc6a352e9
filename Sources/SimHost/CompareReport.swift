import Engine

/// A comparison as the console shows it: a table for each candidate beside the baseline, and a verdict in words.
struct CompareReport {
  var style: ConsoleStyle

  func text(_ block: CandidateComparisonJSON.Block, seeds: [UInt64]) -> String {
    let comparison = block.comparison
    let shared = block.shared.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
    var lines = [
      style.heading(
        ConsoleText.printable(
          "\(comparison.seeds) seeds from \(seeds.first ?? 0), \(shared)"))
    ]
    for pair in comparison.pairs {
      lines.append("")
      lines += table(pair, baseline: comparison.baseline)
      lines.append("")
      lines.append(
        ConsoleText.labelled(
          "",
          verdict(
            pair, baseline: comparison.baseline, seeds: comparison.seeds,
            fewest: CandidateComparison.fewestSeeds(pairs: comparison.pairs.count)),
          indent: 0, width: 100))
      lines += changes(pair)
    }
    return lines.joined(separator: "\n")
  }

  private func table(_ pair: CandidateComparison.Pair, baseline: String) -> [String] {
    let names = [baseline, pair.name].map { ConsoleText.printable($0) }
    let widths = names.map { max(12, $0.count + 2) }
    func row(_ cells: [String]) -> String {
      ConsoleText.padded(cells[0], 14) + ConsoleText.padded(cells[1], widths[0], right: true)
        + ConsoleText.padded(cells[2], widths[1], right: true)
        + ConsoleText.padded(cells[3], 12, right: true)
        + ConsoleText.padded(cells[4], 9, right: true)
        + ConsoleText.padded(cells[5], 26, right: true)
        + ConsoleText.padded(cells[6], 8, right: true) + cells[7]
    }
    var lines = [
      style.heading(
        row(["", names[0], names[1], "difference", "%", "95 % interval", "wins", ""]))
    ]
    for line in pair.rows {
      let interval = line.difference.interval
      let bounds =
        interval.lower.flatMap { lower in
          interval.upper.map { "\(signed(lower)) to \(signed($0))" }
        } ?? "-"
      let text = row([
        line.metric.title, number(line.baseline), number(line.candidate), signed(interval.mean),
        line.ratio.map { signed($0 * 100, decimals: 1) } ?? "-", bounds,
        "\(line.wins):\(line.losses)", line.isSignificant ? " *" : "",
      ])
      lines.append(
        line.isSignificant ? line.isBetter ? style.good(text) : style.warning(text) : text)
    }
    return lines
  }

  /// In pieces at which lines may break.
  private func verdict(
    _ pair: CandidateComparison.Pair, baseline: String, seeds: Int, fewest: Int
  ) -> [String] {
    let name = ConsoleText.printable(pair.name)
    let other = ConsoleText.printable(baseline)
    func told(_ row: CandidateComparison.Row) -> String {
      let size = row.ratio.map { signed($0 * 100, decimals: 1) + " %" } ?? ""
      return "\(row.metric.title.split(separator: " ").dropLast().joined(separator: " ")) \(size)"
    }
    let better = pair.rows.filter { $0.isSignificant && $0.isBetter }.map(told)
    let worse = pair.rows.filter { $0.isSignificant && !$0.isBetter }.map(told)
    switch pair.verdict {
    case .identical: return ["Verdict: \(name) and \(other) do the same: no request differs."]
    case .noDifference:
      var text = "Verdict: no significant difference between \(name) and \(other)"
      if seeds < fewest { text += "; with fewer than \(fewest) seeds none can be found" }
      return [text + "."]
    case .better:
      return ["Verdict: \(name) is better than \(other): " + better[0]] + better.dropFirst()
    case .worse: return ["Verdict: \(name) is worse than \(other): " + worse[0]] + worse.dropFirst()
    case .mixed:
      return ["Verdict: a trade. \(name) against \(other) is better in " + better[0]]
        + better.dropFirst() + ["and worse in " + worse[0]] + worse.dropFirst()
    }
  }

  private func changes(_ pair: CandidateComparison.Pair) -> [String] {
    guard !pair.changes.largest.isEmpty || pair.changes.otherOutcome > 0 else { return [] }
    var lines = ["Requests whose latency changed most:"]
    for request in pair.changes.largest {
      lines.append(
        "  seed \(request.seed), request \(request.origin) of the trace"
          + " (\(request.promptTokens)+\(request.outputTokens) tokens): "
          + "\(number(request.before.milliseconds)) to \(number(request.after.milliseconds)) ms, "
          + "\(request.stage) \(signed(request.stageChange.milliseconds)) ms")
    }
    if pair.changes.otherOutcome > 0 {
      lines.append(
        "  \(ConsoleText.grouped(pair.changes.otherOutcome)) requests finished with one of the two only"
      )
    }
    return lines
  }

  private func number(_ value: Double) -> String {
    ConsoleText.fixed(value, ConsoleText.decimals(for: value))
  }

  private func signed(_ value: Double) -> String {
    signed(value, decimals: ConsoleText.decimals(for: value))
  }

  private func signed(_ value: Double, decimals: Int) -> String {
    let text = ConsoleText.fixed(value, decimals)
    return value > 0 && !text.hasPrefix("-") ? "+" + text : text
  }
}
