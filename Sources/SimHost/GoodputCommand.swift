import ArgumentParser
import Engine
import Foundation

/// `simhost goodput`: how much load a cluster bears.
struct GoodputCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "goodput",
    abstract: "Find the highest rate at which requests keep their objectives.",
    discussion: """
      Bisects the rate of Poisson arrivals for each seed; the requests are those of the trace. With several policies or splits, \
      each serves the same samples, and the first is what the others are compared with. docs/experiments.md says more.

      EXAMPLES
        simhost goodput policies/least_kv.lua --slo ttft=400ms,tpot=50ms --target 90%
        simhost goodput policies/least_kv.lua policies/random.lua --slo ttft=200ms \\
          --cluster-config configs/cluster/single_node_4p4d.json --json
        simhost goodput --slo ttft=500ms,tpot=20ms --split 4:4,2:6,3:5,5:3 \\
          --span 20 --cluster-config configs/cluster/single_node_4p4d.json
      """)

  @OptionGroup var experiment: ExperimentOptions

  @Option(help: ArgumentHelp("Cluster to simulate.", valueName: "file"))
  var clusterConfig = "configs/cluster/single_node_pd_instance.json"

  @Option(
    help: ArgumentHelp(
      "How many instances compute prompts and how many decode: splits to search each, such as 1:7..7:1 or 2:6,8M.",
      valueName: "splits"),
    transform: ClusterSplit.list)
  var split: [ClusterSplit] = []

  @Option(help: ArgumentHelp("Trace that the requests are from.", valueName: "file"))
  var dataset = "workloads/example_trace.jsonl"

  @Option(
    help: ArgumentHelp(
      "What a good request keeps, such as ttft=400ms,tpot=50ms; also e2el.", valueName: "times"))
  var slo: String

  @Option(
    help: ArgumentHelp("Share of all requests that must be good.", valueName: "percent"),
    transform: GoodputCommand.share)
  var target = 0.9

  @Option(
    help: ArgumentHelp("How close to search, relative to the rate.", valueName: "percent"),
    transform: GoodputCommand.share)
  var precision = 0.01

  @Option(
    help: ArgumentHelp(
      "Deal the trace's requests again until they take this long to arrive: a rate, not a burst.",
      valueName: "seconds"))
  var span: Double?

  @Flag(help: "Print JSON in place of the table.")
  var json = false

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Write the JSON to this file too.", valueName: "file"))
  var output: String?

  func validate() throws {
    // Up to a day.
    if let span, !(span > 0 && span <= 86_400) {
      throw ValidationError("--span \(span): expected seconds, up to 86400")
    }
  }

  func run() throws {
    let console = experiment.console
    let inputs = experiment.inputs([clusterConfig, dataset])
    try OutputFile.check(output.map { [$0] } ?? [], inputs: inputs)
    let targets = try GoodputTargets(slo: slo)
    let candidates = try experiment.checkedCandidates()
    let workload = try experiment.workload(dataset)
    let contenders = try contenders(candidates)
    let seeds = experiment.seedNumbers

    let command = self
    let progress = JobProgress(total: contenders.count * seeds.count, console: console)
    defer { progress.end() }
    let searches = try SideBySide.map(contenders.count * seeds.count, workers: experiment.cores) {
      place in
      let found = try command.search(
        contenders[place / seeds.count].server, workload, seed: seeds[place % seeds.count],
        targets: targets)
      progress.advance()
      return found
    }
    progress.end()
    let first = Array(searches[..<seeds.count])
    let found = contenders.enumerated().map { place, contender in
      GoodputJSON.Candidate(
        name: contender.name,
        seeds: Array(searches[place * seeds.count..<(place + 1) * seeds.count]),
        baseline: place == 0 ? nil : first, pairs: contenders.count - 1,
        bootstrapSeed: experiment.seed)
    }
    let document = GoodputJSON(targets: targets, share: target, candidates: found)
    if let output { try document.save(to: output, inputs: inputs) }
    if json {
      console.result(String(document.text.dropLast()))
    } else {
      let report = GoodputReport(style: console.outputStyle)
      console.result(
        report.text(
          found,
          title: "highest rate at which \(ConsoleText.percent(target)) of requests keep "
            + "\(targets.text)",
          shared: "\(seeds.count) seeds from \(experiment.seed), cluster \(clusterConfig), "
            + "\(ConsoleText.grouped(workload.requests.count)) requests of \(dataset)"))
    }
    if let failure = console.failure { throw failure }
  }

  /// Each policy on each split of the cluster, under names that tell them apart.
  private func contenders(_ candidates: [Candidate]) throws -> [(name: String, server: Server)] {
    let names = Candidate.names(candidates)
    let splits: [ClusterSplit?] = split.isEmpty ? [nil] : split
    let clusters = try splits.map {
      try experiment.clusterOptions.load(
        clusterConfig, ResourceFolders(), variant: ClusterVariant(split: $0))
    }
    return zip(candidates, names).flatMap { candidate, name in
      zip(splits, clusters).map { split, made in
        let server = Server(
          candidate: candidate, clusterFile: clusterConfig, cluster: made.cluster, costs: made.costs
        )
        guard let split else { return (name, server) }
        return (candidates.count == 1 ? split.text : "\(name) \(split.text)", server)
      }
    }
  }

  private func search(
    _ server: Server, _ workload: Workload, seed: UInt64, targets: GoodputTargets
  ) throws -> GoodputJSON.Seed {
    let options = experiment.runOptions(seed: seed, targets: targets)
    var best = (share: 0.0, span: SimDuration.zero, latency: 0.0)
    var limit = "none"
    let search = try RateSearch.highest(precision: precision) { rate in
      let sample = try workload.resampled(
        seed: seed, arrivals: experiment.arrivals(rate: rate),
        least: Int(min(Self.mostRequests, (rate * (span ?? 0)).rounded()))
      ).workload
      let summary = try server.run(sample, options, experiment).summary
      guard let goodput = summary.goodput, goodput.share >= target else {
        limit = summary.goodput?.worstObjective ?? "none"
        return false
      }
      let last = sample.requests.filter { !$0.followsPrevious }.map(\.arrival).max() ?? .zero
      best = (goodput.share, last - summary.firstArrival, summary.endToEnd?.mean ?? 0)
      return true
    }
    return GoodputJSON.Seed(
      seed: seed, search: search, share: best.share, limitedBy: limit, span: best.span,
      latency: best.latency)
  }

  /// Most requests of a run, whatever the span. Origin: guess; what fits in memory on every core.
  private static let mostRequests = 1e6

  /// Reads `90%` or `0.9`.
  private static func share(_ text: String) throws -> Double {
    let isPercent = text.hasSuffix("%")
    guard let number = Double(isPercent ? String(text.dropLast()) : text) else {
      throw ValidationError("\(text): expected a share such as 90%")
    }
    let share = isPercent ? number / 100 : number
    guard share >= 1e-4, share <= 1 else {
      throw ValidationError("\(text): expected a share from 0.01% to 100%")
    }
    return share
  }
}

