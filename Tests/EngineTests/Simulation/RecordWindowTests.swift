import Foundation
import Testing

@testable import Engine

/// Runs that let records go: the statistics are those of runs that keep them, and each record is told of once, in order.
@Suite struct RecordWindowTests {
  /// Keeps what it is told.
  private final class Records: RunObserver {
    var records: ContiguousArray<RequestRecord> = []
    var calls = 0
    var watchesRecords: Bool { true }
    func sample(_ sample: IntervalSample) {}
    func progress(ended: Int, of total: Int, at now: SimTime) {}
    func ended(_ records: UnsafeBufferPointer<RequestRecord>, reasons: [String]) {
      calls += 1
      self.records.append(contentsOf: records)
      for record in records where record.outcome == .rejected {
        #expect(reasons.indices.contains(Int(record.reason)))
      }
    }
  }

  /// Scenarios of the fault laws, half of them without faults; no sessions, whose records are kept.
  private static func scenario(_ seed: Int) -> Scenario {
    var scenario = FaultLawTests.scenario(seed)
    if seed % 2 == 0 { scenario.options.faults.faults = [] }
    scenario.options.keepGaps = false
    scenario.options.targets = GoodputTargets(ttft: 0.03, endToEnd: 0.2)
    var requests = RequestList()
    for var request in scenario.workload.requests {
      request.followsPrevious = false
      requests.append(request)
    }
    scenario.workload.requests = requests
    return scenario
  }

  /// Short prompts for one instance, a request each `interval` ns.
  private static func oneInstance(
    requests: Int, every interval: Int64, output: (Int) -> Int
  ) -> Scenario {
    var workload = Workload(source: "test", format: "test")
    for id in 0..<requests {
      workload.requests.append(
        WorkloadRequest(
          arrival: SimTime(nanoseconds: Int64(id) * interval), promptTokens: 8,
          outputTokens: output(id)))
    }
    return Scenario(
      cluster: RandomScenario.cluster([
        RandomScenario.instance("mixed/0", .mixed, blocks: 4000)
      ]),
      costs: [.linear(LinearCost(base: 1000, perPrefillToken: 0, perDecodeRequest: 0))],
      workload: workload)
  }

  private static func run(_ scenario: Scenario, _ policy: String?) throws -> (RunResult, Records) {
    var observer = Records()
    guard let policy else {
      var native = NativePolicy()
      return (try Simulation.run(scenario, policy: &native, observer: &observer), observer)
    }
    var loaded = try LuaPolicy.load(files: [policy])
    return (try Simulation.run(scenario, policy: &loaded, observer: &observer), observer)
  }

  private static func compare(_ scenario: Scenario, policy: String? = nil) throws {
    var scenario = scenario
    let (kept, silent) = try run(scenario, policy)
    scenario.options.keepRecords = false
    let (gone, told) = try run(scenario, policy)
    #expect(kept.digest == nil && silent.calls == 0 && gone.records.isEmpty)
    #expect(told.records == kept.records)
    #expect(gone.digest == RecordDigest(kept.records, targets: scenario.options.targets))
    #expect(gone.policyJSON == kept.policyJSON)
    let injected = scenario.workload.requests.count
    #expect(gone.brokenLaw(injected: injected) == nil)
    #expect(gone.brokenLaw(injected: injected + 1) != nil)
    var same = gone
    same.records = kept.records
    // Nobody has asked for gaps.
    let difference = FaultLawTests.difference(same, kept)
    #expect(difference == nil)
  }

  @Test(arguments: 0..<400)
  func theStatisticsAreThoseOfKeptRecords(seed: Int) throws {
    try Self.compare(Self.scenario(seed))
  }

  /// A policy that looks at everything, throws dice, and moves and gives up requests.
  @Test(arguments: 0..<200)
  func aPolicySeesTheSame(seed: Int) throws {
    let own = "simhost-window-\(seed)-\(ProcessInfo.processInfo.processIdentifier).lua"
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(own).path
    let text = ChaosPolicy.text(
      admits: seed % 2 == 0, batches: seed % 3 != 0, every: seed % 5 == 0, scan: seed % 7 == 0,
      victims: seed % 3 == 0, evicts: seed % 4 < 2)
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: file) }
    do {
      try Self.compare(Self.scenario(seed), policy: file)
    } catch let error as SimulationError {
      // Its second choices need not fit the request.
      let isItsOwn = ["stall", "cannot decode on"].contains { "\(error)".contains($0) }
      #expect(isItsOwn, "\(error)")
    }
  }

  /// The first request outlives 5,000 others, all of which wait in the window for it.
  @Test func theWindowGrowsForAStraggler() throws {
    try Self.compare(Self.oneInstance(requests: 5001, every: 1000) { $0 == 0 ? 4000 : 2 })
  }

  @Test func aRunOfNoRequestsEnds() throws {
    var scenario = Self.scenario(2)
    scenario.workload.requests = []
    for keeps in [true, false] {
      scenario.options.keepRecords = keeps
      let result = try Simulation.run(scenario)
      #expect(result.records.isEmpty && result.brokenLaw(injected: 0) == nil)
    }
  }

  /// What takes a second look at records, or has no end that is known, keeps them.
  @Test func recordsAreKeptWhereStatisticsNeedThem() throws {
    var scenario = Self.scenario(2)
    scenario.options.keepRecords = false
    let gathers = scenario.tally != nil
    #expect(gathers)
    var sessions = scenario
    sessions.workload.requests = RequestList()
    for (place, var request) in scenario.workload.requests.enumerated() {
      request.followsPrevious = place == 1
      sessions.workload.requests.append(request)
    }
    let keeps = sessions.tally == nil
    #expect(keeps)
    var result = try Simulation.run(sessions)
    #expect(result.records.count == sessions.workload.requests.count && result.digest == nil)
    scenario.options.keepGaps = true
    result = try Simulation.run(scenario)
    #expect(result.records.count == scenario.workload.requests.count && result.digest == nil)
  }

  /// A policy may ask a request of long ago what became of it.
  @Test func viewsOfRequestsWhoseRecordsAreGoneSayWhenTheyEnded() throws {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("simhost-past-\(ProcessInfo.processInfo.processIdentifier).lua").path
    try """
    local first
    return { api = 1, route = function(request, candidates)
      first = first or request
      if request.id == 3000 then return first.stage and candidates[1] end
      return candidates[1]
    end }
    """.write(toFile: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: file) }
    var scenario = Self.oneInstance(requests: 4000, every: 10_000) { _ in 2 }
    var texts: [String] = []
    for keeps in [true, false] {
      scenario.options.keepRecords = keeps
      let error = #expect(throws: SimulationError.self) { try Self.run(scenario, file) }
      texts.append(error.map { "\($0)" } ?? "")
    }
    #expect(texts[0] == texts[1] && texts[0].contains("ended"), "\(texts)")
  }
}
