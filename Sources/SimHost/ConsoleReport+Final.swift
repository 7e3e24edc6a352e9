import Engine

extension ConsoleReport {
  /// The final table: latencies, then what each instance did, then the facts of the run in the order in which people ask.
  ///
  /// - Parameter hookCosts: with host times, which differ from run to run.
  func final(_ summary: RunSummary, _ run: RunDescription, hookCosts: [HookCost] = []) -> String {
    [
      heading(run), "", latencies(summary), "", instances(summary), "", facts(summary, hookCosts),
    ].joined(separator: "\n")
  }

  private func heading(_ run: RunDescription) -> String {
    let source = ConsoleText.printable(run.workload.source)
    let parts = [
      Self.title(run.policy), Self.shape(run.cluster), "seed \(run.seed)",
      "\(ConsoleText.grouped(run.workload.requests)) requests of \(source)",
    ]
    var lines = [""]
    for part in parts {
      let last = lines[lines.count - 1]
      if last.isEmpty {
        lines[lines.count - 1] = part
      } else if last.count + 3 + part.count <= width {
        lines[lines.count - 1] += "   " + part
      } else {
        lines.append(part)
      }
    }
    return lines.map(style.heading).joined(separator: "\n")
  }

  /// A row for each quantity: mean and percentiles, and how well its objective was kept.
  private func latencies(_ summary: RunSummary) -> String {
    let goodput = summary.goodput
    var heading = ConsoleText.padded("", Self.indent)
    // A column for P99.9 where a thousand requests finished.
    let columns = Self.columns.prefix(summary.endToEnd?.p999 == nil ? 5 : 6)
    for (column, _) in columns {
      heading += ConsoleText.padded(column, 10, right: true)
    }
    if goodput != nil {
      heading += ConsoleText.padded("SLO", 8, right: true)
      heading += ConsoleText.padded("kept", 9, right: true)
    }
    let rows: [(String, Distribution?, limit: Double?, kept: Double?)] = [
      ("TTFT ms", summary.ttft, goodput?.targets.ttft, goodput?.ttftShare),
      ("TPOT ms", summary.tpot, goodput?.targets.tpot, goodput?.tpotShare),
      ("ITL ms", summary.itl, nil, nil),
      ("E2E ms", summary.endToEnd, goodput?.targets.endToEnd, goodput?.endToEndShare),
      ("queueing ms", summary.queueing, nil, nil),
      ("KV wait ms", summary.kvWait, nil, nil),
      ("transfer ms", summary.transfer, nil, nil),
      ("D queue ms", summary.decodeQueue, nil, nil),
    ]
    return ([style.heading(heading)] + rows.map { latency($0.0, $0.1, columns, $0.limit, $0.kept) })
      .joined(separator: "\n")
  }

  private static let columns: [(name: String, value: @Sendable (Distribution) -> Double?)] = [
    ("mean", { $0.mean }), ("p50", { $0.p50 }), ("p90", { $0.p90 }), ("p95", { $0.p95 }),
    ("p99", { $0.p99 }), ("p99.9", { $0.p999 }),
  ]

  private func latency(
    _ label: String, _ values: Distribution?,
    _ columns: ArraySlice<(name: String, value: @Sendable (Distribution) -> Double?)>,
    _ limit: Double?, _ kept: Double?
  ) -> String {
    var row = ConsoleText.padded(label, Self.indent)
    // One number of decimals for the row, so that its points stand in order of size.
    let decimals = ConsoleText.decimals(for: values?.mean ?? 0)
    for (_, value) in columns {
      let cell = values.flatMap(value).map { fitted($0, decimals, width: 9) } ?? "-"
      row += ConsoleText.padded(cell, 10, right: true)
    }
    if let limit, let kept {
      row += ConsoleText.padded("<=" + ConsoleText.compact(limit), 8, right: true)
      row += ConsoleText.padded(ConsoleText.percent(kept), 9, right: true)
    }
    return row
  }

  /// With as many of `decimals` as there is room for.
  private func fitted(_ value: Double, _ decimals: Int, width: Int) -> String {
    for places in stride(from: decimals, through: 0, by: -1) {
      let text = ConsoleText.fixed(value, places)
      if text.count <= width { return text }
    }
    return ConsoleText.compact(value)
  }

  /// Most instances that get a row of their own; of more, the JSON summary tells.
  private static let maxInstanceRows = 16

  private func instances(_ summary: RunSummary) -> String {
    let columns = ["busy", "KV peak", "iterations", "prompt tok", "output tok", "preempted"]
    let rows = summary.instances.prefix(Self.maxInstanceRows).map { instance in
      [
        ConsoleText.percent(instance.utilization), ConsoleText.percent(instance.kvPeak),
        ConsoleText.grouped(instance.totals.iterations),
        ConsoleText.compact(Double(instance.totals.prefillTokens)),
        ConsoleText.compact(Double(instance.totals.decodeTokens)),
        ConsoleText.grouped(instance.totals.preemptions),
      ]
    }
    func line(_ name: String, _ cells: [String]) -> String {
      cells.reduce(ConsoleText.padded(name, Self.indent)) {
        $0 + ConsoleText.padded($1, 11, right: true)
      }
    }
    var lines = [style.heading(line("instance", columns))]
    lines += zip(summary.instances, rows).map { line($0.name, $1) }
    let hidden = summary.instances.count - rows.count
    if hidden > 0 { lines.append("and \(hidden) more, in the file that --summary writes") }
    return lines.joined(separator: "\n")
  }

