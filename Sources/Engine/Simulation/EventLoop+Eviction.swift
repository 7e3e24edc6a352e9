/// The policy's word on which cached blocks go first.
extension EventLoop {
  /// Asks about the next `blocks` blocks that the instance will take, as long as there are cached ones among them.
  ///
  /// An answer only ranks: blocks go when they are taken, and a prompt that comes before that still finds them.
  mutating func chooseEvictions(_ index: Int, blocks: Int) throws(SimulationError) {
    let instance = state.pointee.instances + index
    guard instance.pointee.pool.cached > 0 else { return }
    var cursor = instance.pointee.pool.evictions(min(blocks, instance.pointee.pool.free))
    while instance.pointee.pool.advance(&cursor) {
      let runs = instance.pointee.pool.candidates(cursor)
      let prefixes = ContiguousArray(runs.map(\.prefix))
      let needed = cursor.needed
      let answer = try asking { (policy: inout P, world) throws(PolicyError) in
        try policy.evict(InstanceID(index), candidates: prefixes, neededBlocks: needed, world)
      }
      guard let answer, runs.indices.contains(answer) else { return }
      instance.pointee.pool.choose(runs[answer], &cursor)
    }
  }

  /// The same for what the request at the head of the queue of transfers needs.
  mutating func chooseEvictions(forTransferTo index: Int) throws(SimulationError) {
    let instance = state.pointee.instances + index
    guard let slot = instance.pointee.reservations.first else { return }
    let tokens = Int(rows[slot].stream != .none ? rows[slot].reached : rows[slot].computed)
    try chooseEvictions(index, blocks: instance.pointee.pool.blocks(forTokens: tokens))
  }
}

extension Instance {
  /// Most blocks that the next step takes within the instance's own limits, prefix hits left out.
  mutating func blocksForNextStep(_ rows: RequestRows) -> Int {
    let most = limits.longPrefillTokenThreshold > 0 ? limits.longPrefillTokenThreshold : .max
    var room = limits.maxNumBatchedTokens - batch.count - paused.count
    var blocks = blocksForDecodes(rows)
    for slot in prefilling where room > 0 {
      let tokens = min(rows[slot].remaining, most, room)
      room -= tokens
      let needed = pool.blocks(forTokens: Int(rows[slot].computed) + tokens)
      blocks += max(0, needed - rows[slot].held.blocks)
    }
    for slot in waiting.prefix(max(0, limits.maxNumSeqs - seats)) {
      guard room > 0 else { break }
      let tokens = min(rows[slot].remaining, most, room)
      room -= tokens
      blocks += pool.blocks(forTokens: tokens)
    }
    return blocks
  }
}
