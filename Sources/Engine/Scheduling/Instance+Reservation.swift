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
    let hit = pool.lookUp(keys, limit: tokens / pool.blockSize)
    // Room for its next token as well, unless it has none: the last token of a request is never stored.
    let needed = min(tokens + 1, Int(rows[slot].target) - 1)
    guard pool.blocks(forTokens: needed) - hit.hits + hit.free <= pool.free else { return nil }
    reservations.removeFirst()
    pool.share(keys, hits: hit.hits, into: &rows[slot].incoming)
    // Keys are published on arrival: before that the content is not here.
    let fits = pool.extend(&rows[slot].incoming, toTokens: tokens, keys: [])
    precondition(fits, "blocks were promised")
    reservedBlocks += rows[slot].incoming.blanks
    transfersIn += 1
    if isStream { rows[slot].stream = .sending } else { rows[slot].place = .transferring }
    counters.prefixQueries += tokens
    counters.prefixHits += hit.hits * pool.blockSize
    notePeak()
    return (slot, hit.hits * pool.blockSize)
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
    rows[slot].held = rows[slot].incoming
    rows[slot].incoming = KVHolding()
    pool.name(
      &rows[slot].held, tokens: Int(rows[slot].computed), keys: rows[slot].keys)
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
