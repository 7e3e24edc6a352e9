/// Fixed pool of KV blocks on one instance, with reference counts for shared prefixes.
///
/// Follows vLLM V1: free blocks stand in a queue; allocation takes from its head and forgets whatever content the block
/// still had; a request that ends gives its blocks back to the tail, last block first, so the start of a prompt survives
/// longest. A full block can be found by its key from the moment its tokens are scheduled. When two requests compute the
/// same block, the later one is found and the earlier one becomes blank.
///
/// The queue stores runs: blank blocks that stand together are one entry, so a workload of unknown content costs O(1).
///
/// Owns plain memory: not to be changed in a copy, and to be ended with `deallocate`.
///
/// Source: Kwon et al., SOSP 2023, https://doi.org/10.1145/3600006.3613165, section 4; vLLM `v1/core/block_pool.py`.
struct KVBlockPool {
  let capacity: Int
  private let size: BlockSize
  var blockSize: Int { size.tokens }
  /// Blocks that no request holds, cached ones included.
  private(set) var free: Int
  /// Those of them that still can be found by key.
  private(set) var cached = 0

  /// One block with known content, or a run of blank blocks in the free queue.
  struct Entry {
    /// 0 is blank.
    var key: UInt64
    /// Requests that hold it; 0 while it stands in the free queue.
    var references: Int32
    /// Blocks in a blank run; 1 for a block with a key.
    var count: Int32
    var next: Int32
    var previous: Int32
    /// Next entry in the same bucket of the index; means nothing on a blank one.
    var chain: Int32 = -1
  }
  var entries = Pile<Entry>()
  /// Unused places in `entries`.
  private var vacant = Pile<Int32>()
  var head: Int32 = -1
  var tail: Int32 = -1
  private(set) var index = BlockIndex()
  /// The run's clock, in pools whose evictions a policy chooses; nil in all others, which keep no account of use.
  var clock: UnsafePointer<SimTime>?
  /// Of each entry, in pools with a clock.
  var uses = Pile<Use>(capacity: 1)
  private var releases: Int32 = 0
  /// What a tier behind the pool is to be told of, and the keys since it last was.
  var journal = Journal.none
  var journalled = Pile<UInt64>(capacity: 1)

  /// Keys that are written down.
  enum Journal: UInt8 {
    case none
    /// Of blocks that can be found from now on.
    case named
    /// Of blocks that were forgotten, since their place was needed.
    case forgotten
  }

  init(capacity: Int, blockSize: Int) {
    precondition(capacity >= 0)
    self.capacity = capacity
    size = BlockSize(blockSize)
    free = 0
    appendBlank(capacity)
  }

  func deallocate() {
    entries.deallocate()
    vacant.deallocate()
    index.deallocate()
    uses.deallocate()
    journalled.deallocate()
  }

  /// Blocks that requests hold; a shared block counts once.
  var held: Int { capacity - free }

  @inline(__always)
  func blocks(forTokens tokens: Int) -> Int { size.blocks(for: tokens) }

  // MARK: Asking

  /// Number of leading keys that can be found, at most `limit`, and how many of those blocks are free at present.
  /// - Complexity: O(hits)
  func lookUp(_ keys: BlockKeys, limit: Int) -> (hits: Int, free: Int) {
    var hits = 0
    var unused = 0
    let end = min(limit, keys.count)
    while hits < end, let entry = index.find(keys[hits], in: entries) {
      if entries[Int(entry)].references == 0 { unused += 1 }
      hits += 1
    }
    return (hits, unused)
  }

  func holds(_ key: UInt64) -> Bool { index.find(key, in: entries) != nil }

  // MARK: Taking

  /// Adds the first `hits` blocks of `keys`, which `lookUp` has just found, to an empty holding.
  mutating func share(_ keys: BlockKeys, hits: Int, into holding: inout KVHolding) {
    precondition(holding.blocks == 0)
    for place in 0..<hits {
      guard let entry = index.find(keys[place], in: entries) else {
        preconditionFailure("a hit has gone")
      }
      if entries[Int(entry)].references == 0 {
        unlink(entry)
        free -= 1
        cached -= 1
      }
      entries[Int(entry)].references += 1
      if clock != nil {
        uses[Int(entry)].hits += 1
        uses[Int(entry)].isChosen = false
      }
      holding.entries.append(entry)
    }
  }

  /// Takes blocks so that the holding covers `tokens`, or takes none.
  ///
  /// - Returns: false when too few blocks are free; the pool is then unchanged.
  /// - Complexity: O(blocks with known content taken or forgotten)
  mutating func extend(_ holding: inout KVHolding, toTokens tokens: Int, keys: BlockKeys) -> Bool {
    guard extend(&holding, toTokens: tokens) else { return false }
    name(&holding, tokens: tokens, keys: keys)
    return true
  }

  /// The same for blocks that nobody is to find, or not yet.
  mutating func extend(_ holding: inout KVHolding, toTokens tokens: Int) -> Bool {
    let needed = blocks(forTokens: tokens) - holding.blocks
    if needed > 0 {
      guard needed <= free else { return false }
      take(needed)
      holding.blanks += needed
    }
    return true
  }

