/// Latencies of finished requests that every request has, in nanoseconds; where one lacks a quantity there is no sample.
///
/// Records are large: a pass over a million of them takes as long as sorting what it finds, so one pass gathers several.
struct LatencySamples {
  var ttft = ContiguousArray<Int64>()
  var tpot = ContiguousArray<Double>()
  var endToEnd = ContiguousArray<Int64>()
  var queueing = ContiguousArray<Int64>()

  init(_ records: ContiguousArray<RequestRecord>) {
    ttft.reserveCapacity(records.count)
    tpot.reserveCapacity(records.count)
    endToEnd.reserveCapacity(records.count)
    queueing.reserveCapacity(records.count)
    for record in records where record.outcome == .finished {
      ttft.append(record.timeToFirstToken)
      if let mean = record.nanosecondsPerOutputToken { tpot.append(mean) }
      endToEnd.append(record.endToEnd)
      queueing.append(record.queueing)
    }
  }
}

/// Lengths of the stages that only requests have which were handed over.
struct HandOffSamples {
  var kvWait = ContiguousArray<Int64>()
  var transfer = ContiguousArray<Int64>()
  var decodeQueue = ContiguousArray<Int64>()

  init(_ records: ContiguousArray<RequestRecord>) {
    kvWait.reserveCapacity(records.count)
    transfer.reserveCapacity(records.count)
    decodeQueue.reserveCapacity(records.count)
    for record in records where record.outcome == .finished {
      kvWait.append(record.kvWait)
      transfer.append(record.transfer)
      if record.transferStart != .never { decodeQueue.append(record.decodeQueue) }
    }
  }
}

extension ContiguousArray {
  /// Hands the elements over, so that whoever sorts them need not copy them first.
  mutating func take() -> Self {
    var taken = Self()
    swap(&taken, &self)
    return taken
  }
}

extension ContiguousArray<Int64> {
  fileprivate mutating func append(_ duration: SimDuration?) {
    if let duration { append(duration.nanoseconds) }
  }
}
