import Testing

@testable import Engine

/// Laws over 2,000 random scenarios. `options.check` verifies the KV books after every instant.
struct SimulationLawTests {
  private static func run(_ scenario: Scenario, stepByStep: Bool = false) throws -> RunResult {
    var scenario = scenario
    scenario.options.stepByStep = stepByStep
    return try Simulation.run(scenario)
  }

  @Test(arguments: 0..<2000)
  func everyRequestEndsOnceAndTheBooksBalance(seed: Int) throws {
    var random = RandomScenario(seed: seed)
    let scenario = random.scenario()
    let result = try Self.run(scenario)
    #expect(result.brokenLaw(injected: scenario.workload.requests.count) == nil)
    for record in result.records where record.outcome == .finished {
      #expect(record.outputTokens == scenario.workload.requests[Int(record.id.index)].outputTokens)
    }
    // Each token after the first has one gap.
    let gaps = result.records.filter { $0.outcome == .finished }
      .reduce(0) { $0 + Int($1.outputTokens) - 1 }
    #expect(result.gaps.count == gaps)
    #expect(Int(result.gapHistogram.totalCount) == gaps)
    #expect(result.maxOutputTokensPerSecond == mostTokensPerSecond(result))
    for (row, record) in result.records.enumerated() where record.outcome == .finished {
      let sum = result.gaps[result.gapStarts[row]..<result.gapStarts[row + 1]].reduce(0, +)
      #expect(sum == (record.end - record.firstToken).nanoseconds, "request \(row)")
    }
  }

  @Test(arguments: 0..<2000)
  func countingStepByStepGivesTheSameBytes(seed: Int) throws {
    var random = RandomScenario(seed: seed)
    let scenario = random.scenario()
    let lazy = try Self.run(scenario)
    let explicit = try Self.run(scenario, stepByStep: true)
    let difference = firstDifference(lazy, explicit)
    #expect(difference == nil)
  }

  @Test func twoRunsGiveTheSameBytes() throws {
    var random = RandomScenario(seed: 7)
    let scenario = random.scenario()
    #expect(firstDifference(try Self.run(scenario), try Self.run(scenario)) == nil)
  }

  /// Counts every token by the second that it falls into.
  private func mostTokensPerSecond(_ result: RunResult) -> Int {
    let origin = result.records.map(\.arrival).min() ?? .zero
    var tokens: [Int64: Int] = [:]
    for (row, record) in result.records.enumerated() where record.outcome == .finished {
      var moment = (record.firstToken - origin).nanoseconds
      tokens[moment / 1_000_000_000, default: 0] += 1
      for gap in result.gaps[result.gapStarts[row]..<result.gapStarts[row + 1]] {
        moment += gap
        tokens[moment / 1_000_000_000, default: 0] += 1
      }
    }
    return tokens.values.max() ?? 0
  }
}
