import ArgumentParser
import Engine

/// Which requests statistics are about.
struct MeasurementOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Leave the first requests out of statistics: seconds of arrivals such as 30s, or a number of requests.",
      valueName: "time or count"),
    transform: { try MeasurementOptions.margin($0, of: "--warmup") })
  var warmup = MeasurementWindow.Margin.requests(0)

  @Option(
    help: ArgumentHelp(
      "The same for the last ones, which the cluster serves while it empties.",
      valueName: "time or count"),
    transform: { try MeasurementOptions.margin($0, of: "--cooldown") })
  var cooldown = MeasurementWindow.Margin.requests(0)

  var window: MeasurementWindow { MeasurementWindow(warmup: warmup, cooldown: cooldown) }

  /// What the summary should tell of these options.
  var notes: [String] {
    var parts: [String] = []
    if !warmup.isNothing { parts.append("the first \(warmup.text)") }
    if !cooldown.isNothing { parts.append("the last \(cooldown.text)") }
    return parts.isEmpty
      ? [] : ["statistics leave out \(parts.joined(separator: " and ")) (--warmup, --cooldown)"]
  }

  private static func margin(_ text: String, of flag: String) throws -> MeasurementWindow.Margin {
    guard let margin = MeasurementWindow.Margin(text) else {
      throw ValidationError(
        "\(flag) \(text): expected seconds such as 30s, or a number of requests")
    }
    return margin
  }
}

extension RunOptions {
  /// Measures these requests only, for which the gaps of each are kept.
  mutating func measure(_ window: MeasurementWindow) {
    self.window = window
    if !window.isEverything { keepGaps = true }
  }
}

extension RunSummary {
  /// The summary of a finished run, as its scenario asked for it.
  ///
  /// - Throws: where warm-up and cool-down leave nothing to measure.
  init(_ result: RunResult, of scenario: Scenario) throws {
    let injected = scenario.workload.requests.count
    self.init(
      result, cluster: scenario.cluster, injected: injected, targets: scenario.options.targets,
      window: scenario.options.window, kinds: RequestKinds(scenario.workload))
    guard measured.injected > 0 || injected == 0 else {
      throw InputError(
        file: "--warmup, --cooldown",
        problem: "leave none of \(ConsoleText.grouped(injected)) requests to measure",
        expected: "less of them, or a longer trace")
    }
  }
}

extension RequestKinds {
  init(_ workload: Workload) {
    guard !workload.traits.isEmpty else {
      self = .none
      return
    }
    self.init(
      workload.traits.map { traits in
        Kind(
          tenant: traits.tenant, className: traits.className,
          targets: GoodputTargets(
            ttft: traits.ttftTarget?.milliseconds, tpot: traits.tpotTarget?.milliseconds,
            endToEnd: traits.deadline?.milliseconds))
      },
      places: ContiguousArray(workload.requests.map(\.traits)))
  }
}
