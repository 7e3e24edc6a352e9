/// Order in which waiting requests are considered.
public enum BatchOrder: Equatable, Sendable {
  case firstComeFirstServed
  /// Shortest remaining prompt first; ties by arrival order.
  case shortestFirst
  /// Earliest deadline first; ties by arrival order.
  case earliestDeadlineFirst
  /// The policy's own comparison: all waiting requests of the instance, sorted by it.
  case listed(ContiguousArray<RequestRef>)
}

/// What a `batch` hook that returns a table asks of the native scheduler for this iteration; nil keeps the instance's own.
public struct BatchLimits: Equatable, Sendable {
  public var maxNumSeqs: Int?
  public var maxNumBatchedTokens: Int?
  /// Most prompt tokens of one request.
  public var chunkTokens: Int?
  public var order = BatchOrder.firstComeFirstServed
  /// While any prompt work can be scheduled, the iteration holds prompt work only.
  public var prefillFirst = false
  public init() {}
}
