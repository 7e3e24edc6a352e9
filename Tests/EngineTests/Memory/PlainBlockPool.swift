@testable import Engine

/// A pool that keeps every block apart and looks everything up by walking: slow, obvious, and the check of `KVBlockPool`.
struct PlainBlockPool {
  struct Block {
    /// 0 is blank.
    var key: UInt64 = 0
    var references = 0
  }
  let blockSize: Int
  var blocks: [Block]
  /// Places of free blocks, the next to be taken first.
  var queue: [Int]

  init(capacity: Int, blockSize: Int) {
    self.blockSize = blockSize
    blocks = Array(repeating: Block(), count: capacity)
    queue = Array(0..<capacity)
  }

  var free: Int { queue.count }
  var cached: Int { queue.count { blocks[$0].key != 0 } }

  func lookUp(_ keys: BlockKeys, limit: Int) -> (hits: Int, free: Int) {
    var hits = 0
    var free = 0
    while hits < min(limit, keys.count),
      let place = blocks.firstIndex(where: { $0.key == keys[hits] })
    {
      if blocks[place].references == 0 { free += 1 }
      hits += 1
    }
    return (hits, free)
  }

  mutating func share(_ keys: BlockKeys, hits: Int) -> [Int] {
    (0..<hits).map { hit in
      let place = blocks.firstIndex { $0.key == keys[hit] }!
      queue.removeAll { $0 == place }
      blocks[place].references += 1
      return place
    }
  }

  mutating func extend(_ held: inout [Int], named: inout Int, toTokens tokens: Int, keys: BlockKeys)
    -> Bool
  {
    let needed = (tokens + blockSize - 1) / blockSize - held.count
    if needed > 0 {
      guard needed <= free else { return false }
      for _ in 0..<needed {
        let place = queue.removeFirst()
        blocks[place] = Block(key: 0, references: 1)
        held.append(place)
      }
    }
    while named < min(tokens / blockSize, keys.count) {
      for place in blocks.indices where blocks[place].key == keys[named] { blocks[place].key = 0 }
      blocks[held[named]].key = keys[named]
      named += 1
    }
    return true
  }

  /// Blocks without a key go first, then the others from the last to the first.
  mutating func release(_ held: [Int], named: Int) {
    for place in held[named...] + held[..<named].reversed() {
      blocks[place].references -= 1
      if blocks[place].references == 0 { queue.append(place) }
    }
  }
}
