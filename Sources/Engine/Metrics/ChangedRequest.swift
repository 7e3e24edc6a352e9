/// A request that two runs of the same workload served differently.
public struct ChangedRequest: Sendable {
  public var seed: UInt64
  /// Its place in the run, and in the trace.
  public var id: RequestID
  public var origin: Int
  public var promptTokens: Int
  public var outputTokens: Int
  /// From arrival to last token.
  public var before: SimDuration
  public var after: SimDuration
  /// The stage of its life that changed most, and by how much.
  public var stage: String
  public var stageChange: SimDuration

  public var change: SimDuration { after - before }

  /// How requests differ between two runs with one workload.
  public struct Changes: Sendable {
    /// Those that both runs finished, by how much their latency changed, the largest change first.
    public var largest: [ChangedRequest] = []
    /// Requests that finished in one run only.
    public var otherOutcome = 0
    public init() {}
  }

  /// - Parameter count: how many to keep.
  /// - Parameter origins: the index in the trace of each request.
  public static func between(
    _ before: RunResult, _ after: RunResult, seed: UInt64, origins: ContiguousArray<Int32>,
    count: Int
  ) -> Changes {
    var changes = Changes()
    for (old, new) in zip(before.records, after.records) {
      guard let was = old.endToEnd, let is_ = new.endToEnd else {
        if (old.outcome == .finished) != (new.outcome == .finished) { changes.otherOutcome += 1 }
        continue
      }
      guard was != is_ else { continue }
      let (stage, stageChange) = largestStageChange(old, new)
      let index = Int(new.id.index)
      changes.largest.append(
        ChangedRequest(
          seed: seed, id: new.id,
          origin: origins.indices.contains(index) ? Int(origins[index]) : index,
          promptTokens: Int(new.promptTokens), outputTokens: Int(new.outputTokens), before: was,
          after: is_, stage: stage, stageChange: stageChange))
      if changes.largest.count >= max(64, 4 * count) { changes.keep(count) }
    }
    changes.keep(count)
    return changes
  }

  private static func largestStageChange(_ old: RequestRecord, _ new: RequestRecord)
    -> (String, SimDuration)
  {
    let stages: [(String, KeyPath<RequestRecord, SimDuration?>)] = [
      ("queue", \.queueing), ("prefill", \.prefill), ("KV wait", \.kvWait),
      ("transfer", \.transfer), ("decode queue", \.decodeQueue), ("decode", \.decode),
    ]
    var largest = ("queue", SimDuration.zero)
    for (name, stage) in stages {
      let change = (new[keyPath: stage] ?? .zero) - (old[keyPath: stage] ?? .zero)
      if change.nanoseconds.magnitude > largest.1.nanoseconds.magnitude { largest = (name, change) }
    }
    return largest
  }
}

extension ChangedRequest.Changes {
  /// Adds those of another seed, and keeps the `count` largest.
  public mutating func add(_ other: Self, keeping count: Int) {
    largest += other.largest
    otherOutcome += other.otherOutcome
    keep(count)
  }

  mutating func keep(_ count: Int) {
    largest.sort {
      ($1.change.nanoseconds.magnitude, $0.seed, $0.id)
        < ($0.change.nanoseconds.magnitude, $1.seed, $1.id)
    }
    largest.removeLast(max(0, largest.count - count))
  }
}
