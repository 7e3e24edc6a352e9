import Engine

extension ConsoleReport {
  /// Cached prefixes that were copied to other instances.
  func replication(_ totals: ReplicationTotals) -> String {
    labelled(
      "replication",
      [
        "\(ConsoleText.grouped(totals.finished)) of \(ConsoleText.grouped(totals.begun)) copies",
        "\(ConsoleText.grouped(totals.tokens)) tokens",
        "\(ConsoleText.fixed(Double(totals.bytes) / 1_073_741_824, 2)) GiB",
      ])
  }

  /// Decoding requests that were moved: how many, what became of the others, and what it cost.
  func migration(_ totals: MigrationTotals) -> String {
    var parts = [
      "\(ConsoleText.grouped(totals.finished)) of \(ConsoleText.grouped(totals.begun)) requests",
      "\(ConsoleText.grouped(totals.stages)) stages",
      "\(ConsoleText.fixed(Double(totals.bytes) / 1_073_741_824, 2)) GiB",
    ]
    if let downtime = totals.downtime {
      func time(_ milliseconds: Double) -> String {
        ConsoleText.time(nanoseconds: milliseconds * 1e6)
      }
      parts.append("stopped for \(time(downtime.mean)), p99 \(time(downtime.p99))")
    }
    for (reason, count) in totals.reasons {
      parts.append("\(ConsoleText.grouped(count)) \(Self.words(reason))")
    }
    return labelled("migration", parts)
  }

  private static func words(_ reason: MigrationAbort) -> String {
    switch reason {
    case .ended: "ended first"
    case .preempted: "preempted first"
    case .noRoom: "without room"
    case .tooManyStages: "outran the network"
    case .fault: "hit by a fault"
    }
  }
}
