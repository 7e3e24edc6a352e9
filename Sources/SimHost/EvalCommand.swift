import ArgumentParser
import Engine
import Foundation

/// `simhost eval`: scores policies by a suite of scenarios.
struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Score policies by a suite of scenarios.",
    discussion: """
      The value of a run is the share of all its requests that keep the scenario's targets; a run that fails has 0. The score is \
      the mean over scenarios, each the mean over its seeds.

      Prints one line of JSON for each policy, in the order given, with the score, its parts and the error of each run that \
      failed. Policies run side by side, each run within the budgets of the suite. What a policy does wrong is part of its \
      score and no failure of the command.

      EXAMPLE
        simhost eval policies/*.lua --suite configs/suite/quick.json > scores.jsonl
      """)

  @Argument(help: "Policies in Lua, each scored by itself.") var policies: [String]

  @Option(help: ArgumentHelp("Scenarios, seeds and budgets, in JSON.", valueName: "file"))
  var suite = "configs/suite/quick.json"

  @Option(
    help: ArgumentHelp(
      "Policy to compare with; without it the engine's defaults.", valueName: "file"))
  var baseline: String?

  @Option(
    help: ArgumentHelp(
      "Most runs at a time; all cores without it. Scores do not depend on it.", valueName: "count"))
  var workers: Int?

  @Option(help: "WARNING, INFO or DEBUG; a table of scores goes to stderr from INFO on.")
  var logLevel = LogLevel.info

  /// Policies whose runs are shared out together; their lines come when all are done. guess: many runs for every core
  private static let together = 64

  func validate() throws {
    if let workers, !(1...1024).contains(workers) {
      throw ValidationError("--workers \(workers): expected 1 to 1024")
    }
  }

  func run() throws {
    let console = Console(level: logLevel)
    let resources = ResourceFolders()
    let judge = try PolicyJudge(
      EvaluationSuite.load(path: resources.file(suite)), resources,
      workers: workers ?? ProcessInfo.processInfo.activeProcessorCount)
    let reference = try judge.scores([baseline])[0]
    for failure in reference.scenarios.flatMap(\.runs).compactMap(\.failure) { throw failure }
    var scores: [PolicyScore] = []
    // `policies/*.lua` means the policies, and their specs are none.
    var rest = policies.filter { !$0.hasSuffix("_spec.lua") }[...]
    while !rest.isEmpty {
      for var score in try judge.scores(Array(rest.prefix(Self.together))) {
        score.baseline = (reference.name, reference.score)
        // The line has an end of its own.
        console.result(String(score.text.dropLast()))
        scores.append(score)
      }
      rest = rest.dropFirst(Self.together)
    }
    if console.level >= .info {
      console.text(Self.table(scores, reference, style: console.errorStyle))
    }
    if let failure = console.failure { throw failure }
  }

  /// Best first; equals in the order given.
  private static func table(
    _ scores: [PolicyScore], _ reference: PolicyScore, style: ConsoleStyle
  ) -> String {
    let order = scores.indices.sorted { (-scores[$0].score, $0) < (-scores[$1].score, $1) }
    let rows =
      order.map { (scores[$0].file ?? scores[$0].name, scores[$0]) }
      + [("baseline: \(reference.name)", reference)]
    let width = rows.map(\.0.count).max() ?? 0
    var lines = [
      style.heading(
        ConsoleText.padded("", width) + "   score  relative  "
          + reference.scenarios.map(\.name).joined(separator: "  "))
    ]
    for (name, score) in rows {
      var line = ConsoleText.padded(ConsoleText.printable(name), width)
      line += ConsoleText.padded(ConsoleText.fixed(score.score, 4), 8, right: true)
      let relative = score.relative.map { ConsoleText.fixed($0, 3) } ?? ""
      line += ConsoleText.padded(relative, 10, right: true)
      for scenario in score.scenarios {
        line += ConsoleText.padded(
          ConsoleText.fixed(scenario.value, 3), scenario.name.count + 2, right: true)
      }
      if score.failures > 0 { line += "  \(score.failures) runs failed" }
      lines.append(line)
    }
    return lines.joined(separator: "\n")
  }
}
