/// Latencies of finished requests; where one lacks a quantity there is no sample.
struct LatencySamples: Sendable {
  private var ttft: DurationSamples
  /// In nanoseconds.
  private var tpot = ContiguousArray<Double>()
  private var endToEnd: DurationSamples

  /// - Parameter expected: requests that may come.
  init(expected: Int) {
    ttft = DurationSamples(expected: expected)
    tpot.reserveCapacity(expected)
    endToEnd = DurationSamples(expected: expected)
  }

  @inline(__always)
  mutating func add(_ record: borrowing RequestRecord) {
    guard record.outcome == .finished else { return }
    ttft.append(record.timeToFirstToken)
    if let mean = record.nanosecondsPerOutputToken { tpot.append(mean) }
    endToEnd.append(record.endToEnd)
  }

  /// Their statistics. Each quantity gives its memory back when it is done, and nothing is left.
  mutating func distributions() -> (
    ttft: Distribution?, tpot: Distribution?, endToEnd: Distribution?
  ) {
    let first = take(&ttft).distribution()
    let mean = Distribution(ofNanoseconds: take(&tpot))
    return (first, mean, take(&endToEnd).distribution())
  }
}

/// Waits of finished requests: before the prompt, and those of requests that were handed over.
struct WaitSamples: Sendable {
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

  mutating func distributions() -> (
    queueing: Distribution?, kvWait: Distribution?, transfer: Distribution?,
    decodeQueue: Distribution?
  ) {
    let queue = take(&queueing).distribution()
    let wait = take(&kvWait).distribution()
    let move = take(&transfer).distribution()
    return (queue, wait, move, take(&decodeQueue).distribution())
  }
}

/// Takes what is there and leaves nothing, so that whoever sorts it need not copy it first.
private func take(_ samples: inout DurationSamples) -> DurationSamples {
  exchange(&samples, with: DurationSamples())
}

private func take(_ samples: inout ContiguousArray<Double>) -> ContiguousArray<Double> {
  exchange(&samples, with: [])
}
