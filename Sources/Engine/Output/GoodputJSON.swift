/// The highest rates that candidates bear, as JSON.
public struct GoodputJSON: OutputDocument {
  /// What one candidate bore in one seed.
  public struct Seed: Sendable {
    public var seed: UInt64
    public var search: RateSearch
    /// Share of requests that kept all objectives at that rate; the objective that kept it from being higher.
    public var share: Double
    public var limitedBy: String
    /// How long the requests took to arrive at that rate, and the mean latency then, in ms.
    public var span: SimDuration
    public var latency: Double

    public init(
      seed: UInt64, search: RateSearch, share: Double, limitedBy: String, span: SimDuration,
      latency: Double
    ) {
      self.seed = seed
      self.search = search
      self.share = share
      self.limitedBy = limitedBy
      self.span = span
      self.latency = latency
    }
  }

  /// A candidate in all seeds.
  public struct Candidate: Sendable {
    public var name: String
    public var seeds: [Seed]
    public var interval: MeanInterval
    /// Against the first candidate; nil for that one.
    public var difference: PairedDifference?
    /// Candidates beside the first: each is a chance for luck.
    private var pairs: Int

    public init(name: String, seeds: [Seed], baseline: [Seed]?, pairs: Int, bootstrapSeed: UInt64) {
      self.name = name
      self.seeds = seeds
      self.pairs = pairs
      interval = MeanInterval(seeds.map(\.search.rate), seed: bootstrapSeed)
      difference = baseline.map { baseline in
        PairedDifference(
          zip(baseline, seeds).map { $1.search.rate - $0.search.rate }, seed: bootstrapSeed)
      }
    }

    /// As in a comparison: the chance that any candidate gets this far, and the interval.
    public var isSignificant: Bool {
      difference.map {
        $0.leavesOutZero && $0.pValue * Double(pairs) < CandidateComparison.level
      } ?? false
    }
  }

  private let targets: GoodputTargets
  private let share: Double
  private let candidates: [Candidate]

  public init(targets: GoodputTargets, share: Double, candidates: [Candidate]) {
    self.targets = targets
    self.share = share
    self.candidates = candidates
  }

  public func write(to sink: inout ByteSink) {
    var json = JSONWriter(sink)
    json.object { json in
      json.object("slo") { json in
        json.field("ttft_ms", targets.ttft)
        json.field("tpot_ms", targets.tpot)
        json.field("e2el_ms", targets.endToEnd)
        json.field("share", share)
      }
      json.array("candidates", candidates) { json, candidate in
        json.object { json in
          json.field("name", candidate.name)
          json.field("rate", candidate.interval.mean)
          json.field("lower_95", candidate.interval.lower)
          json.field("upper_95", candidate.interval.upper)
          if let difference = candidate.difference {
            json.object("difference") { json in
              json.field("rate", difference.interval.mean)
              json.field("lower_95", difference.interval.lower)
              json.field("upper_95", difference.interval.upper)
              json.field("p", difference.pValue)
              json.field("significant", json: candidate.isSignificant ? "true" : "false")
            }
          }
          json.array("seeds", candidate.seeds) { json, seed in
            json.object { json in
              json.field("seed", seed.seed)
              json.field("rate", seed.search.rate)
              json.field("failed_at", seed.search.failed)
              json.field("share", seed.share)
              json.field("limited_by", seed.limitedBy)
              json.field("evaluations", seed.search.evaluations)
              json.field("arrivals_span_s", seed.span.seconds)
              json.field("mean_e2el_ms", seed.latency)
            }
          }
        }
      }
    }
    json.endDocument()
    sink = json.sink
  }
}
