import Engine

extension ConsoleReport {
  /// Most faults that get a line of their own; of more, the JSON summary tells. guess: what fits beside the rest
  private static let mostFaults = 10

  /// All faults together, then a line for each.
  func faults(_ summary: RunSummary) -> [String] {
    func count(_ number: Int, _ what: String) -> String {
      "\(ConsoleText.grouped(number)) \(what)"
    }
    var lines = [
      labelled(
        "faults",
        [
          ConsoleText.grouped(summary.faults.count), count(summary.retries, "retries"),
          count(summary.faults.reduce(0) { $0 + $1.rejected }, "rejected"),
          count(summary.lostTokens, "tokens lost"),
          count(summary.repeatedTokens, "computed again"),
        ])
    ]
    for fault in summary.faults.prefix(Self.mostFaults) {
      var parts = [
        "t=\(ConsoleText.compact(fault.start.seconds))s \(fault.words): "
          + count(fault.requests, fault.requests == 1 ? "request" : "requests")
      ]
      if fault.rejected > 0 { parts.append(count(fault.rejected, "rejected")) }
      if fault.lostTokens > 0 { parts.append(count(fault.lostTokens, "tokens lost")) }
      if let recovery = fault.recovery {
        parts.append(
          "recovered in \(ConsoleText.time(nanoseconds: Double(recovery.nanoseconds)))")
      }
      lines.append(labelled("", parts))
    }
    let more = summary.faults.count - Self.mostFaults
    if more > 0 { lines.append(labelled("", ["and \(ConsoleText.grouped(more)) more"])) }
    return lines
  }
}
