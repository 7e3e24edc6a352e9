/// What statistics need of the records of a run, gathered one record at a time, in order of `RequestID`.
///
/// Each record is looked at once, so that a run need not keep those of requests that have ended: a record has 152 bytes,
/// and what stays of it here about 36.
struct RecordTally: ~Copyable {
  private var totals = RecordTotals()
  private var laws = RecordLaws()
  private var latencies: LatencySamples
  private var waits: WaitSamples
  private var concurrency: Concurrency
  private var backlog: BacklogCount
  private var goodput: GoodputCount?
  /// Rejected requests by the index of their reason, and those without one.
  private var rejections: [Int] = []
  private var rejectionsWithoutReason = 0

  /// - Parameter expected: requests that may come.
  /// - Parameter arrivals: moments of the first and of the last arrival.
  init(expected: Int, arrivals: (first: SimTime, last: SimTime), targets: GoodputTargets?) {
    latencies = LatencySamples(expected: expected)
    waits = WaitSamples(expected: expected)
    concurrency = Concurrency(origin: arrivals.first, expected: expected)
    backlog = BacklogCount(arrivals)
    goodput = targets.map { GoodputCount($0) }
  }

  @inline(__always)
  mutating func add(_ record: borrowing RequestRecord) {
    totals.add(record)
    laws.check(record)
    latencies.add(record)
    waits.add(record)
    concurrency.add(record)
    backlog.add(record)
    goodput?.add(copy record)
    if record.outcome == .rejected { reject(Int(record.reason)) }
  }

  private mutating func reject(_ reason: Int) {
    guard reason >= 0 else {
      rejectionsWithoutReason += 1
      return
    }
    while rejections.count <= reason { rejections.append(0) }
    rejections[reason] += 1
  }

  /// What was gathered comes to. A quantity gives its memory back before the next is looked at.
  consuming func digest() -> RecordDigest {
    let (queueing, kvWait, transfer, decodeQueue) = waits.distributions()
    let (ttft, tpot, endToEnd) = latencies.distributions()
    return RecordDigest(
      totals: totals, laws: laws, ttft: ttft, tpot: tpot, endToEnd: endToEnd, queueing: queueing,
      kvWait: kvWait, transfer: transfer, decodeQueue: decodeQueue,
      maxConcurrentRequests: concurrency.peak(), backlog: backlog.drift, goodput: goodput,
      rejections: rejections, rejectionsWithoutReason: rejectionsWithoutReason)
  }
}

/// What statistics say of a set of records. Distributions are nil where no request has the quantity.
struct RecordDigest: Sendable, Equatable {
  var totals: RecordTotals
  var laws: RecordLaws
  var ttft: Distribution?
  var tpot: Distribution?
  var endToEnd: Distribution?
  var queueing: Distribution?
  var kvWait: Distribution?
  var transfer: Distribution?
  var decodeQueue: Distribution?
  var maxConcurrentRequests: Int
  /// nil for a run of few requests, or all at once.
  var backlog: BacklogDrift?
  /// nil without objectives.
  var goodput: GoodputCount?
  var rejections: [Int]
  var rejectionsWithoutReason: Int
}

extension RecordDigest {
  /// Of records that were kept.
  init(_ records: ContiguousArray<RequestRecord>, targets: GoodputTargets?) {
    let totals = RecordTotals(records)
    var tally = RecordTally(
      expected: records.count, arrivals: (totals.span.start, totals.lastArrival), targets: targets)
    for record in records { tally.add(record) }
    self = tally.digest()
  }

  /// How often each reason was given, in the order of `reasons`.
  func rejections(_ reasons: [String]) -> [RejectionCount] {
    var counts: [RejectionCount] = []
    var unknown = rejectionsWithoutReason
    for (place, count) in rejections.enumerated() where count > 0 {
      if reasons.indices.contains(place) {
        counts.append(RejectionCount(reason: reasons[place], count: count))
      } else {
        unknown += count
      }
    }
    if unknown > 0 { counts.append(RejectionCount(reason: "no reason given", count: unknown)) }
    return counts
  }
}
