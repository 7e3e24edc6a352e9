import Engine
import Foundation

/// What a run of one seed leaves: its summary, and what its policy said.
struct SeedRun: Sendable {
  var seed: UInt64
  var summary: RunSummary
  var log: [PolicyLogEntry]
}

extension RunCommand {
  /// Runs the scenario once for each of `count` seeds: trace and profiles are shared, all else is each run's own.
  ///
  /// Files of a seed are named after it. What policies say comes after the runs, in order of seeds.
  func runSeeds(
    _ count: Int, console: Console, resources: ResourceFolders, inputs: [String]
  ) throws {
    let seeds = (0..<count).map { seed &+ UInt64($0) }
    try OutputFile.check(seeds.flatMap { outputs.named(after: $0).paths }, inputs: inputs)
    let scenario = try scenario(resources)
    // A policy that cannot be loaded should say so once.
    _ = try policyOptions.load(seed: seed, resources: resources, console: console)

    let cores = ProcessInfo.processInfo.activeProcessorCount
    let command = self
    let runs = try SideBySide.map(count, workers: seedOptions.workers ?? cores) { place in
      try command.run(seeds[place], of: scenario, resources: resources, inputs: inputs)
    }
    for run in runs {
      for entry in run.log { console.policyLog(entry) }
    }
    let report = SeedReport(style: console.outputStyle)
    console.result(report.table(runs))
    if let failure = console.failure { throw failure }
  }

  private func run(
    _ seed: UInt64, of scenario: Scenario, resources: ResourceFolders, inputs: [String]
  ) throws -> SeedRun {
    var scenario = scenario
    scenario.options.seed = seed
    scenario.options.logInterval = nil
    let log = LogLines()
    let outputs = outputs.named(after: seed)
    let policy = try policyOptions.load(
      seed: seed, resources: resources, onLog: { log.entries.append($0) })
    let table = try outputs.table(of: &scenario, policy, inputs: inputs)
    var observer = TableObserver(table: table)
    let finished: FinishedRun
    if var policy {
      let result = try Simulation.run(scenario, policy: &policy, observer: &observer)
      finished = try finish(scenario, result, policy)
    } else {
      var native = NativePolicy()
      finished = try finish(
        scenario, Simulation.run(scenario, policy: &native, observer: &observer), nil)
    }
    if let law = finished.result.brokenLaw(injected: scenario.workload.requests.count) {
      throw SimulationError.brokenLaw(law)
    }
    try outputs.save(finished, inputs: inputs, table: table)
    return SeedRun(seed: seed, summary: finished.summary, log: log.entries)
  }
}

/// Lines in the order in which they were logged.
private final class LogLines {
  var entries: [PolicyLogEntry] = []
}

extension OutputOptions {
  /// The same outputs under names of their own: `run.csv` of seed 3 is `run-seed3.csv`.
  func named(after seed: UInt64) -> OutputOptions {
    func named(_ path: String) -> String {
      let folder = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
      let dot = path[folder...].dropFirst().lastIndex(of: ".") ?? path.endIndex
      return "\(path[..<dot])-seed\(seed)\(path[dot...])"
    }
    var options = self
    options.output = output.map(named)
    options.summary = summary.map(named)
    options.runFile = runFile.map(named)
    options.report = report.map(named)
    options.benchServe = benchServe.map(named)
    options.aiperf = aiperf.map(named)
    return options
  }
}
