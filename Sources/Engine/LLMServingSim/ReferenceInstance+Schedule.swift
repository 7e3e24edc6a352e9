/// The scheduler of LLMServingSim 2.0: vLLM V1's, first come first served.
extension ReferenceInstance {
  /// Fills `batch` and `shape` with what the next iteration computes.
  ///
  /// - Returns: whether anything changed: tokens scheduled, or a request preempted.
  mutating func schedule(
    at now: SimTime, _ requests: inout ContiguousArray<ReferenceRequest>
  ) -> Bool {
    batch.removeAll(keepingCapacity: true)
    shape = IterationShape()
    var budget = limits.maxNumBatchedTokens
    let preempted = scheduleRunning(at: now, &budget, &requests)
    if !preempted { admitWaiting(at: now, &budget, &requests) }
    return preempted || !batch.isEmpty
  }

  /// Puts a new request in its place among those that wait.
  mutating func enqueue(_ request: Int, _ requests: ContiguousArray<ReferenceRequest>) {
    func key(_ id: Int) -> (Int64, Int) { (requests[id].record.arrival.nanoseconds, id) }
    var place = waiting.count
    while place > 0, key(waiting[place - 1]) > key(request) { place -= 1 }
    waiting.insert(request, at: place)
  }

  /// Takes over a request whose prompt was computed elsewhere. It runs at once: there is no queue and no limit.
  ///
  /// Blocks found by key are added to those of the whole prompt instead of standing for some of them, as there.
  /// - Returns: false when blocks lack; nothing has changed then.
  mutating func takeOver(
    _ request: Int, _ requests: inout ContiguousArray<ReferenceRequest>
  ) -> Bool {
    let hit = pool.lookUp(requests[request].keys, limit: hitLimit(requests[request]))
    let tokens = requests[request].computed + 1
    let needed = pool.blocks(forTokens: tokens + hit.hits * limits.blockSize) - hit.hits
    guard needed + hit.free <= pool.free else { return false }
    let keys = requests[request].keys
    pool.share(keys, hits: hit.hits, into: &requests[request].held)
    pool.take(needed)
    requests[request].held.blanks += needed
    pool.name(&requests[request].held, tokens: tokens, keys: keys)
    running.append(request)
    return true
  }

  // MARK: Running requests

  /// Gives running requests their next tokens. When blocks run out, the last one loses its own and waits in front.
  ///
  /// - Returns: whether a request was preempted.
  private mutating func scheduleRunning(
    at now: SimTime, _ budget: inout Int, _ requests: inout ContiguousArray<ReferenceRequest>
  ) -> Bool {
    var preempted = false
    var place = 0
    while place < running.count, budget > 0 {
      let id = running[place]
      let new = min(chunk(requests[id].reached - requests[id].computed), budget)
      while !extend(&requests[id], to: requests[id].computed + new) {
        preempted = true
        let victim = running.removeLast()
        preempt(victim, &requests)
        // The budget that earlier requests took stays spent.
        if victim == id { return true }
      }
      schedule(id, new, at: now, &budget, &requests)
      place += 1
    }
    return preempted
  }

  private mutating func preempt(
    _ id: Int, _ requests: inout ContiguousArray<ReferenceRequest>
  ) {
    pool.release(&requests[id].held)
    requests[id].computed = 0
    requests[id].record.preemptions += 1
    totals.preemptions += 1
    waiting.prepend(id)
  }

  /// Takes blocks for `tokens` tokens, or none; full blocks can be found from now on.
  private mutating func extend(_ request: inout ReferenceRequest, to tokens: Int) -> Bool {
    pool.extend(&request.held, toTokens: tokens, keys: request.keys)
  }

  // MARK: Waiting requests

  private mutating func admitWaiting(
    at now: SimTime, _ budget: inout Int, _ requests: inout ContiguousArray<ReferenceRequest>
  ) {
    while let id = waiting.first, budget > 0, running.count < limits.maxNumSeqs,
      requests[id].record.arrival <= now
    {
      let keys = requests[id].keys
      let reached = requests[id].reached
      let hit = pool.lookUp(keys, limit: hitLimit(requests[id]))
      let cached = hit.hits * limits.blockSize
      var new = chunk(reached - cached)
      if new > budget {
        guard limits.enableChunkedPrefill else { return }
        new = budget
      }
      // A hit on a free block takes it from the free ones.
      let toReserve = limits.reserveFullISL ? reached : cached + new
      let needed = pool.blocks(forTokens: toReserve) - hit.hits + hit.free
      guard needed <= pool.free else { return }

      waiting.removeFirst()
      running.append(id)
      pool.share(keys, hits: hit.hits, into: &requests[id].held)
      requests[id].computed = cached
      guard extend(&requests[id], to: cached + new) else {
        preconditionFailure("blocks that were free are not")
      }
      if requests[id].isInitial, requests[id].record.preemptions == 0 {
        requests[id].record.cachedTokens = Int32(clamping: cached)
      }
      if requests[id].record.preemptions > 0 { totals.recomputedTokens += reached - cached }
      if !keys.isEmpty { totals.prefixQueries += reached }
      totals.prefixHits += cached
      schedule(id, new, at: now, &budget, &requests)
    }
  }

  /// At least one token is always computed.
  private func hitLimit(_ request: ReferenceRequest) -> Int {
    (request.reached - 1) / limits.blockSize
  }

  private func chunk(_ tokens: Int) -> Int {
    let most = limits.longPrefillTokenThreshold
    return most > 0 ? min(tokens, most) : tokens
  }

  // MARK: The batch

  private mutating func schedule(
    _ id: Int, _ new: Int, at now: SimTime, _ budget: inout Int,
    _ requests: inout ContiguousArray<ReferenceRequest>
  ) {
    let part = ScheduledTokens(request: id, new: new, before: requests[id].computed)
    requests[id].computed += new
    if requests[id].isInitial {
      if requests[id].record.prefillStart == .never { requests[id].record.prefillStart = now }
      requests[id].record.lastPrefillStart = now
    } else if requests[id].record.decodeStart == .never {
      requests[id].record.decodeStart = now
    }
    batch.append(part)
    shape.add(part)
    budget -= new
  }
}
