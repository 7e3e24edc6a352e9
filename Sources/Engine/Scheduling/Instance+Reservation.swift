/// Blocks for requests that come over the link: promised before the transfer begins, so that nothing arrives unhoused.
extension Instance {
  /// Promises blocks to the request at the head of the queue, if it can have them now.
  ///
  /// Prefix blocks that are here already are shared, and need no transfer. Besides its prompt a request must find room for
  /// its next token, and preempted requests of this instance go first: otherwise a newcomer would take what they wait for.
  /// - Parameter keys: of the head's blocks here.
  /// - Returns: the slot and the tokens that need not be moved; nil when the head must wait.
  mutating func grantReservation(_ rows: RequestRows, keys: BlockKeys) -> (
    slot: Int32, cachedTokens: Int
  )? {
    guard preemptedWaiting == 0, let slot = reservations.first else { return nil }
    let isStream = rows[slot].stream != .none
    let tokens = Int(isStream ? rows[slot].reached : rows[slot].computed)
    let hit: (hits: Int, free: Int) =
      keys.isEmpty ? (0, 0) : pool.lookUp(keys, limit: tokens / pool.blockSize)
    // Room for its next token as well, unless it has none: the last token of a request is never stored.
    let needed = min(tokens + 1, Int(rows[slot].target) - 1)
    guard pool.blocks(forTokens: needed) - hit.hits + hit.free <= pool.free else { return nil }
    reservations.removeFirst()
    pool.share(keys, hits: hit.hits, into: &rows[slot].incoming)
    // Keys are published on arrival: before that the content is not here.
    let fits = pool.extend(&rows[slot].incoming, toTokens: tokens)
    precondition(fits, "blocks were promised")
    reservedBlocks += rows[slot].incoming.blanks
    transfersIn += 1
    if isStream { rows[slot].stream = .sending } else { rows[slot].place = .transferring }
    counters.prefixQueries += tokens
    counters.prefixHits += hit.hits * pool.blockSize
    notePeak()
    return (slot, hit.hits * pool.blockSize)
  }

  /// Promises blocks for the first `tokens` of a request that is about to be migrated here, if they are free and nobody
  /// waits for them.
  ///
  /// - Parameter keys: of its blocks here.
  /// - Returns: the tokens that are here already; nil when it cannot come, and nothing has changed.
  mutating func promise(_ slot: Int32, tokens: Int, keys: BlockKeys, _ rows: RequestRows) -> Int? {
    guard preemptedWaiting == 0, reservations.isEmpty else { return nil }
    let hit = pool.lookUp(keys, limit: tokens / pool.blockSize)
    guard pool.blocks(forTokens: tokens) - hit.hits + hit.free <= pool.free else { return nil }
    pool.share(keys, hits: hit.hits, into: &rows[slot].incoming)
    let fits = pool.extend(&rows[slot].incoming, toTokens: tokens)
    precondition(fits, "blocks were promised")
    reservedBlocks += rows[slot].incoming.blanks
    transfersIn += 1
    inflight += 1
    notePeak()
    return hit.hits * pool.blockSize
  }

  /// Promises more blocks, so that the first `tokens` have theirs and `room` have some to take.
  ///
  /// - Returns: false when too few are free; nothing has changed then.
  mutating func extendPromise(_ slot: Int32, toTokens tokens: Int, room: Int, _ rows: RequestRows)
    -> Bool
  {
    let needed = pool.blocks(forTokens: max(tokens, room)) - rows[slot].incoming.blocks
    guard needed <= pool.free else { return false }
    let before = rows[slot].incoming.blanks
    let fits = pool.extend(&rows[slot].incoming, toTokens: tokens)
    precondition(fits, "blocks were there")
    reservedBlocks += rows[slot].incoming.blanks - before
    notePeak()
    return true
  }

  /// Promises blocks for a prefix that comes without a request. The caller has seen that they are free.
  ///
  /// - Parameter hits: blocks of it that `lookUp` has just found here.
  mutating func promise(_ holding: inout KVHolding, tokens: Int, keys: BlockKeys, hits: Int) {
    pool.share(keys, hits: hits, into: &holding)
    let fits = pool.extend(&holding, toTokens: tokens)
    precondition(fits, "blocks were promised")
    reservedBlocks += holding.blanks
    notePeak()
  }

  /// The prefix has come: its blocks can be found, and are held until the promise is withdrawn.
  mutating func receive(_ holding: inout KVHolding, keys: BlockKeys) {
    reservedBlocks -= holding.blanks
    pool.name(&holding, tokens: keys.count * pool.blockSize, keys: keys)
  }

  mutating func withdrawPromise(_ holding: inout KVHolding) {
    reservedBlocks -= holding.blanks
    pool.release(&holding)
    needsDecision = true
  }

  /// The request will not come: what it was promised is free again.
  mutating func withdrawPromise(_ slot: Int32, _ rows: RequestRows) {
    reservedBlocks -= rows[slot].incoming.blanks
    transfersIn -= 1
    pool.release(&rows[slot].incoming)
    needsDecision = true
  }

  /// The request's KV cache has arrived; its row has given up the blocks on the other side.
  mutating func receive(_ slot: Int32, _ rows: RequestRows) {
    reservedBlocks -= rows[slot].incoming.blanks
    transfersIn -= 1
    rows[slot].holdIncoming()
    if !rows[slot].keys.isEmpty {
      pool.name(
        &rows[slot].held, tokens: Int(rows[slot].computed), keys: rows[slot].keys)
    }
    rows[slot].instance = id
    makeReady(slot, rows)
  }

  /// A request whose KV cache is here waits for a place in the running set.
  mutating func makeReady(_ slot: Int32, _ rows: RequestRows) {
    rows[slot].scheduledIn = 0
    rows[slot].place = .ready
    ready.append(slot)
    needsDecision = true
  }
}
