/// Where all requests went: `injected = finished + rejected + cancelled + unfinished`.
public struct Conservation: Sendable, Equatable {
  /// Requests of the workload.
  public var injected: Int
  public var finished = 0
  public var rejected = 0
  public var cancelled = 0
  public var unfinished = 0

  public init(injected: Int, records: ContiguousArray<RequestRecord>) {
    self.init(injected: injected, RecordTotals(records))
  }

  init(injected: Int, _ totals: RecordTotals) {
    self.injected = injected
    finished = totals.finished
    rejected = totals.rejected
    cancelled = totals.cancelled
    unfinished = totals.unfinished
  }

  public var holds: Bool { injected == finished + rejected + cancelled + unfinished }

  /// Such as `injected 300 = finished 300 + rejected 0 + cancelled 0 + unfinished 0`; with `!=` where it does not hold.
  public var line: String {
    "injected \(injected) \(holds ? "=" : "!=") finished \(finished) + rejected \(rejected)"
      + " + cancelled \(cancelled) + unfinished \(unfinished)"
  }
}

extension RunResult {
  /// Checks the laws that every run keeps, whatever its inputs: each request ends in one way and once, its life goes
  /// forward in time, and a run that served everything holds no KV block.
  ///
  /// - Parameter injected: requests of the workload.
  /// - Returns: which law is broken, with the values; nil when all hold.
  public func brokenLaw(injected: Int) -> String? {
    var totals = RecordTotals()
    var laws = RecordLaws()
    if let digest {
      (totals, laws) = (digest.totals, digest.laws)
    } else {
      for record in records {
        totals.add(record)
        laws.check(record)
      }
    }
    let conservation = Conservation(injected: injected, totals)
    guard conservation.holds else { return conservation.line }
    if let broken = laws.broken { return broken }
    if let migration, migration.begun != migration.finished + migration.aborted {
      return "\(migration.begun) migrations began, \(migration.finished) came to their end, "
        + "\(migration.aborted) were given up"
    }
    if let replication, replication.begun != replication.finished + replication.aborted {
      return "\(replication.begun) copies began, \(replication.finished) came to their end, "
        + "\(replication.aborted) were given up"
    }
    guard conservation.unfinished > 0 || kvBlocksHeld == 0 else {
      return "\(kvBlocksHeld) KV blocks are held after the last request ended"
    }
    return nil
  }
}

/// The laws that each record keeps, and all in their order.
struct RecordLaws: Sendable, Equatable {
  private var previous = RequestID.none
  /// The first law that was broken, with the values.
  private(set) var broken: String?

  @inline(__always)
  mutating func check(_ record: borrowing RequestRecord) {
    if broken != nil { return }
    if previous >= record.id {
      broken = "request \(record.id.index) is recorded after request \(previous.index)"
    } else if let law = record.brokenLaw {
      broken = "request \(record.id.index): \(law)"
    }
    previous = record.id
  }
}

extension RequestRecord {
  /// Which law the record breaks; nil when none.
  var brokenLaw: String? {
    if !isPlainlyInOrder, !isInOrder {
      return disorder ?? "first token at \(firstToken.nanoseconds) ns, out of its life"
    }
    if outcome == .finished {
      if arrival == .never { return "finished without arrival" }
      if prefillStart == .never { return "finished without prefill start" }
      if firstToken == .never { return "finished without first token" }
      if end == .never { return "finished without end" }
      guard outputTokens >= 1 else { return "finished with \(outputTokens) tokens" }
    }
    return nil
  }

  /// Whether the moments of a life without detours are in order; false says nothing.
  @inline(__always)
  private var isPlainlyInOrder: Bool {
    let isHandedOver =
      arrival <= routed && routed <= prefillStart && prefillStart <= lastPrefillStart
      && lastPrefillStart <= prefillToken && prefillToken <= transferStart
      && transferStart <= transferEnd && transferEnd <= decodeStart && decodeStart <= decodeToken
      && decodeToken <= end
    return isHandedOver && prefillToken == firstToken && retries == 0
  }

  /// Whether no moment that was reached lies before an earlier stage's; allocates nothing.
  private var isInOrder: Bool {
    var latest = Int64.min
    var inOrder = true
    func see(_ moment: SimTime) {
      guard moment != .never else { return }
      inOrder = inOrder && latest <= moment.nanoseconds
      latest = moment.nanoseconds
    }
    see(arrival)
    see(routed)
    see(prefillStart)
    see(lastPrefillStart)
    see(promptEnd)
    see(handOffStart)
    see(transferEnd)
    see(decodeStart)
    see(decodeToken)
    see(end)
    // Whoever begins anew has given its first token already.
    let earliest = retries > 0 ? arrival : promptEnd
    return inOrder && (firstToken == .never || firstToken >= earliest && firstToken <= end)
  }

  /// The first pair of moments out of order, in words.
  private var disorder: String? {
    let life = [
      ("arrival", arrival), ("routed", routed), ("prefill start", prefillStart),
      ("last prefill start", lastPrefillStart), ("end of the prompt", promptEnd),
      ("transfer start", handOffStart), ("transfer end", transferEnd),
      ("decode start", decodeStart), ("decode token", decodeToken), ("end", end),
    ].filter { $0.1 != .never }
    for (earlier, later) in zip(life, life.dropFirst()) where later.1 < earlier.1 {
      return "\(later.0) at \(later.1.nanoseconds) ns comes before "
        + "\(earlier.0) at \(earlier.1.nanoseconds) ns"
    }
    return nil
  }
}
