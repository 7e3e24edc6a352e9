/// A search for parameters as JSON: its rounds, the best point, and how that did against the defaults on other samples.
public struct TuneJSON: OutputDocument {
  /// Points that served the same samples, the best first.
  public struct Round: Sendable {
    public var seeds: Int
    /// Values of the parameters as text, and the mean of the metric; nil where a run failed.
    public var ranking: [(values: [String], value: Double?)]

    public init(seeds: Int, ranking: [(values: [String], value: Double?)]) {
      self.seeds = seeds
      self.ranking = ranking
    }
  }

  private let metric: SeedMetric
  private let parameters: [String]
  private let rounds: [Round]
  private let isBetter: Bool
  private let evidence: CandidateComparisonJSON?

  /// - Parameter isBetter: whether the first of the last round is better than the defaults, on samples that it was not chosen by.
  /// - Parameter evidence: that comparison; nil where the defaults are the best.
  public init(
    metric: SeedMetric, parameters: [String], rounds: [Round], isBetter: Bool,
    evidence: CandidateComparisonJSON?
  ) {
    self.metric = metric
    self.parameters = parameters
    self.rounds = rounds
    self.isBetter = isBetter
    self.evidence = evidence
  }

  public func write(to sink: inout ByteSink) {
    var json = JSONWriter(sink)
    json.object { json in
      json.field("metric", metric.key)
      json.field("goal", metric.largerIsBetter ? "maximize" : "minimize")
      json.field("better_than_defaults", json: isBetter ? "true" : "false")
      if let best = rounds.last?.ranking.first {
        json.object("best") { write(best.values, &$0) }
      }
      json.array("rounds", rounds) { json, round in
        json.object { json in
          json.field("seeds", round.seeds)
          json.array("points", round.ranking) { json, point in
            json.object { json in
              json.object("parameters") { write(point.values, &$0) }
              json.field(metric.key, point.value)
            }
          }
        }
      }
      evidence?.writeComparisons(&json)
    }
    json.endDocument()
    sink = json.sink
  }

  private func write(_ values: [String], _ json: inout JSONWriter) {
    for (name, value) in zip(parameters, values) { json.field(name, value) }
  }
}
