/// How well a policy did in a suite: one number, and all that it is made of.
///
/// The value of a run is the share of all its requests that kept the scenario's targets; rejected ones do not, and a run
/// that fails has 0. The score is the mean over scenarios, each the mean over its seeds.
public struct PolicyScore: OutputDocument, Sendable {
  public struct Run: Sendable {
    public var seed: UInt64
    /// nil when the run failed.
    public var summary: RunSummary?
    public var failure: PolicyError?

    public init(seed: UInt64, summary: RunSummary) {
      self.seed = seed
      self.summary = summary
    }

    public init(seed: UInt64, failure: PolicyError) {
      self.seed = seed
      self.failure = failure
    }

    public var value: Double { summary?.goodput?.share ?? 0 }
  }

  public struct Scenario: Sendable {
    public var name: String
    public var runs: [Run]
    public init(name: String, runs: [Run]) {
      self.name = name
      self.runs = runs
    }
    public var value: Double { mean(runs.map(\.value)) }
  }

  public var suite: String
  /// File as it was given; the engine's defaults have none.
  public var file: String?
  public var name: String
  public var version: String?
  public var sources: [SourceFile]
  public var scenarios: [Scenario]
  /// Score of the policy that this one is compared with.
  public var baseline: (name: String, score: Double)?

  public init(
    suite: String, file: String?, name: String, version: String?, sources: [SourceFile],
    scenarios: [Scenario]
  ) {
    self.suite = suite
    self.file = file
    self.name = name
    self.version = version
    self.sources = sources
    self.scenarios = scenarios
  }

  public var score: Double { mean(scenarios.map(\.value)) }
  public var failures: Int { scenarios.reduce(0) { $0 + $1.runs.count { $0.failure != nil } } }
  /// Over the score of the baseline; nil without one, or where that is 0.
  public var relative: Double? {
    baseline.flatMap { $0.score > 0 ? score / $0.score : nil }
  }

  /// One line of JSON.
  public func write(to sink: inout ByteSink) {
    var json = JSONWriter(ByteSink(), isCompact: true)
    json.object { json in
      if let file { json.field("policy", file) } else { json.field("policy", json: "null") }
      json.field("name", name)
      if let version { json.field("version", version) }
      json.field("suite", suite)
      json.field("score", score)
      if let baseline {
        json.field("relative", relative)
        json.field("baseline", baseline.name)
        json.field("baseline_score", baseline.score)
      }
      json.field("failed_runs", failures)
      json.array("scenarios", scenarios) { json, scenario in
        json.object { json in
          json.field("name", scenario.name)
          json.field("score", scenario.value)
          json.array("runs", scenario.runs) { json, run in json.object { $0.run(run) } }
        }
      }
      json.array("sources", sources) { json, source in
        json.object { json in
          json.field("file", source.path)
          json.field("sha256", source.sha256)
        }
      }
    }
    json.endDocument()
    sink.write(json.sink.text)
  }
}

private func mean(_ values: [Double]) -> Double {
  values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
}

extension JSONWriter {
  fileprivate mutating func run(_ run: PolicyScore.Run) {
    field("seed", run.seed)
    field("good_share", run.value)
    if let summary = run.summary {
      field("finished", summary.conservation.finished)
      field("rejected", summary.conservation.rejected)
      field("mean_ttft_ms", summary.ttft?.mean)
      field("p99_ttft_ms", summary.ttft?.p99)
      field("mean_tpot_ms", summary.tpot?.mean)
      field("p99_tpot_ms", summary.tpot?.p99)
      field("mean_e2el_ms", summary.endToEnd?.mean)
    }
    if let failure = run.failure {
      object("error") { json in
        json.field("message", failure.description)
        json.field("file", failure.file)
        if let line = failure.line { json.field("line", line) }
        if let hook = failure.hook { json.field("hook", hook) }
        if let time = failure.time { json.field("time_s", time.seconds) }
        if let subject = failure.subject { json.field("subject", subject) }
        json.field("problem", failure.problem)
        if let suggestion = failure.suggestion { json.field("suggestion", suggestion) }
      }
    }
  }
}