  /// Makes the full blocks among the first `tokens` findable.
  mutating func name(_ holding: inout KVHolding, tokens: Int, keys: BlockKeys) {
    let full = min(size.full(in: tokens), keys.count)
    while holding.entries.count < full {
      holding.blanks -= 1
      holding.entries.append(register(keys[holding.entries.count], place: holding.entries.count))
    }
  }

  /// Takes `count` blocks from the head of the free queue for a holding whose blanks the caller counts.
  /// Requires `count <= free`.
  @inline(__always)
  mutating func take(_ count: Int) {
    // Blank blocks mostly stand together.
    if head >= 0, entries[Int(head)].key == 0, count < Int(entries[Int(head)].count) {
      free -= count
      entries[Int(head)].count -= Int32(truncatingIfNeeded: count)
    } else {
      takeRuns(count)
    }
  }

  private mutating func takeRuns(_ count: Int) {
    precondition(count <= free, "taking \(count) of \(free) free blocks")
    free -= count
    var left = Int32(count)
    while left > 0 {
      let first = head
      let run = entries[Int(first)].count
      if entries[Int(first)].key != 0 {
        if journal == .forgotten { journalled.append(entries[Int(first)].key) }
        index.remove(first, from: &entries)
        cached -= 1
        unlink(first)
        vacant.append(first)
        left -= 1
      } else if run > left {
        entries[Int(first)].count = run - left
        left = 0
      } else {
        unlink(first)
        vacant.append(first)
        left -= run
      }
    }
  }

  // MARK: Giving back

  /// Gives everything back: blanks first, then known blocks from the last to the first.
  mutating func release(_ holding: inout KVHolding) {
    appendBlank(holding.blanks)
    holding.blanks = 0
    releases &+= 1
    if holding.entries.isEmpty { return }
    for entry in holding.entries.reversed() {
      entries[Int(entry)].references -= 1
      guard entries[Int(entry)].references == 0 else { continue }
      if entries[Int(entry)].key == 0 {
        vacant.append(entry)
        appendBlank(1)
      } else {
        link(entry)
        if let clock {
          uses[Int(entry)].release = releases
          uses[Int(entry)].freed = clock.pointee
        }
        free += 1
        cached += 1
      }
    }
    holding.entries.removeAll(keepingCapacity: true)
  }

  // MARK: Queue

  /// - Parameter place: of the block in its prompt.
  private mutating func register(_ key: UInt64, place: Int) -> Int32 {
    if journal == .named { journalled.append(key) }
    let entry = makeEntry(key: key, references: 1, count: 1)
    if clock != nil {
      while uses.count < entries.count { uses.append(Use()) }
      uses[Int(entry)] = Use(place: Int32(place))
    }
    if let former = index.insert(entry, in: &entries) {
      // The former owner of the key keeps its place, and is blank from now on.
      if clock != nil { uses[Int(entry)].hits = uses[Int(former)].hits }
      entries[Int(former)].key = 0
      if entries[Int(former)].references == 0 { cached -= 1 }
    }
    return entry
  }

  /// Makes a block that nobody holds findable, as the one used last, in the place of the one used longest ago.
  ///
  /// - Returns: the key that went for it; 0 is none. Requires a capacity of at least one block.
  mutating func keep(_ key: UInt64) -> UInt64 {
    if let entry = index.find(key, in: entries) {
      unlink(entry)
      link(entry)
      return 0
    }
    let gone = entries[Int(head)].key
    take(1)
    let entry = makeEntry(key: key, references: 0, count: 1)
    _ = index.insert(entry, in: &entries)
    link(entry)
    free += 1
    cached += 1
    return gone
  }

  private mutating func appendBlank(_ count: Int) {
    guard count > 0 else { return }
    free += count
    if tail >= 0, entries[Int(tail)].key == 0 {
      entries[Int(tail)].count += Int32(count)
    } else {
      link(makeEntry(key: 0, references: 0, count: Int32(count)))
    }
  }

  private mutating func makeEntry(key: UInt64, references: Int32, count: Int32) -> Int32 {
    let entry = Entry(key: key, references: references, count: count, next: -1, previous: -1)
    if let place = vacant.popLast() {
      entries[Int(place)] = entry
      return place
    }
    entries.append(entry)
    return Int32(entries.count - 1)
  }

  private mutating func link(_ entry: Int32) {
    entries[Int(entry)].previous = tail
    entries[Int(entry)].next = -1
    if tail >= 0 { entries[Int(tail)].next = entry } else { head = entry }
    tail = entry
  }

  mutating func unlink(_ entry: Int32) {
    let previous = entries[Int(entry)].previous
    let next = entries[Int(entry)].next
    if previous >= 0 { entries[Int(previous)].next = next } else { head = next }
    if next >= 0 { entries[Int(next)].previous = previous } else { tail = previous }
  }
}
