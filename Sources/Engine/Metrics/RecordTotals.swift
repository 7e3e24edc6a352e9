/// What adds up over records.
struct RecordTotals: Sendable, Equatable {
  /// By how requests ended.
  var finished = 0
  var rejected = 0
  var cancelled = 0
  var unfinished = 0
  /// Of finished requests.
  var promptTokens = 0
  var outputTokens = 0
  var retries = 0
  /// Requests that arrived, the first and the last moment at which one did, and the last at which one ended.
  var arrivals = 0
  var firstArrival = SimTime.never
  var lastArrival = SimTime.zero
  var lastEnd = SimTime.zero

  init() {}

  init(_ records: ContiguousArray<RequestRecord>) {
    for record in records { add(record) }
  }

  @inline(__always)
  mutating func add(_ record: borrowing RequestRecord) {
    switch record.outcome {
    case .finished:
      finished += 1
      promptTokens += Int(record.promptTokens)
      outputTokens += Int(record.outputTokens)
    case .rejected: rejected += 1
    case .cancelled: cancelled += 1
    case .unfinished: unfinished += 1
    }
    retries += Int(record.retries)
    if record.arrival != .never {
      arrivals += 1
      firstArrival = min(firstArrival, record.arrival)
      lastArrival = max(lastArrival, record.arrival)
    }
    if record.end != .never { lastEnd = max(lastEnd, record.end) }
  }

  /// From the first arrival to the last end.
  var span: (start: SimTime, length: SimDuration) {
    let start = firstArrival == .never ? .zero : firstArrival
    return (start, max(.zero, lastEnd - start))
  }
}
