import Engine

/// Successive halving: all points on few samples, the best of them on more.
///
/// Source: Jamieson and Talwalkar 2016, https://arxiv.org/abs/1502.07943, with a third kept in each round.
struct TuneSearch: Sendable {
  let servers: [Server]
  let experiment: ExperimentOptions
  let workload: Workload
  let arrivals: ArrivalProcess?
  let targets: GoodputTargets?
  let metric: SeedMetric

  /// Of how many points one goes on, and by how much its samples grow. Source: the paper's η.
  static let keep = 3

  /// What a point reached over the samples that it has served.
  struct Standing: Sendable, Equatable {
    var point: Int
    /// Mean of the metric; nil where a run failed or has no such quantity.
    var value: Double?
    /// Mean latency in ms, which tells equals apart.
    var latency: Double
  }

  struct Round: Sendable {
    var seeds: Int
    /// The best first.
    var ranking: [Standing]
  }

  /// - Parameter console: told of each round, and of how far it is.
  func run(_ console: Console) throws -> [Round] {
    var alive = Array(servers.indices)
    var values = [[Double?]](repeating: [], count: servers.count)
    var latencies = [[Double]](repeating: [], count: servers.count)
    var rounds: [Round] = []
    var seeds = 0
    while true {
      let more = rounds.isEmpty ? 1 : min(experiment.seeds, seeds * Self.keep)
      console.info("\(alive.count) points on \(more) of \(experiment.seeds) samples")
      let jobs = alive.flatMap { point in (seeds..<more).map { (point: point, seed: $0) } }
      let progress = JobProgress(total: jobs.count, console: console)
      defer { progress.end() }
      let served = try SideBySide.map(jobs.count, workers: experiment.cores) { place in
        let result = try serve(
          jobs[place].point, seed: experiment.seed &+ UInt64(jobs[place].seed))
        progress.advance()
        return result
      }
      for (job, result) in zip(jobs, served) {
        values[job.point].append(result.value)
        latencies[job.point].append(result.latency)
      }
      seeds = more
      let ranking = alive.map { point in
        let known = values[point].compactMap { $0 }
        return Standing(
          point: point,
          value: known.count == seeds ? known.reduce(0, +) / Double(seeds) : nil,
          latency: latencies[point].reduce(0, +) / Double(seeds))
      }.sorted(by: isBetter)
      rounds.append(Round(seeds: seeds, ranking: ranking))
      if seeds == experiment.seeds { return rounds }
      alive = ranking.prefix((alive.count + Self.keep - 1) / Self.keep).map(\.point).sorted()
    }
  }

  private func isBetter(_ a: Standing, _ b: Standing) -> Bool {
    guard let first = a.value, let second = b.value else {
      return a.value != nil || (b.value == nil && a.point < b.point)
    }
    if first != second { return (first > second) == metric.largerIsBetter }
    return (a.latency, a.point) < (b.latency, b.point)
  }

  /// A point whose policy fails has no value: one set of parameters need not end the search.
  private func serve(_ point: Int, seed: UInt64) throws -> (value: Double?, latency: Double) {
    let sample = try workload.resampled(seed: seed, arrivals: arrivals).workload
    let options = experiment.runOptions(seed: seed, targets: targets)
    do {
      let summary = try servers[point].run(sample, options, experiment).summary
      return (metric.value(summary), summary.endToEnd?.mean ?? .infinity)
    } catch is PolicyError where point > 0 {
      return (nil, .infinity)
    } catch SimulationError.policy where point > 0 {
      return (nil, .infinity)
    }
  }
}

/// The rounds of a search as tables.
struct TuneReport {
  var style: ConsoleStyle
  var plan: TunePlan
  var metric: SeedMetric

  /// Points of a round that are shown. Guess: enough to see whether the best lie together.
  private static let shown = 5

  func text(_ rounds: [TuneSearch.Round], of candidate: Candidate) -> String {
    let goal = metric.largerIsBetter ? "most" : "least"
    var lines = [
      style.heading(
        ConsoleText.printable(
          "\(candidate.longName): \(plan.points.count) points of "
            + "\(plan.ranges.map(\.name).joined(separator: ", ")), \(goal) \(metric.title)"))
    ]
    func row(_ cells: [String]) -> String {
      cells.map { ConsoleText.padded(ConsoleText.printable($0), 16, right: true) }.joined()
    }
    for round in rounds {
      lines.append("")
      let title =
        "\(round.ranking.count) point\(round.ranking.count == 1 ? "" : "s") on \(round.seeds) sample\(round.seeds > 1 ? "s" : "")"
      lines.append(
        style.heading(ConsoleText.padded(title, 26) + row([metric.title] + plan.ranges.map(\.name)))
      )
      for (place, standing) in round.ranking.prefix(Self.shown).enumerated() {
        let value = standing.value.map { ConsoleText.fixed($0, ConsoleText.decimals(for: $0)) }
        let name = "\(place + 1)." + (standing.point == 0 ? " defaults" : "")
        lines.append(
          ConsoleText.padded("  " + name, 26)
            + row([value ?? "failed"] + plan.points[standing.point]))
      }
      if let place = round.ranking.firstIndex(where: { $0.point == 0 }), place >= Self.shown,
        let value = round.ranking[place].value
      {
        lines.append(
          ConsoleText.padded("  \(place + 1). defaults", 26)
            + row([ConsoleText.fixed(value, ConsoleText.decimals(for: value))] + plan.points[0]))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// - Parameter evidence: the best beside the defaults; nil where these are the best.
  func json(
    _ rounds: [TuneSearch.Round], _ evidence: CandidateComparisonJSON.Block?, firstSeed: UInt64
  ) -> TuneJSON {
    TuneJSON(
      metric: metric, parameters: plan.ranges.map(\.name),
      rounds: rounds.map { round in
        TuneJSON.Round(
          seeds: round.seeds, ranking: round.ranking.map { (plan.points[$0.point], $0.value) })
      },
      isBetter: evidence.map { isBetter($0.comparison) } ?? false,
      evidence: evidence.map { CandidateComparisonJSON([$0], firstSeed: firstSeed) })
  }

  /// Whether the best beats the defaults in the metric that was searched for.
  private func isBetter(_ comparison: CandidateComparison) -> Bool {
    comparison.pairs[0].rows.first { $0.metric.key == metric.key }.map {
      $0.isSignificant && ($0.difference.interval.mean > 0) == metric.largerIsBetter
    } ?? false
  }

  /// What to make of the best point, which other samples have judged.
  func advice(_ point: Int, _ comparison: CandidateComparison) -> String {
    isBetter(comparison)
      ? "Best: \(flags(point))"
      : "Keep the defaults: \(flags(point)) is not better in \(metric.title) on samples that the search had not seen."
  }

  /// What to write on the command line.
  private func flags(_ point: Int) -> String {
    zip(plan.ranges, plan.points[point]).map { "--param \($0.name)=\($1)" }
      .joined(separator: " ")
  }
}
