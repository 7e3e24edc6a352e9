import Engine

extension ConsoleReport {
  /// Blocks that came back from CPU memory and SSDs, and those that went there.
  func tiers(_ totals: TierTotals) -> String {
    var parts = [
      "\(ConsoleText.grouped(totals.loads)) loads",
      "\(ConsoleText.grouped(totals.loadedTokens)) tokens",
    ]
    if totals.loadedTokensOfSSD > 0 {
      parts.append("\(ConsoleText.grouped(totals.loadedTokensOfSSD)) of them from SSD")
    }
    if totals.loads > 0 {
      let mean = Double(totals.loading.nanoseconds) / Double(totals.loads)
      parts.append("\(ConsoleText.time(nanoseconds: mean)) each")
    }
    parts.append("\(ConsoleText.grouped(totals.written)) blocks written")
    if totals.spilled > 0 { parts.append("\(ConsoleText.grouped(totals.spilled)) to SSD") }
    return labelled("KV tiers", parts)
  }

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