/// What `simhost goodput` shows.
struct GoodputReport {
  var style: ConsoleStyle

  /// Requests that arrive within fewer latencies than this are a burst, not a rate. Origin: guess.
  private static let fewestLatencies = 5.0

  func text(_ candidates: [GoodputJSON.Candidate], title: String, shared: String) -> String {
    let width = max(10, candidates.map(\.name.count).max() ?? 0) + 2
    func row(_ name: String, _ cells: [String]) -> String {
      ConsoleText.padded(ConsoleText.printable(name), width)
        + zip(cells, [10, 20, 10, 10]).map { ConsoleText.padded($0, $1, right: true) }.joined()
        + "   " + cells.dropFirst(4).joined(separator: "  ")
    }
    var lines = [
      style.heading(title), ConsoleText.printable(shared), "",
      style.heading(row("", ["req/s", "95 % interval", "least", "most", "limited by"])),
    ]
    for candidate in candidates {
      let rates = candidate.seeds.map(\.search.rate)
      let kinds = Set(candidate.seeds.map(\.limitedBy)).sorted()
      lines.append(
        row(
          candidate.name,
          [
            number(candidate.interval.mean),
            bounds(candidate.interval) { number($0) }, number(rates.min() ?? 0),
            number(rates.max() ?? 0),
          ]
            + kinds.map { kind in
              "\(kind) (\(candidate.seeds.count { $0.limitedBy == kind }))"
            }))
    }
    for candidate in candidates {
      guard let difference = candidate.difference else { continue }
      let interval = difference.interval
      let fewest = CandidateComparison.fewestSeeds(pairs: candidates.count - 1)
      lines.append(
        ConsoleText.printable(
          "\(candidate.name) less \(candidates[0].name): \(signed(interval.mean)) req/s, "
            + "95 % interval \(bounds(interval) { signed($0) }): "
            + (candidate.isSignificant ? "a significant difference" : "no significant difference")
            + (interval.count < fewest ? ", which takes \(fewest) seeds or more" : "")))
    }
    return (lines + notes(candidates)).joined(separator: "\n")
  }

  private func notes(_ candidates: [GoodputJSON.Candidate]) -> [String] {
    let seeds = candidates.flatMap(\.seeds)
    var notes: [String] = []
    let none = seeds.count { $0.search.rate == 0 }
    if none > 0 {
      notes.append(
        "note: \(none) of \(seeds.count) searches found no rate: a request alone is too slow")
    }
    let all = seeds.count { $0.search.failed == nil }
    if all > 0 {
      notes.append(
        "note: \(all) of \(seeds.count) searches found no limit: all requests at once keep the objectives"
      )
    }
    let short = seeds.count {
      $0.search.rate > 0 && $0.span.milliseconds < Self.fewestLatencies * $0.latency
    }
    if short > 0 {
      notes.append(
        "note: in \(short) of \(seeds.count) searches the requests arrive within "
          + "\(Int(Self.fewestLatencies)) mean latencies: a burst; with --span 60 it is a rate")
    }
    return notes
  }

  private func bounds(_ interval: MeanInterval, _ text: (Double) -> String) -> String {
    guard let lower = interval.lower, let upper = interval.upper else { return "-" }
    return "\(text(lower)) to \(text(upper))"
  }

  private func number(_ value: Double) -> String {
    ConsoleText.fixed(value, ConsoleText.decimals(for: value))
  }

  private func signed(_ value: Double) -> String {
    let text = number(value)
    return value > 0 && !text.hasPrefix("-") ? "+" + text : text
  }
}
