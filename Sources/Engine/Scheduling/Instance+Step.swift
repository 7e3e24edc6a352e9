/// The calls that form an iteration, each checked: no scheduler can overdraw blocks or tokens, or lose a request.
extension Instance {
  /// Opens a step under `limits`. Requests that are ready have joined before.
  mutating func beginStep(_ limits: StepLimits) {
    step.number += 1
    step.budget = limits.budget
    step.maxSeqs = limits.maxSeqs
    step.chunkTokens = limits.chunkTokens
    step.tokens = 0
    step.seqs = 0
    step.chunks.removeAll()
    step.takesAllDecodes = false
    step.markedDecodes = 0
    step.preemptions = 0
    if !step.preempted.isEmpty { step.preempted.removeAll(keepingCapacity: true) }
    step.admissions = 0
    step.joined.removeAll()
    step.fresh.removeAll()
  }

  func isRunningHere(_ slot: Int32, _ rows: RequestRows) -> Bool {
    guard rows[slot].instance == id else { return false }
    switch rows[slot].place {
    case .prefilling, .paused, .decoding: return true
    default: return false
    }
  }

  private func isScheduled(_ slot: Int32, _ rows: RequestRows) -> Bool {
    if rows[slot].scheduledIn == step.number { return true }
    let decodes = rows[slot].place == .decoding || rows[slot].place == .paused
    return step.takesAllDecodes && decodes
  }

  private func computed(_ slot: Int32, _ rows: RequestRows) -> Int {
    rows[slot].place == .decoding ? batch.computed(slot, rows) : Int(rows[slot].computed)
  }

  // MARK: Decode

  /// One more token for a running request.
  mutating func scheduleDecode(_ slot: Int32, _ rows: RequestRows) -> StepRefusal? {
    guard isRunningHere(slot, rows) else { return .notRunning }
    if isScheduled(slot, rows) { return .alreadyScheduled }
    if rows[slot].place == .prefilling { return .stillPrompt }
    if step.room < 1 { return .overBudget }
    let before = computed(slot, rows)
    if before % pool.blockSize == 0 {
      guard pool.free >= 1 else { return .noBlocks }
      pool.take(1)
      rows[slot].held.blanks += 1
    }
    pool.name(&rows[slot].held, tokens: before + 1, keys: rows[slot].keys)
    rows[slot].scheduledIn = step.number
    step.markedDecodes += 1
    step.tokens += 1
    step.seqs += 1
    return nil
  }

  /// One more token for every running request in order of admission, up to the first refusal.
  mutating func scheduleDecodes(_ rows: RequestRows) -> Int {
    let count = batch.count + paused.count
    if prefilling.isEmpty, count <= step.room, step.markedDecodes == 0, !step.takesAllDecodes,
      blocksForDecodes(rows) <= pool.free
    {
      takeAllDecodes(rows)
      return count
    }
    var taken = 0
    for slot in running {
      if scheduleDecode(slot, rows) != nil { break }
      taken += 1
    }
    return taken
  }

  /// Blocks that one more token for every running decode request takes.
  mutating func blocksForDecodes(_ rows: RequestRows) -> Int {
    var blocks = batch.growth(ahead: 0)
    for slot in paused where Int(rows[slot].computed) % pool.blockSize == 0 { blocks += 1 }
    return blocks
  }

  /// Schedules all running decode requests at once. The caller has seen to tokens and blocks.
  mutating func takeAllDecodes(_ rows: RequestRows) {
    var growth = batch.growth(ahead: 0)
    for slot in paused where Int(rows[slot].computed) % pool.blockSize == 0 {
      growth += 1
      rows[slot].held.blanks += 1
    }
    if growth > 0 { pool.take(growth) }
    publishKeys(rows)
    step.takesAllDecodes = true
    step.tokens += batch.count + paused.count
    step.seqs += batch.count + paused.count
  }

  /// The blocks of the batch's next iteration, and the keys that it publishes.
  mutating func takeBatchGrowth(_ rows: RequestRows) {
    let growth = batch.growth(ahead: 0)
    if growth > 0 { pool.take(growth) }
    publishKeys(rows)
  }

