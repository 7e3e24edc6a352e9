import ArgumentParser
import Engine

/// Questions about the decisions of a run.
struct DecisionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "JSONL with a line for each decision: what the policy read, what it chose, what it noted.",
      valueName: "file"))
  var decisions: String?

  @Flag(
    help:
      "Let those lines say how long Lua took, in ns of this machine; they then differ from run to run."
  )
  var decisionsTime = false

  @Flag(
    help:
      "Say how far routers were from the best choice by the engine's own estimates at each moment.")
  var regret = false

  func validate() throws {
    if decisionsTime, decisions == nil {
      throw ValidationError("--decisions-time without --decisions")
    }
  }

  var isAsked: Bool { decisions != nil || regret }

  /// What gathers the answers; nil where nothing was asked.
  var recorder: DecisionRecorder? { isAsked ? DecisionRecorder(self) : nil }
}

/// What is asked of decisions, gathered while a run takes them.
final class DecisionRecorder {
  private let options: DecisionOptions
  private let log: DecisionLog
  private(set) var regret = RoutingRegret()

  init(_ options: DecisionOptions) {
    self.options = options
    log = DecisionLog(tellsHostTime: options.decisionsTime)
  }

  /// Runs the scenario with `policy`, or with the engine's defaults. The result is that of a run without a recorder.
  ///
  /// The file is written also when the policy fails: it ends before the failure.
  func run(
    _ scenario: Scenario, _ policy: LuaPolicy?, observer: inout TerminalObserver, inputs: [String]
  ) throws -> RunResult {
    var recording = try RecordingPolicy(
      policy, estimates: options.regret, tellsDefaults: scenario.options.viewLag == nil
    ) { [self] decision in
      if options.decisions != nil { log.add(decision) }
      if options.regret { regret.add(decision) }
    }
    let result = Swift.Result {
      try Simulation.run(scenario, policy: &recording, observer: &observer)
    }
    if let path = options.decisions { try log.save(to: path, inputs: inputs) }
    return try result.get()
  }
}
