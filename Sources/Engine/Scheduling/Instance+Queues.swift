extension Instance {
  /// A request joins the waiting queue, behind all others.
  @inline(__always)
  mutating func enqueue(_ slot: Int32, _ rows: RequestRows) {
    rows[slot].place = .waiting
    rows[slot].instance = id
    rows[slot].scheduledIn = 0
    waiting.append(slot)
    // One that was preempted where its prompt was computed first keeps its rank among the waiting.
    if rows[slot].preemptions > 0 { preemptedWaiting += 1 }
    waitingTokens += rows[slot].remaining
  }

  /// Requests whose KV cache has arrived take the free places of the running set; one that gets its first token here
  /// computes the last token of its prompt once more.
  mutating func admitReady(_ rows: RequestRows, now: SimTime) {
    while let slot = ready.first, seats < limits.maxNumSeqs, isKnown(slot, rows) {
      ready.removeFirst()
      rows[slot].order = nextOrder()
      running.append(slot)
      if rows[slot].repeatsLast {
        rows[slot].repeatsLast = false
        rows[slot].place = .prefilling
        prefilling.append(slot)
      } else {
        rows[slot].place = .paused
        paused.append(slot)
      }
      needsDecision = true
    }
  }

  /// Takes a request off the waiting queue.
  @inline(__always)
  mutating func dequeue(_ slot: Int32, _ rows: RequestRows) {
    if waiting.first == slot {
      waiting.removeFirst()
    } else if let place = waiting.firstIndex(of: slot) {
      waiting.remove(at: place)
    }
    waitingTokens -= rows[slot].remaining
    if rows[slot].preemptions > 0 { preemptedWaiting -= 1 }
  }

  /// Takes a request out of the running set, its blocks still held. Its row is up to date afterwards.
  mutating func withdraw(_ slot: Int32, _ rows: RequestRows) {
    switch rows[slot].place {
    case .decoding: leaveBatch(slot, rows)
    case .prefilling:
      if let place = prefilling.firstIndex(of: slot) { prefilling.remove(at: place) }
    default: break
    }
    if rows[slot].place == .paused, let place = paused.firstIndex(of: slot) {
      paused.remove(at: place)
    }
    if running.last == slot {
      running.removeLast()
    } else if let place = place(inRunning: slot, rows) {
      running.remove(at: place)
    }
    rows[slot].place = .none
  }

  /// Most requests that are looked through one by one. guess: a few cache lines, while each look of a bisection is at a row
  /// that lies elsewhere.
  private static var mostInARow: Int { 128 }

  /// Place of a running request: by looking through all, or by bisection for its order of admission.
  private mutating func place(inRunning slot: Int32, _ rows: RequestRows) -> Int? {
    if running.count <= Self.mostInARow { return running.firstIndex(of: slot) }
    let order = rows[slot].order
    var low = 0
    var high = running.count
    while low < high {
      let middle = (low + high) / 2
      if rows[running[middle]].order < order { low = middle + 1 } else { high = middle }
    }
    return low < running.count && rows[running[low]].order == order ? low : nil
  }

  // MARK: The decode batch

  /// A paused request joins the batch for the iteration that starts now.
  mutating func joinBatch(_ slot: Int32, _ rows: RequestRows, now: SimTime) {
    if let place = paused.firstIndex(of: slot) { paused.remove(at: place) }
    batch.join(slot, stamp: nextStamp(), rows)
    step.joined.append(slot)
    if rows[slot].lastToken != now { step.fresh.append(slot) }
  }

  /// A member stays in the running set, and out of the next iterations.
  mutating func leaveBatch(_ slot: Int32, _ rows: RequestRows) {
    batch.leave(slot, rows)
    settleAfterBatch(slot, rows)
    paused.append(slot)
  }

  /// Writes down what lazy accounting left open: blocks, moment of the last token, gaps.
  mutating func settleAfterBatch(_ slot: Int32, _ rows: RequestRows) {
    rows[slot].held.blanks =
      pool.blocks(forTokens: Int(rows[slot].computed)) - rows[slot].held.entries.count
    guard batch.iteration > rows[slot].joinedAt else { return }
    if keepsGaps {
      var previous = rows[slot].lastToken.nanoseconds
      for iteration in (rows[slot].joinedAt + 1)...batch.iteration {
        let end = endLog[iteration - logStart]
        rows[slot].gaps.append(end - previous)
        previous = end
      }
    }
    rows[slot].lastToken = lastEnd
  }

  /// Notes the end of an iteration that the batch took part in.
  mutating func logEnd(_ end: SimTime) {
    lastEnd = end
    guard keepsGaps else { return }
    if batch.count == 0 {
      endLog.removeAll(keepingCapacity: true)
      logStart = batch.iteration + 1
    } else {
      endLog.append(end.nanoseconds)
    }
  }
}
