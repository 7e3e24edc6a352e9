/// Latencies of finished requests; where one lacks a quantity there is no sample.
struct LatencySamples: ~Copyable {
  private var ttft: DurationSamples
  /// In nanoseconds.
  private var tpot: OwnedPile<Double>
  private var endToEnd: DurationSamples

  /// - Parameter expected: requests that may come.
  init(expected: Int) {
    ttft = DurationSamples(expected: expected)
    tpot = OwnedPile(capacity: expected)
    endToEnd = DurationSamples(expected: expected)
  }

  @inline(__always)
  mutating func add(_ record: borrowing RequestRecord) {
    guard record.outcome == .finished else { return }
    ttft.append(record.timeToFirstToken)
    if let mean = record.nanosecondsPerOutputToken { tpot.append(mean) }
    endToEnd.append(record.endToEnd)
  }

  /// Their statistics. Each quantity gives its memory back when it is done.
  consuming func distributions() -> (
    ttft: Distribution?, tpot: Distribution?, endToEnd: Distribution?
  ) {
    let first = ttft.distribution()
    let mean = tpot.withElements { Distribution(of: $0) }
    return (first, mean, endToEnd.distribution())
  }
}

/// Waits of finished requests: before the prompt, and those of requests that were handed over.
struct WaitSamples: ~Copyable {
  private var queueing: DurationSamples
  private var kvWait: DurationSamples
  private var transfer: DurationSamples
  private var decodeQueue: DurationSamples

  init(expected: Int) {
    queueing = DurationSamples(expected: expected)
    kvWait = DurationSamples(expected: expected)
    transfer = DurationSamples(expected: expected)
    decodeQueue = DurationSamples(expected: expected)
  }

  @inline(__always)
  mutating func add(_ record: borrowing RequestRecord) {
    guard record.outcome == .finished else { return }
    queueing.append(record.queueing)
    kvWait.append(record.kvWait)
    transfer.append(record.transfer)
    if record.transferStart != .never { decodeQueue.append(record.decodeQueue) }
  }

  consuming func distributions() -> (
    queueing: Distribution?, kvWait: Distribution?, transfer: Distribution?,
    decodeQueue: Distribution?
  ) {
    // Those that differ most first: where many are alike, more of them are copied, and less is held by then.
    let move = transfer.distribution()
    let decode = decodeQueue.distribution()
    let wait = kvWait.distribution()
    return (queueing.distribution(), wait, move, decode)
  }
}