  private func facts(_ summary: RunSummary, _ hookCosts: [HookCost]) -> String {
    let rate = { (count: Int) in ConsoleText.fixed(summary.rate(count), 2) }
    var lines = [
      labelled(
        "throughput",
        [
          "\(rate(summary.measured.finished)) req/s",
          "output \(rate(summary.outputTokens)) tok/s",
          "total \(rate(summary.promptTokens + summary.outputTokens)) tok/s",
          "over " + ConsoleText.time(nanoseconds: Double(summary.duration.nanoseconds)),
        ])
    ]
    if let goodput = summary.goodput {
      lines.append(
        labelled(
          "goodput",
          [
            "\(ConsoleText.fixed(goodput.requestsPerSecond, 2)) req/s",
            "\(ConsoleText.percent(goodput.share)) of requests kept every objective",
          ]))
    }
    if !summary.window.isEverything {
      let (measured, all) = (summary.measured.injected, summary.conservation.injected)
      lines.append(
        labelled(
          "measured",
          [
            "\(ConsoleText.grouped(measured)) of \(ConsoleText.grouped(all)) requests",
            "warm-up \(summary.window.warmup.text)", "cool-down \(summary.window.cooldown.text)",
          ]))
    }
    lines.append(labelled("KV peak", kvPeaks(summary)))
    lines.append(
      labelled("prefix hits", [ConsoleText.percent(summary.prefixHitShare) + " of prompt tokens"]))
    let recomputed = "\(ConsoleText.grouped(summary.recomputedTokens)) tokens computed again"
    lines.append(
      labelled(
        "preemptions",
        summary.preemptions > 0 ? [ConsoleText.grouped(summary.preemptions), recomputed] : ["0"]))
    lines.append(labelled("rejected", rejections(summary)))
    if let scaling = summary.scaling {
      let count = { (number: Int, what: String) in "\(ConsoleText.grouped(number)) \(what)" }
      lines.append(
        labelled(
          "scaling",
          [
            count(scaling.roleChanges, "role changes"), count(scaling.starts, "starts"),
            count(scaling.stops, "stops"),
            "\(ConsoleText.fixed(scaling.on.seconds, 1)) instance-seconds",
          ]))
    }
    if let tiers = summary.tiers { lines.append(self.tiers(tiers)) }
    if let replication = summary.replication { lines.append(self.replication(replication)) }
    if let migration = summary.migration { lines.append(self.migration(migration)) }
    if !summary.faults.isEmpty { lines.append(contentsOf: faults(summary)) }
    if !hookCosts.isEmpty { lines.append(labelled("hooks", hookCosts.map(describe))) }
    lines.append(bottleneck(summary.bottleneck))
    let conservation = summary.conservation
    lines.append(conservation.holds ? conservation.line : style.error(conservation.line))
    return lines.joined(separator: "\n")
  }

  /// The fullest instance of each role.
  private func kvPeaks(_ summary: RunSummary) -> [String] {
    InstanceRole.allCases.compactMap { role in
      let peaks = summary.instances.filter { $0.role == role }.map(\.kvPeak)
      return peaks.max().map { "\(role.rawValue) \(ConsoleText.percent($0))" }
    }
  }

  private func rejections(_ summary: RunSummary) -> [String] {
    guard !summary.rejections.isEmpty else { return ["0"] }
    return summary.rejections.map {
      "\(ConsoleText.grouped($0.count)) \(ConsoleText.printable($0.reason))"
    }
  }

  private func describe(_ hook: HookCost) -> String {
    let calls = "\(hook.hook) \(ConsoleText.grouped(hook.calls)) calls"
    guard hook.calls > 0 else { return calls }
    let mean = Double(hook.hostNanoseconds) / Double(hook.calls)
    return "\(calls) of \(ConsoleText.time(nanoseconds: mean))"
  }

  private func bottleneck(_ bottleneck: Bottleneck) -> String {
    let isSaturated = bottleneck != .notSaturated
    let items = bottleneck.reasons
    let first = bottleneck.name + (items.first.map { ": \($0)" } ?? "")
    let line = labelled("bottleneck", [first] + items.dropFirst())
    // Colour comes after the line is broken: it takes no columns.
    let name = isSaturated ? style.warning(bottleneck.name) : style.good(bottleneck.name)
    return line.prefix(Self.indent) + name
      + line.dropFirst(Self.indent + bottleneck.name.count)
  }
}
