import Engine

/// How far routers were from the choice that the engine's own models would have made at that moment.
struct RoutingRegret {
  /// One kind of decision.
  private struct Stage {
    var decisions = 0
    var worse = 0
    var sum = 0.0
    var most = SimDuration.zero
    var mostRequest = RequestID.none
  }
  private var prompts = Stage()
  private var decodes = Stage()

  /// Counts a decision that had an alternative and did choose.
  mutating func add(_ decision: PolicyDecision) {
    guard decision.candidates.count > 1, let choice = decision.choice,
      let chosen = decision.candidates.first(where: { $0.instance == choice })?.estimate,
      let best = decision.candidates.compactMap(\.estimate).min(), let request = decision.request
    else { return }
    let regret = chosen - best
    let stage = decision.hook == "route" ? \Self.prompts : \Self.decodes
    self[keyPath: stage].decisions += 1
    self[keyPath: stage].sum += regret.seconds
    if regret > .zero { self[keyPath: stage].worse += 1 }
    if regret > self[keyPath: stage].most {
      self[keyPath: stage].most = regret
      self[keyPath: stage].mostRequest = request
    }
  }

  /// `regret       prompts 1.2 ms in the mean of 300 choices, 12 % not the best by estimate, at most 80.1 ms (request 17)`
  func text(_ report: ConsoleReport) -> String {
    let items = [("prompts", prompts), ("decoding", decodes)].compactMap { name, stage in
      stage.decisions == 0 ? nil : Self.words(name, stage)
    }
    guard !items.isEmpty else {
      return report.labelled("regret", ["no router had two instances to choose from"])
    }
    return items.map { report.labelled("regret", $0) }.joined(separator: "\n")
  }

  private static func words(_ name: String, _ stage: Stage) -> [String] {
    let mean = stage.sum / Double(stage.decisions)
    var words = [
      "\(name): \(ConsoleText.time(nanoseconds: mean * 1e9)) in the mean of"
        + " \(ConsoleText.grouped(stage.decisions)) choices",
      "\(ConsoleText.percent(Double(stage.worse) / Double(stage.decisions)))"
        + " not the best by estimate",
    ]
    if stage.most > .zero {
      words.append(
        "at most \(ConsoleText.time(nanoseconds: stage.most.seconds * 1e9))"
          + " (request \(stage.mostRequest.index))")
    }
    return words
  }
}
