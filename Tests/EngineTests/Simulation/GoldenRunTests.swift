import Foundation
import Testing

@testable import Engine

/// Whole runs as texts that a person can read: what became of each request, and when.
///
/// `SIMHOST_RECORD=1` writes them anew. They guard against changes that nobody meant; whether a text is right is shown by
/// the laws (`SimulationLawTests`: books, ends, gaps) and by hand (`HandComputedRunTests`).
@Suite struct GoldenRunTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
      "Fixtures/runs")

  /// Seeds of random scenarios that, between them, hand over, share prefixes, preempt, reject and follow sessions.
  @Test(arguments: [14, 21, 31, 42]) func theRunIsTheRecordedOne(seed: Int) throws {
    var random = RandomScenario(seed: seed)
    var scenario = random.scenario()
    scenario.cluster.kvTransfer = KVTransferSpec()
    scenario.cluster.network = nil
    scenario.options.firstToken = .prefill
    let text = Self.describe(scenario, try Simulation.run(scenario))
    let file = Self.folder.appendingPathComponent("seed-\(seed).txt")
    if ProcessInfo.processInfo.environment["SIMHOST_RECORD"] == "1" {
      try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(text == (try String(contentsOf: file, encoding: .utf8)))
  }

  private static func describe(_ scenario: Scenario, _ result: RunResult) -> String {
    var text = ""
    for (spec, totals) in zip(scenario.cluster.instances, result.instances) {
      text +=
        "\(spec.name): \(totals.kvCapacityBlocks) blocks of \(spec.limits.blockSize), "
        + "\(totals.iterations) iterations, \(totals.prefillTokens) prompt tokens, "
        + "\(totals.decodeTokens) output tokens, peak \(totals.kvPeakBlocks) blocks\n"
    }
    text += "ends at \(result.end.nanoseconds) ns\n\n"
    for record in result.records {
      func moment(_ name: String, _ time: SimTime) -> String {
        time == .never ? "" : " \(name) \(time.nanoseconds)"
      }
      let cached = record.cachedTokens > 0 ? " (\(record.cachedTokens) cached)" : ""
      text +=
        "#\(record.id.index) \(record.promptTokens)\(cached) + \(record.outputTokens) tokens:"
        + moment("arrives", record.arrival) + moment("starts", record.prefillStart)
        + moment("first token", record.firstToken) + moment("sent", record.transferStart)
        + moment("received", record.transferEnd)
        + (record.preemptions > 0 ? " preempted \(record.preemptions) times" : "")
        + " \(record.outcome.rawValue)"
        + (record.reason >= 0 ? " (\(result.reasons[Int(record.reason)]))" : "")
        + moment("at", record.end) + "\n"
    }
    return text
  }
}