  /// The blocks of its next iterations. No member has a key to publish.
  mutating func takeBatchGrowth(over iterations: Int) {
    let growth = batch.growth(over: iterations)
    if growth > 0 { pool.take(growth) }
  }

  /// Makes the blocks findable that one more token for every running decode request fills, in order of admission: who
  /// publishes a key last owns it.
  private mutating func publishKeys(_ rows: RequestRows) {
    guard paused.isEmpty else {
      guard batch.hasKeyed || pausedHaveKeys(rows) else { return }
      for slot in running where rows[slot].place != .prefilling {
        pool.name(&rows[slot].held, tokens: computed(slot, rows) + 1, keys: rows[slot].keys)
      }
      return
    }
    guard batch.hasKeyed else { return }
    for slot in batch.publishers(rows) {
      pool.name(&rows[slot].held, tokens: batch.computed(slot, rows) + 1, keys: rows[slot].keys)
    }
  }

  /// Has any paused request a block key still to publish?
  mutating func pausedHaveKeys(_ rows: RequestRows) -> Bool {
    for slot in paused where rows[slot].keys.count > rows[slot].held.entries.count { return true }
    return false
  }

  // MARK: Prompts

  /// The next `tokens` of a prompt. A waiting request is admitted; its tokens count behind what the prefix cache holds.
  mutating func schedulePrompt(_ slot: Int32, tokens: Int, _ rows: RequestRows) -> StepRefusal? {
    let isWaiting = rows[slot].place == .waiting && rows[slot].instance == id
    guard isWaiting || isRunningHere(slot, rows) else { return .notRunning }
    if isScheduled(slot, rows) { return .alreadyScheduled }
    if isWaiting { return admit(slot, tokens: tokens, rows) }
    guard rows[slot].place == .prefilling else { return .promptDone }
    guard tokens >= 1, tokens <= rows[slot].remaining else { return .badTokens }
    if tokens > step.room { return .overBudget }
    let before = Int(rows[slot].computed)
    guard pool.extend(&rows[slot].held, toTokens: before + tokens, keys: rows[slot].keys)
    else { return .noBlocks }
    note(PromptChunk(slot: slot, before: before, tokens: tokens), rows)
    return nil
  }

  /// Blocks of the request's prompt that the prefix cache holds, at least one token left out; how many of them are free.
  mutating func prefixHit(_ slot: Int32, _ rows: RequestRows) -> (hits: Int, free: Int) {
    if rows[slot].keys.isEmpty { return (0, 0) }
    return pool.lookUp(rows[slot].keys, limit: (Int(rows[slot].reached) - 1) / pool.blockSize)
  }

  private mutating func admit(_ slot: Int32, tokens: Int, _ rows: RequestRows) -> StepRefusal? {
    if seats >= step.maxSeqs { return .tooManySeqs }
    if !isKnown(slot, rows) { return .tooLate }
    let hit = prefixHit(slot, rows)
    let cached = hit.hits * pool.blockSize
    let left = Int(rows[slot].reached) - cached
    guard tokens >= 1, tokens <= left else { return .badTokens }
    if tokens > step.room { return .overBudget }
    if !limits.enableChunkedPrefill, tokens < min(left, step.chunkTokens) { return .notChunkable }
    guard pool.blocks(forTokens: cached + tokens) - hit.hits + hit.free <= pool.free
    else { return .noBlocks }
    take(slot, cached: cached, hits: hit.hits, tokens: tokens, rows)
    return nil
  }

  /// Moves a waiting request into the running set. The caller has seen to tokens and blocks.
  mutating func take(_ slot: Int32, cached: Int, hits: Int, tokens: Int, _ rows: RequestRows) {
    dequeue(slot, rows)
    if hits > 0 { pool.share(rows[slot].keys, hits: hits, into: &rows[slot].held) }
    let fits = pool.extend(&rows[slot].held, toTokens: cached + tokens)
    precondition(fits, "blocks were promised")
    if !rows[slot].keys.isEmpty {
      pool.name(&rows[slot].held, tokens: cached + tokens, keys: rows[slot].keys)
    }
    counters.prefixQueries += Int(rows[slot].reached)
    counters.prefixHits += cached
    if rows[slot].lost > 0 {
      counters.repeatedTokens += min(Int(rows[slot].lost), Int(rows[slot].reached) - cached)
      rows[slot].lost = 0
    } else if rows[slot].preemptions > 0 || rows[slot].isHandedOver {
      counters.recomputedTokens += Int(rows[slot].reached) - cached
    }
    rows[slot].cachedTokens = Int32(cached)
    rows[slot].computed = Int32(cached)
    rows[slot].order = nextOrder()
    rows[slot].place = .prefilling
    running.append(slot)
    prefilling.append(slot)
    step.admissions += 1
    note(PromptChunk(slot: slot, before: cached, tokens: tokens), rows)
  }

