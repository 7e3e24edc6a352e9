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
    // On cache lines, so that keys in a row (`BlockKey`) are in one.
    self.buckets = UnsafeMutableRawPointer.allocate(
      byteCount: buckets * MemoryLayout<Int32>.stride, alignment: 64
    ).bindMemory(to: Int32.self, capacity: buckets)
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
  ///
  /// It goes to the end of its chain, which the search for its key has just walked: what is forgotten is mostly the
  /// oldest, and so at the beginning.
  mutating func insert(_ entry: Int32, in entries: inout Entries) -> Int32? {
    if 2 * (count + 1) > mask + 1 { grow(&entries) }
    let key = entries[Int(entry)].key
    let bucket = bucket(key)
    var former: Int32?
    var last: Int32 = -1
    var place = buckets[bucket]
    while place >= 0 {
      let next = entries[Int(place)].chain
      if entries[Int(place)].key == key {
        former = place
        count -= 1
        setNext(of: last, in: bucket, to: next, &entries)
      } else {
        last = place
      }
      place = next
    }
    entries[Int(entry)].chain = -1
    setNext(of: last, in: bucket, to: entry, &entries)
    count += 1
    return former
  }

  /// `entry` -1 is the head of the chain.
  @inline(__always)
  private func setNext(of entry: Int32, in bucket: Int, to next: Int32, _ entries: inout Entries) {
    if entry < 0 { buckets[bucket] = next } else { entries[Int(entry)].chain = next }
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
