extension KVBlockPool {
  /// Walks the whole pool and returns the first law that does not hold, or nil.
  ///
  /// - Parameter holdings: every holding of every request on this instance.
  /// - Parameter extra: blocks taken with `take` that no holding counts.
  /// - Complexity: O(capacity); for tests and `--check`.
  func brokenLaw(holdings: [KVHolding], extra: Int = 0) -> String? {
    var references = [Int32](repeating: 0, count: entries.count)
    var blanks = extra
    for holding in holdings {
      if holding.blanks < 0 { return "a holding has \(holding.blanks) blank blocks" }
      blanks += holding.blanks
      for entry in holding.entries { references[Int(entry)] += 1 }
    }
    var queued = 0
    var findable = 0
    var previous: Int32 = -1
    var entry = head
    while entry >= 0 {
      let e = entries[Int(entry)]
      if e.previous != previous { return "entry \(entry) does not point back" }
      if e.references != 0 { return "entry \(entry) is free and held \(e.references) times" }
      if references[Int(entry)] != 0 { return "entry \(entry) is free and in a holding" }
      if e.key != 0 {
        findable += 1
        if index.find(e.key, in: entries) != entry {
          return "cached entry \(entry) cannot be found"
        }
        if e.count != 1 { return "entry \(entry) with a key counts \(e.count) blocks" }
      }
      queued += Int(e.count)
      previous = entry
      entry = e.next
    }
    if previous != tail { return "the queue ends at \(previous), not at \(tail)" }
    if queued != free { return "\(queued) blocks queued, \(free) counted free" }
    if findable != cached { return "\(findable) blocks cached, \(cached) counted" }
    let shared = references.count { $0 > 0 }
    if shared + blanks != held {
      return "requests hold \(shared) + \(blanks) blocks, pool says \(held)"
    }
    for (place, count) in references.enumerated() where count > 0 {
      if entries[place].references != count {
        return "entry \(place) is held \(count) times and counts \(entries[place].references)"
      }
    }
    return nil
  }
}