  private mutating func note(_ chunk: PromptChunk, _ rows: RequestRows) {
    step.chunks.append(chunk)
    step.tokens += chunk.tokens
    step.seqs += 1
    rows[chunk.slot].computed += Int32(chunk.tokens)
    rows[chunk.slot].scheduledIn = step.number
  }

  /// Could blocks for `tokens` more tokens of this request be had now?
  mutating func canAllocate(_ slot: Int32, tokens: Int, _ rows: RequestRows) -> Bool {
    if isRunningHere(slot, rows) {
      let before = computed(slot, rows)
      let held =
        rows[slot].place == .decoding
        ? pool.blocks(forTokens: before) : rows[slot].held.blocks
      return pool.blocks(forTokens: before + tokens) - held <= pool.free
    }
    let hit = prefixHit(slot, rows)
    let total = hit.hits * pool.blockSize + tokens
    return pool.blocks(forTokens: total) - hit.hits + hit.free <= pool.free
  }

  // MARK: Preemption

  /// Drops a running request's KV cache and puts it in front of the waiting queue, to be computed again.
  mutating func preempt(_ slot: Int32, _ rows: RequestRows) -> StepRefusal? {
    guard isRunningHere(slot, rows) else { return .notRunning }
    if isScheduled(slot, rows) { return .alreadyScheduled }
    withdraw(slot, rows)
    pool.release(&rows[slot].held)
    rows[slot].computed = 0
    rows[slot].preemptions += 1
    rows[slot].place = .waiting
    waiting.prepend(slot)
    waitingTokens += rows[slot].remaining
    preemptedWaiting += 1
    counters.preemptions += 1
    step.preemptions += 1
    step.preempted.append(slot)
    needsDecision = true
    return nil
  }

  // MARK: Closing

  /// Makes the decode batch hold just those that this step decodes.
  mutating func endStep(_ rows: RequestRows, now: SimTime) {
    if step.takesAllDecodes {
      while let slot = paused.last { joinBatch(slot, rows, now: now) }
    } else if batch.count > 0 || step.markedDecodes > 0 {
      for slot in running {
        let scheduled = rows[slot].scheduledIn == step.number
        if rows[slot].place == .decoding, !scheduled {
          leaveBatch(slot, rows)
        } else if rows[slot].place == .paused, scheduled {
          joinBatch(slot, rows, now: now)
        }
      }
    }
    notePeak()
  }
}

/// Limits of one step.
struct StepLimits {
  /// Most requests in the running set, and most tokens in the iteration.
  var maxSeqs: Int
  var budget: Int
  /// Most prompt tokens of one request.
  var chunkTokens: Int
  /// A waiting prompt is admitted only when blocks for all of it are free.
  var reservesWholePrompt: Bool
  var order = BatchOrder.firstComeFirstServed
  var prefillFirst = false

  init(_ limits: SchedulerLimits) {
    maxSeqs = limits.maxNumSeqs
    budget = limits.maxNumBatchedTokens
    chunkTokens =
      limits.longPrefillTokenThreshold > 0 ? limits.longPrefillTokenThreshold : .max
    reservesWholePrompt = limits.reserveFullISL
  }

  /// What a policy asks for, within the instance's own limits.
  init(_ limits: SchedulerLimits, asked: BatchLimits) {
    self.init(limits)
    if let count = asked.maxNumSeqs { maxSeqs = min(maxSeqs, count) }
    if let count = asked.maxNumBatchedTokens { budget = min(budget, count) }
    if let count = asked.chunkTokens, count > 0 { chunkTokens = count }
    order = asked.order
    prefillFirst = asked.prefillFirst
  }
}
