import ArgumentParser
import Engine
import Foundation

/// Runs policies through the scenarios of a suite.
///
/// A run has a machine of its own and shares nothing but what it reads, so that scores do not depend on which policies run
/// beside each other.
struct PolicyJudge: Sendable {
  private let suite: EvaluationSuite
  private let workers: Int
  private let library: String?
  /// Every run that a policy has to go through, in order.
  private let trials: [Trial]

  private struct Trial: Sendable {
    var place: Int
    var seed: UInt64
    var scenario: Scenario
    var oracle: Bool
  }

  /// Reads what the suite needs: traces, clusters, profiles.
  init(_ suite: EvaluationSuite, _ resources: ResourceFolders, workers: Int) throws {
    self.suite = suite
    self.workers = workers
    library = resources.all("policies/lib").first
    var trials: [Trial] = []
    for (place, entry) in suite.scenarios.enumerated() {
      for seed in entry.seeds {
        let command = try Self.command(entry, seed, suite)
        let scenario = try command.scenario(resources)
        guard scenario.options.targets != nil else {
          throw Self.error(suite, place, "has no targets", "--goodput among its arguments")
        }
        trials.append(
          Trial(
            place: place, seed: seed, scenario: scenario, oracle: command.policyOptions.oracle))
      }
    }
    self.trials = trials
  }

  /// One score for each file, in that order; nil is the engine's defaults.
  func scores(_ files: [String?]) throws -> [PolicyScore] {
    let each = trials.count
    let runs = try SideBySide.map(files.count * each, workers: workers) { place in
      try run(files[place / each], trials[place % each])
    }
    return files.enumerated().map { place, file in
      let own = runs[(place * each)..<((place + 1) * each)]
      let scenarios = suite.scenarios.enumerated().map { index, entry in
        PolicyScore.Scenario(
          name: entry.name, runs: zip(trials, own).filter { $0.0.place == index }.map(\.1))
      }
      return score(file, scenarios)
    }
  }

  private func score(_ file: String?, _ scenarios: [PolicyScore.Scenario]) -> PolicyScore {
    guard let file else {
      return PolicyScore(
        suite: suite.name, file: nil, name: "native", version: nil, sources: [],
        scenarios: scenarios)
    }
    let policy = try? load(file, seed: 0, oracle: false)
    let described = policy?.descriptions.first
    return PolicyScore(
      suite: suite.name, file: file, name: described?.name ?? file, version: described?.version,
      sources: (policy?.sources ?? [file]).map(SourceFile.init(reading:)), scenarios: scenarios)
  }

  private func load(_ file: String, seed: UInt64, oracle: Bool) throws(PolicyError) -> LuaPolicy {
    var options = LuaPolicyOptions()
    options.seed = seed
    options.libraryFolder = library
    options.oracle = oracle
    options.version = SimHostCommand.version
    options.maxInstructions = suite.budget.instructionsPerCall
    options.memoryLimit = suite.budget.memoryMiB << 20
    let total = SimDuration(roundingUp: suite.budget.secondsPerRun)
    options.totalTimeout = total
    // One call may use up what the run has: the count of instructions ends it before, the same on every machine.
    options.hookTimeout = total
    return try LuaPolicy.load(files: [file], options: options)
  }

  private func run(_ file: String?, _ trial: Trial) throws -> PolicyScore.Run {
    let scenario = trial.scenario
    var observer = SilentObserver()
    let result: RunResult
    do {
      if let file {
        var policy = try load(file, seed: trial.seed, oracle: trial.oracle)
        result = try Simulation.run(scenario, policy: &policy, observer: &observer)
      } else {
        var policy = NativePolicy()
        result = try Simulation.run(scenario, policy: &policy, observer: &observer)
      }
    } catch let error as PolicyError {
      return PolicyScore.Run(seed: trial.seed, failure: error)
    } catch SimulationError.policy(let error) {
      return PolicyScore.Run(seed: trial.seed, failure: error)
    }
    let injected = scenario.workload.requests.count
    if let law = result.brokenLaw(injected: injected) { throw SimulationError.brokenLaw(law) }
    return PolicyScore.Run(
      seed: trial.seed,
      summary: try RunSummary(result, of: scenario))
  }

  // MARK: Reading scenarios

  /// A scenario's arguments as a run, without what a suite may not say.
  private static func command(
    _ entry: EvaluationSuite.Scenario, _ seed: UInt64, _ suite: EvaluationSuite
  ) throws -> RunCommand {
    let place = suite.scenarios.firstIndex { $0.name == entry.name } ?? 0
    let command: RunCommand
    do {
      command = try RunCommand.parse(entry.arguments + ["--seed", "\(seed)"])
    } catch {
      throw Self.error(
        suite, place, "is no command line: \(RunCommand.message(for: error))",
        "options of simhost run")
    }
    let writes = !command.outputs.paths.isEmpty || command.decisionOptions.isAsked
    guard command.policyOptions.policy.isEmpty, !writes, command.seedOptions.seeds == nil,
      command.compat.compat == nil, !entry.arguments.contains("--seed")
    else {
      throw Self.error(
        suite, place, "says more than what is simulated",
        "no --policy, no files to write, no --compat, and seeds under \"seeds\"")
    }
    return command
  }

  private static func error(
    _ suite: EvaluationSuite, _ place: Int, _ problem: String, _ expected: String
  ) -> InputError {
    InputError(
      file: suite.source, key: "scenarios[\(place)].arguments", problem: problem,
      expected: expected)
  }
}
