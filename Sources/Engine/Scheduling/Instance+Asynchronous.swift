/// Asynchronous scheduling: the batch of an iteration is fixed when the one before it begins.
///
/// The engine forms a batch when it begins, and makes it do without what could not be known an iteration earlier: requests
/// that came since, and the blocks and places of those that ended meanwhile. Lengths are known ahead, so a request that
/// ends is not computed once more. A batch that would be empty like this is formed with all that is known: the server's
/// queue of batches has run dry, and it looks again.
///
/// Source: vLLM V1, `step_with_batch_queue` of `v1/engine/core.py` with a queue of two batches.
extension Instance {
  /// Places of the running set that requests hold, of whom some have ended.
  var seats: Int { running.count + leaving.count }

  /// May the batch in the making know of this request?
  mutating func isKnown(_ slot: Int32, _ rows: RequestRows) -> Bool {
    rows[slot].queuedAt <= horizon
  }

  /// Is there anything that the batch in the making may not know of?
  ///
  /// Newcomers queue behind all others, so the last one tells.
  mutating func looksBack(_ rows: RequestRows) -> Bool {
    if !leaving.isEmpty { return true }
    if let last = waiting.last, !isKnown(last, rows) { return true }
    if let last = ready.last, !isKnown(last, rows) { return true }
    return false
  }

  /// Gives up the blocks and the place of a request that has ended: at once, or when the next batch has begun without.
  mutating func giveUp(_ holding: inout KVHolding) {
    guard isAsynchronous else { return pool.release(&holding) }
    leaving.append(holding)
    holding = KVHolding()
  }

  /// Gives up the place of a request that moves on with its blocks.
  mutating func giveUpPlace() {
    if isAsynchronous { leaving.append(KVHolding()) }
  }

  /// Those that left are gone. Returns whether there were any.
  mutating func releaseLeaving() -> Bool {
    guard !leaving.isEmpty else { return false }
    for index in leaving.indices { pool.release(&leaving[index]) }
    leaving.removeAll(keepingCapacity: true)
    return true
  }
}
