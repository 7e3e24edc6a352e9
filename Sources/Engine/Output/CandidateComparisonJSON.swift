/// Comparisons as JSON: one for each combination of what was not compared.
public struct CandidateComparisonJSON: OutputDocument {
  /// A comparison, and what all its candidates shared.
  public struct Block: Sendable {
    public var shared: [(name: String, value: String)]
    public var comparison: CandidateComparison

    public init(shared: [(name: String, value: String)], comparison: CandidateComparison) {
      self.shared = shared
      self.comparison = comparison
    }
  }

  private let blocks: [Block]
  private let firstSeed: UInt64

  public init(_ blocks: [Block], firstSeed: UInt64) {
    self.blocks = blocks
    self.firstSeed = firstSeed
  }

  public func write(to sink: inout ByteSink) {
    var json = JSONWriter(sink)
    json.object { json in
      json.field("first_seed", firstSeed)
      writeComparisons(&json)
    }
    json.endDocument()
    sink = json.sink
  }

  /// The array of comparisons, as a field of the object that is open.
  func writeComparisons(_ json: inout JSONWriter) {
    json.array("comparisons", blocks) { json, block in
      json.object { json in
        for (name, value) in block.shared { json.field(name, value) }
        json.field("seeds", block.comparison.seeds)
        json.field("baseline", block.comparison.baseline)
        json.array("against", block.comparison.pairs) { json, pair in
          json.object { Self.write(pair, to: &$0) }
        }
      }
    }
  }

  private static func write(_ pair: CandidateComparison.Pair, to json: inout JSONWriter) {
    json.field("name", pair.name)
    json.field("verdict", pair.verdict.rawValue)
    json.array("metrics", pair.rows) { json, row in
      json.object { json in
        json.field("name", row.metric.key)
        json.field("title", row.metric.title)
        json.field("baseline", row.baseline)
        json.field("candidate", row.candidate)
        json.field("difference", row.difference.interval.mean)
        json.field("lower_95", row.difference.interval.lower)
        json.field("upper_95", row.difference.interval.upper)
        json.field("p", row.difference.pValue)
        json.field("p_corrected", row.correctedPValue)
        json.field("pairs", row.difference.interval.count)
        json.field("wins", row.wins)
        json.field("losses", row.losses)
        json.field("significant", json: row.isSignificant ? "true" : "false")
        json.field("better", json: row.isBetter ? "true" : "false")
      }
    }
    json.field("other_outcome", pair.changes.otherOutcome)
    json.array("changed_most", pair.changes.largest) { json, request in
      json.object { json in
        json.field("seed", request.seed)
        json.field("request", request.origin)
        json.field("prompt_tokens", request.promptTokens)
        json.field("output_tokens", request.outputTokens)
        json.field("baseline_e2el_ms", request.before.milliseconds)
        json.field("candidate_e2el_ms", request.after.milliseconds)
        json.field("stage", request.stage)
        json.field("stage_change_ms", request.stageChange.milliseconds)
      }
    }
  }
}
