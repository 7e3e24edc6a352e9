@testable import Engine

/// Clusters of toy instances, timed by the toy profile, under the rules of LLMServingSim.
enum ReferenceFixture {
  /// Two layers: with one token 198 µs and attention, with two 216 µs; see `CostBundleFixture`.
  static let costs = [1, 2].map { tpSize in
    Result {
      let bundle = try CostBundleFixture()
      for name in ["dense", "per_sequence", "attention"] where tpSize > 1 {
        let text = [
          "dense": CostBundleFixture.dense, "per_sequence": CostBundleFixture.head,
          "attention": CostBundleFixture.attention,
        ]
        try bundle.write("tp2/\(name).csv", text[name] ?? "")
      }
      return try bundle.cost(.reference, tpSize: tpSize)
    }
  }

  static func cost(tpSize: Int = 1) throws -> ProfileCost { try costs[tpSize - 1].get() }

  static func time(_ batch: [(new: Int, computed: Int)]) throws -> Int64 {
    try cost().iterationTime(CostFixture.shape(batch)).nanoseconds
  }

  /// 1 GiB/s and 2 µs between instances.
  static func scenario(
    _ roles: [InstanceRole], _ requests: [WorkloadRequest], blocks: Int = 100,
    limits: SchedulerLimits = SchedulerLimits(), link: LinkSpec? = nil
  ) throws -> Scenario {
    let instances = roles.enumerated().map {
      RandomScenario.instance("\($1.rawValue)/\($0)", $1, blocks: blocks, limits: limits)
    }
    var workload = Workload(source: "test", format: "by hand")
    workload.requests = RequestList(requests)
    var options = RunOptions()
    options.keepGaps = true
    options.check = true
    let cost = try IterationCost.profile(cost())
    return Scenario(
      cluster: RandomScenario.cluster(instances, link: link), costs: roles.map { _ in cost },
      workload: workload, options: options)
  }

  static func request(_ arrival: Int64, _ prompt: Int, _ output: Int) -> WorkloadRequest {
    WorkloadRequest(
      arrival: SimTime(nanoseconds: arrival), promptTokens: prompt, outputTokens: output)
  }

  static func run(
    _ scenario: Scenario, _ routing: ReferenceRouting = .load
  ) throws -> RunResult {
    try ReferenceSimulation.run(scenario, routing: routing)
  }

  /// Rows of the CSV without its header.
  static func rows(_ result: RunResult, _ scenario: Scenario) -> [[Substring]] {
    text(result, scenario).split(whereSeparator: \.isNewline).dropFirst()
      .map { $0.split(separator: ",", maxSplits: 11) }
  }

  static func text(_ result: RunResult, _ scenario: Scenario) -> String {
    var sink = ByteSink()
    LLMServingSimCSV(result, cluster: scenario.cluster, queueingEnd: .lastChunk).write(to: &sink)
    return sink.text
  }
}
