import HeapModule

/// The scheduler of vLLM V1: running requests first, then waiting ones, preemption by recomputing.
///
/// Phase A gives every running request its next token or the next chunk of its prompt, in order of admission; when blocks
/// run out, the request admitted last is preempted. Phase B admits waiting requests while tokens, places and blocks last,
/// and only when nothing was preempted. The first that does not fit ends it.
/// Source: vLLM `v1/core/sched/scheduler.py`; https://docs.vllm.ai/en/latest/design/v1/scheduler.html.
extension Instance {
  mutating func formStep(_ limits: StepLimits, _ rows: RequestRows) {
    guard limits.prefillFirst else {
      if !continueRunning(.all, rows) { admitWaiting(limits, rows) }
      return
    }
    if !continueRunning(.prompts, rows) { admitWaiting(limits, rows) }
    if step.isEmpty { _ = continueRunning(.decodes, rows) }
  }

  // MARK: Phase A

  /// Returns whether anything was preempted.
  private mutating func continueRunning(_ part: StepPart, _ rows: RequestRows) -> Bool {
    if part == .all, continueAllAtOnce(rows) { return false }
    let before = step.preemptions
    var place = 0
    while let slot = continueRunning(part, from: &place, rows), let victim = running.last {
      let kept = preempt(victim, rows)
      precondition(kept == nil, "the last to be admitted was scheduled before its turn")
      if victim == slot { return true }
    }
    return step.preemptions > before
  }

  /// Phase A from the running request at `place` on. Stops at the first that there are no blocks for, and returns it.
  mutating func continueRunning(_ part: StepPart, from place: inout Int, _ rows: RequestRows)
    -> Int32?
  {
    while place < running.count, step.room > 0 {
      let slot = running[place]
      let isPrompt = rows[slot].place == .prefilling
      if part == .all || (part == .prompts) == isPrompt,
        continueOne(slot, isPrompt: isPrompt, rows) == .noBlocks
      {
        return slot
      }
      place += 1
    }
    return nil
  }

  private mutating func continueOne(_ slot: Int32, isPrompt: Bool, _ rows: RequestRows)
    -> StepRefusal?
  {
    guard isPrompt else { return scheduleDecode(slot, rows) }
    return schedulePrompt(
      slot, tokens: min(rows[slot].remaining, step.chunkTokens, step.room), rows)
  }

  /// The same in one go where nobody can be short: the order in which requests are served then makes no difference.
  mutating func continueAllAtOnce(_ rows: RequestRows) -> Bool {
    let decodes = batch.count + paused.count
    guard decodes <= step.room else { return false }
    if prefilling.isEmpty {
      guard blocksForDecodes(rows) <= pool.free else { return false }
      if decodes > 0 { takeAllDecodes(rows) }
      return true
    }
    // Prompts behind all decode requests get what those leave; others must fit in full.
    let promptsAreLast = running[running.count - prefilling.count] == prefilling[0]
    if !promptsAreLast {
      var demand = decodes
      for slot in prefilling { demand += min(rows[slot].remaining, step.chunkTokens) }
      // Who publishes a key last owns it, so order counts when decode requests publish keys.
      guard demand <= step.room, !batch.hasKeyed, !pausedHaveKeys(rows) else { return false }
    }
    var blocks = blocksForDecodes(rows)
    var room = step.room - decodes
    for slot in prefilling {
      let tokens = min(rows[slot].remaining, step.chunkTokens, room)
      room -= tokens
      let needed = pool.blocks(forTokens: Int(rows[slot].computed) + tokens)
      blocks += max(0, needed - rows[slot].held.blocks)
    }
    guard blocks <= pool.free else { return false }
    if decodes > 0 { takeAllDecodes(rows) }
    for slot in prefilling where step.room > 0 {
      let tokens = min(rows[slot].remaining, step.chunkTokens, step.room)
      let refusal = schedulePrompt(slot, tokens: tokens, rows)
      precondition(refusal == nil, "a chunk that fits was refused: \(String(describing: refusal))")
    }
    return true
  }

  // MARK: Phase B

  mutating func admitWaiting(_ limits: StepLimits, _ rows: RequestRows) {
    switch limits.order {
    case .firstComeFirstServed:
      while let slot = waiting.first, admitOne(slot, limits, rows) {}
    case .shortestFirst:
      var queue = Heap(
        waiting.enumerated().filter { isKnown($1, rows) }.map {
          ByKey(key: rows[$1].remaining, place: $0, slot: $1)
        })
      while let next = queue.popMin(), admitOne(next.slot, limits, rows) {}
    case .earliestDeadlineFirst:
      var queue = Heap(
        waiting.enumerated().filter { isKnown($1, rows) }.map {
          ByKey(key: Int(rows[$1].deadline.nanoseconds), place: $0, slot: $1)
        })
      while let next = queue.popMin(), admitOne(next.slot, limits, rows) {}
    case .listed(let list):
      for request in list
      where isWaitingHere(request, rows) && isKnown(request.slot, rows) {
        guard admitOne(request.slot, limits, rows) else { return }
      }
    }
  }

  private func isWaitingHere(_ request: RequestRef, _ rows: RequestRows) -> Bool {
    rows[request.slot].id == request.id && rows[request.slot].place == .waiting
      && rows[request.slot].instance == id
  }

  /// Admits a waiting request with as many tokens as fit. Returns whether it did.
  private mutating func admitOne(_ slot: Int32, _ limits: StepLimits, _ rows: RequestRows) -> Bool {
    guard step.room > 0, seats < step.maxSeqs, isKnown(slot, rows) else { return false }
    let hit = prefixHit(slot, rows)
    let cached = hit.hits * pool.blockSize
    let left = Int(rows[slot].reached) - cached
    var tokens = min(left, step.chunkTokens)
    if self.limits.enableChunkedPrefill {
      tokens = min(tokens, step.room)
    } else if tokens > step.room {
      return false
    }
    let covered = limits.reservesWholePrompt ? left : tokens
    guard pool.blocks(forTokens: cached + covered) - hit.hits + hit.free <= pool.free
    else { return false }
    take(slot, cached: cached, hits: hit.hits, tokens: tokens, rows)
    return true
  }

  private struct ByKey: Comparable {
    var key: Int
    var place: Int
    var slot: Int32
    static func < (a: ByKey, b: ByKey) -> Bool {
      a.key != b.key ? a.key < b.key : a.place < b.place
    }
  }
}

/// Which running requests phase A looks at.
enum StepPart { case all, prompts, decodes }
