/// Whose cached blocks go first, where a policy has a say.
///
/// Blocks are taken from the head of the free queue. Cached ones that a policy chooses move in front of the cached ones that
/// it did not choose, and can be found until they are taken; blank ones keep their places. Whoever chooses the first
/// candidate each time leaves the queue as it is.
extension KVBlockPool {
  /// What is known of an entry with a key besides its place in the queue.
  struct Use: BitwiseCopyable {
    /// Block of the prompt, from 0.
    var place: Int32 = 0
    var hits: Int32 = 0
    /// Number of the release that brought it back; blocks that came back together have the same.
    var release: Int32 = 0
    var isChosen = false
    var freed = SimTime.zero
  }

  /// Cached blocks that stand together: of one release, found equally often.
  struct CachedRun {
    var first: Int32
    var prefix: CachedPrefix
  }

  /// Where the walk through the next blocks to be taken has come to.
  struct EvictionCursor {
    var entry: Int32
    /// Blocks still to be looked at.
    var needed: Int
  }

  /// Most candidates of one question, and most blocks walked for them. guess: what a policy can weigh in a few
  /// microseconds.
  static var mostRuns: Int { 32 }
  static var mostWalked: Int { 4096 }

  /// A cursor over the next `blocks` blocks to be taken.
  func evictions(_ blocks: Int) -> EvictionCursor { EvictionCursor(entry: head, needed: blocks) }

  /// Moves the cursor to the next cached block that would be taken and was not chosen. False when there is none.
  func advance(_ cursor: inout EvictionCursor) -> Bool {
    while cursor.entry >= 0, cursor.needed > 0 {
      let entry = entries[Int(cursor.entry)]
      if entry.key != 0, !uses[Int(cursor.entry)].isChosen { return true }
      cursor.needed -= Int(entry.count)
      cursor.entry = entry.next
    }
    return false
  }

  /// What can be chosen at the cursor: the least recently used first.
  func candidates(_ cursor: EvictionCursor) -> ContiguousArray<CachedRun> {
    var runs: ContiguousArray<CachedRun> = []
    var isOpen = false
    var release: Int32 = 0
    var entry = cursor.entry
    var walked = 0
    while entry >= 0, walked < Self.mostWalked {
      walked += 1
      let next = entries[Int(entry)].next
      if entries[Int(entry)].key == 0 || uses[Int(entry)].isChosen {
        isOpen = false
      } else {
        let use = uses[Int(entry)]
        if let last = runs.indices.last, isOpen, use.release == release,
          runs[last].prefix.hits == Int(use.hits)
        {
          runs[last].prefix.blocks += 1
          runs[last].prefix.startTokens = Int(use.place) * blockSize
        } else {
          if runs.count == Self.mostRuns { break }
          runs.append(
            CachedRun(
              first: entry,
              prefix: CachedPrefix(
                blocks: 1, startTokens: Int(use.place) * blockSize, hits: Int(use.hits),
                freed: use.freed)))
          isOpen = true
          release = use.release
        }
      }
      entry = next
    }
    return runs
  }

  /// Puts the blocks of a run first, as many as are needed, and the cursor behind them.
  mutating func choose(_ run: CachedRun, _ cursor: inout EvictionCursor) {
    var moving = run.first
    for _ in 0..<min(run.prefix.blocks, cursor.needed) {
      let next = entries[Int(moving)].next
      uses[Int(moving)].isChosen = true
      if moving == cursor.entry {
        cursor.entry = next
      } else {
        unlink(moving)
        link(moving, before: cursor.entry)
      }
      cursor.needed -= 1
      moving = next
    }
  }

  private mutating func link(_ entry: Int32, before next: Int32) {
    let previous = entries[Int(next)].previous
    entries[Int(entry)].next = next
    entries[Int(entry)].previous = previous
    entries[Int(next)].previous = entry
    if previous >= 0 { entries[Int(previous)].next = entry } else { head = entry }
  }
}

/// Cached blocks that no request holds, as a policy sees them.
public struct CachedPrefix: Equatable, Sendable {
  public var blocks: Int
  /// Tokens of the prompt before its first block.
  public var startTokens: Int
  /// How often a request has found the blocks.
  public var hits: Int
  /// When the last request gave them back.
  public var freed: SimTime

  public init(blocks: Int, startTokens: Int, hits: Int, freed: SimTime) {
    self.blocks = blocks
    self.startTokens = startTokens
    self.hits = hits
    self.freed = freed
  }
}
