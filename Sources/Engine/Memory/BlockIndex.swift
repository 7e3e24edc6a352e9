/// Finds the pool's entries by their keys: a hash table whose chains run through the entries themselves.
///
/// Keys are hashes already, so their low bits are the bucket. `Dictionary` hashes them once more, with a per-process
/// seed. On long prompts the table is what the engine's time goes into, and most of that is cache misses: a bucket is
/// four bytes and an entry is at hand anyway when its key comes or goes, so either costs one miss. (Open addressing with
/// 16-byte cells took a third longer on 9 million blocks.)
/// - Complexity: O(1) expected; at most half as many keys as buckets.
struct BlockIndex {
  typealias Entries = Pile<KVBlockPool.Entry>
  /// First entry of each chain; -1 ends it.
  private var buckets: UnsafeMutablePointer<Int32>
  private var mask: Int
  private(set) var count = 0

  init(buckets: Int = 16) {
    self.buckets = .allocate(capacity: buckets)
    self.buckets.initialize(repeating: -1, count: buckets)
    mask = buckets - 1
  }

  func deallocate() { buckets.deallocate() }

  @inline(__always)
  private func bucket(_ key: UInt64) -> Int { Int(truncatingIfNeeded: key) & mask }

  /// The entry that has `key`, or nil.
  func find(_ key: UInt64, in entries: Entries) -> Int32? {
    var entry = buckets[bucket(key)]
    while entry >= 0 {
      if entries[Int(entry)].key == key { return entry }
      entry = entries[Int(entry)].chain
    }
    return nil
  }

  /// Makes `entry` the one that is found by its key. Returns the one that was.
  mutating func insert(_ entry: Int32, in entries: inout Entries) -> Int32? {
    if 2 * (count + 1) > mask + 1 { grow(&entries) }
    let key = entries[Int(entry)].key
    let former = find(key, in: entries)
    if let former { remove(former, from: &entries) }
    let bucket = bucket(key)
    entries[Int(entry)].chain = buckets[bucket]
    buckets[bucket] = entry
    count += 1
    return former
  }

  /// Forgets an entry that is in the table.
  mutating func remove(_ entry: Int32, from entries: inout Entries) {
    let next = entries[Int(entry)].chain
    let bucket = bucket(entries[Int(entry)].key)
    count -= 1
    var before = buckets[bucket]
    if before == entry {
      buckets[bucket] = next
      return
    }
    while entries[Int(before)].chain != entry { before = entries[Int(before)].chain }
    entries[Int(before)].chain = next
  }

  private mutating func grow(_ entries: inout Entries) {
    var larger = BlockIndex(buckets: 2 * (mask + 1))
    for bucket in 0...mask {
      var entry = buckets[bucket]
      while entry >= 0 {
        let next = entries[Int(entry)].chain
        _ = larger.insert(entry, in: &entries)
        entry = next
      }
    }
    deallocate()
    self = larger
  }
}
