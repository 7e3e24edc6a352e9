import ArgumentParser
import Engine
import Foundation

/// `simhost why`: runs again, and tells what decided about one request.
struct WhyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why",
    abstract: "Tell the life of one request, and the numbers that decided it.",
    discussion: """
      Repeats a run, given by its options or by a summary that it left, and follows one request through it: each hook that \
      was asked about it, what the policy read of each candidate, what it answered, and what the other candidates would \
      have cost by the engine's own models.

      EXAMPLES
        simhost why 17 --policy policies/least_kv.lua
        simhost why 17 run.json

      A request's number is its id in the output files: its place in the trace, from 0.
      """)

  @Argument(help: "The request: its place in the trace, from 0.") var request: Int

  @Argument(
    help: ArgumentHelp(
      "JSON summary of the run, as --summary wrote it; else the run is given by its options.",
      valueName: "summary.json"))
  var summaryFile: String?

  @OptionGroup var given: RunCommand

  func run() throws {
    let console = Console(level: .warning)
    let resources = ResourceFolders()
    let command = try repeated(console)
    var scenario = try command.scenario(resources)
    // The story is told from the record of the request.
    scenario.options.keepRecords = true
    let requests = scenario.workload.requests
    guard requests.indices.contains(request) else {
      throw ValidationError(
        "request \(request): the trace has requests 0 to \(requests.count - 1)")
    }
    let id = RequestID(request)
    let policy = try command.policyOptions.load(
      seed: command.seed, resources: resources, console: console)
    var decisions: [PolicyDecision] = []
    var recording = try RecordingPolicy(
      policy, estimates: true, tellsDefaults: scenario.options.viewLag == nil
    ) { decision in
      if Self.concerns(decision, id) { decisions.append(decision) }
    }
    var observer = SilentObserver()
    let result = try Simulation.run(scenario, policy: &recording, observer: &observer)
    if let law = result.brokenLaw(injected: requests.count) {
      throw SimulationError.brokenLaw(law)
    }
    guard let record = result.records.first(where: { $0.id == id }) else {
      throw SimulationError.brokenLaw("request \(request) left no record")
    }
    let session = Int(requests[request].session)
    let names = scenario.workload.sessionNames
    let story = RequestStory(
      request: requests[request], record: record, decisions: decisions, result: result,
      cluster: scenario.cluster, session: names.indices.contains(session) ? names[session] : nil,
      style: console.outputStyle)
    console.result(story.text)
    if let failure = console.failure { throw failure }
  }

  /// The run to repeat.
  private func repeated(_ console: Console) throws -> RunCommand {
    guard let summaryFile else {
      guard given.compat.compat == nil, given.seedOptions.seeds == nil else {
        throw ValidationError("why follows one native run: leave out --compat and --seeds")
      }
      return given
    }
    if let option = CommandLine.arguments.dropFirst().first(where: { $0.hasPrefix("--") }) {
      throw ValidationError("\(option): the run is that of \(summaryFile); give one of the two")
    }
    let record = try RunRecord(summaryFile)
    for change in record.changes { console.warning(change) }
    return try RunCommand.parse(record.arguments)
  }

  private static func concerns(_ decision: PolicyDecision, _ id: RequestID) -> Bool {
    decision.request == id || decision.candidates.contains { $0.request == id }
      || decision.calls.contains { $0.request == id }
  }
}
