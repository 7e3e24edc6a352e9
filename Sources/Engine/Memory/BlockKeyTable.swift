/// Open-addressing map from block key to entry of the pool: linear probing, backward-shift deletion.
///
/// Keys are hashes already, so their low bits are the place to start. `Dictionary` hashes them once more, with a
/// per-process seed, and costs four times as much a look-up. Key 0 means "empty" and is never stored.
/// - Complexity: O(1) expected; at most half full.
struct BlockKeyTable {
  private var keys: ContiguousArray<UInt64>
  private var values: ContiguousArray<Int32>
  private var mask: Int
  private(set) var count = 0

  init(minimumCapacity: Int = 16) {
    var size = 16
    while size < 2 * minimumCapacity { size *= 2 }
    keys = ContiguousArray(repeating: 0, count: size)
    values = ContiguousArray(repeating: 0, count: size)
    mask = size - 1
  }

  subscript(key: UInt64) -> Int32? {
    var place = Int(truncatingIfNeeded: key) & mask
    while keys[place] != 0 {
      if keys[place] == key { return values[place] }
      place = (place + 1) & mask
    }
    return nil
  }

  /// Stores `value` and returns what it replaced.
  mutating func set(_ key: UInt64, to value: Int32) -> Int32? {
    if 2 * (count + 1) > keys.count { grow() }
    var place = Int(truncatingIfNeeded: key) & mask
    while keys[place] != 0 {
      if keys[place] == key {
        let old = values[place]
        values[place] = value
        return old
      }
      place = (place + 1) & mask
    }
    keys[place] = key
    values[place] = value
    count += 1
    return nil
  }

  mutating func remove(_ key: UInt64) {
    var place = Int(truncatingIfNeeded: key) & mask
    while keys[place] != key {
      if keys[place] == 0 { return }
      place = (place + 1) & mask
    }
    // Close the gap: move back whatever would not be found with a hole here.
    var hole = place
    var next = (hole + 1) & mask
    while keys[next] != 0 {
      let home = Int(truncatingIfNeeded: keys[next]) & mask
      if (next - home) & mask >= (next - hole) & mask {
        keys[hole] = keys[next]
        values[hole] = values[next]
        hole = next
      }
      next = (next + 1) & mask
    }
    keys[hole] = 0
    count -= 1
  }

  private mutating func grow() {
    var larger = BlockKeyTable(minimumCapacity: keys.count)
    for place in keys.indices where keys[place] != 0 {
      _ = larger.set(keys[place], to: values[place])
    }
    self = larger
  }
}
