import Testing

@testable import Engine

@Suite struct KVBlockPoolTests {
  /// A request on both pools.
  private struct Holder {
    var keys: BlockKeys
    var tokens: Int
    var holding = KVHolding()
    var plain: [Int] = []
    var plainNamed = 0
  }

  /// Random requests that share prefixes come, grow and go; after each step the pool answers like the plain one.
  @Test(arguments: 0..<300) func theQueueOfRunsIsAQueueOfBlocks(seed: Int) {
    var random = RandomScenario(seed: seed)
    let capacity = random.number(1...24)
    let blockSize = random.pick([1, 4, 16])
    var pool = KVBlockPool(capacity: capacity, blockSize: blockSize)
    var plain = PlainBlockPool(capacity: capacity, blockSize: blockSize)
    // Three prompts that others share the beginning of.
    let prompts = (1...3).map { prompt in BlockKeys((1...12).map { UInt64(100 * prompt + $0) }) }
    var holders: [Holder] = []
    for _ in 0..<80 {
      let choice = random.number(0...9)
      if choice < 5 || holders.isEmpty {
        let known = random.chance(0.3) ? 0 : random.number(0...12)
        let keys = BlockKeys(random.pick(prompts)[..<known])
        var holder = Holder(keys: keys, tokens: random.number(1...12 * blockSize))
        let limit = (holder.tokens - 1) / blockSize
        let hit = pool.lookUp(keys, limit: limit)
        #expect(hit == plain.lookUp(keys, limit: limit))
        pool.share(keys, hits: hit.hits, into: &holder.holding)
        holder.plain = plain.share(keys, hits: hit.hits)
        holder.plainNamed = hit.hits
        grow(&holder, by: 0, pool: &pool, plain: &plain)
        holders.append(holder)
      } else if choice < 8 {
        let place = random.number(0...holders.count - 1)
        grow(&holders[place], by: random.number(1...2 * blockSize), pool: &pool, plain: &plain)
      } else {
        var holder = holders.remove(at: random.number(0...holders.count - 1))
        pool.release(&holder.holding)
        plain.release(holder.plain, named: holder.plainNamed)
        #expect(holder.holding.blocks == 0)
      }
      #expect(pool.free == plain.free && pool.cached == plain.cached)
      #expect(pool.brokenLaw(holdings: holders.map(\.holding)) == nil)
      for keys in prompts {
        #expect(pool.lookUp(keys, limit: 12) == plain.lookUp(keys, limit: 12))
      }
    }
    for place in holders.indices { pool.release(&holders[place].holding) }
    #expect(pool.free == capacity && pool.held == 0)
  }

  private func grow(
    _ holder: inout Holder, by tokens: Int, pool: inout KVBlockPool, plain: inout PlainBlockPool
  ) {
    let before = (pool.free, holder.holding.blocks)
    let goal = holder.tokens + tokens
    let fits = pool.extend(&holder.holding, toTokens: goal, keys: holder.keys)
    #expect(
      fits
        == plain.extend(
          &holder.plain, named: &holder.plainNamed, toTokens: goal, keys: holder.keys))
    if fits {
      holder.tokens = goal
      #expect(holder.holding.blocks == holder.plain.count)
    } else {
      #expect((pool.free, holder.holding.blocks) == before, "a refusal leaves nothing half done")
    }
  }

  /// Blocks of a request that has ended stay findable until they are taken, its first block longest.
  @Test func theBeginningOfAPromptSurvivesLongest() {
    var pool = KVBlockPool(capacity: 4, blockSize: 16)
    let keys: BlockKeys = [11, 12, 13]
    var first = KVHolding()
    #expect(pool.extend(&first, toTokens: 48, keys: keys))
    pool.release(&first)
    #expect(pool.free == 4 && pool.cached == 3)
    // One block was never used; the next to go is the last of the prompt.
    for (taken, hits) in [(1, 3), (2, 2), (3, 1), (4, 0)] {
      var other = KVHolding()
      #expect(pool.extend(&other, toTokens: 16 * taken, keys: []))
      #expect(pool.lookUp(keys, limit: 3).hits == hits, "\(taken) taken")
      pool.release(&other)
      if hits == 0 { break }
      // Start over, so that each case begins with the same queue.
      pool = KVBlockPool(capacity: 4, blockSize: 16)
      var again = KVHolding()
      #expect(pool.extend(&again, toTokens: 48, keys: keys))
      pool.release(&again)
    }
  }
}
