/// A decode batch that costs nothing per member and iteration.
///
/// A member's context is its *base* (context at joining, less the iterations until then) plus the number of iterations, so
/// one counter advances all. Members by base modulo the block size tell how many need a block in which iteration; a heap
/// tells who finishes when. Entries of members that left are recognised by their stamp and dropped when they surface.
struct LazyDecodeBatch: DecodeBatch {
  private let size: BlockSize
  private var blockSize: Int { size.tokens }
  private let tracksExtremes: Bool
  private(set) var count = 0
  private(set) var iteration = 0
  /// Residue of the members whose context is a multiple of the block size before iteration number `iteration`: −iteration
  /// modulo the block size, kept because a division is dear.
  private var fullBlocks = 0
  private var baseSum = 0
  /// Sum of the squares of bases; wraps around, as their sum with what follows from the others does.
  private var baseSquares = 0
  /// Members by base modulo block size.
  private var residues: Pile<Int32>
  /// Slots of members with keys to publish, by the same residue.
  private var keyed: ContiguousArray<ContiguousArray<Int32>>
  private var keyedCount = 0
  private var due = PlainHeap<Due>()
  private var minBase = 0
  private var maxBase = 0
  /// A member at an end of the range has left.
  private var rangeIsStale = false

  private struct Due: Comparable, BitwiseCopyable {
    /// Iteration whose end brings the last token.
    var iteration: Int
    /// No two members have the same.
    var order: Int
    var stamp: Int
    var slot: Int32

    /// One number for the whole order, and no branch. An order of admission is not negative.
    @inline(__always)
    private var rank: Int128 { Int128(iteration) << 64 | Int128(order) }

    @inline(__always)
    static func < (a: Due, b: Due) -> Bool { a.rank < b.rank }
  }

  init(blockSize: Int, tracksExtremes: Bool) {
    size = BlockSize(blockSize)
    self.tracksExtremes = tracksExtremes
    residues = Pile(capacity: blockSize)
    residues.extend(by: blockSize).update(repeating: 0)
    keyed = ContiguousArray(repeating: [], count: blockSize)
  }

  func deallocate() {
    residues.deallocate()
    due.deallocate()
  }

  var contextTokens: Int { baseSum + count * iteration }
  var contextSquares: Int {
    // Σ (base + i)² = Σ base² + 2i Σ base + count i²
    baseSquares &+ iteration &* (2 &* baseSum &+ count &* iteration)
  }
  var hasKeyed: Bool { keyedCount > 0 }

  @inline(__always)
  private func residue(ofBase base: Int) -> Int { size.remainder(of: base) }

  /// Place in `residues` before the one that fills its block an iteration later.
  @inline(__always)
  private func before(_ place: Int) -> Int { place == 0 ? blockSize - 1 : place - 1 }

  mutating func growth(ahead: Int) -> Int {
    // A token needs a new block when those before it fill theirs exactly.
    Int(residues[ahead == 0 ? fullBlocks : residue(ofBase: -iteration - ahead)])
  }

  mutating func growth(over iterations: Int) -> Int {
    let rounds = size.full(in: iterations)
    let rest = iterations - rounds * blockSize
    // Downwards from `fullBlocks`, and on from the end.
    let first = fullBlocks + 1 - rest
    var blocks = rounds * count
    for place in max(0, first)..<fullBlocks + 1 { blocks += Int(residues[place]) }
    if first < 0 { for place in blockSize + first..<blockSize { blocks += Int(residues[place]) } }
    return blocks
  }

  mutating func iterations(most: Int, free: Int) -> Int {
    guard most > 0 else { return 0 }
    if (size.full(in: most) + 1) * count <= free { return most }
    var left = free
    var place = before(fullBlocks)
    for ahead in 0..<most {
      left -= Int(residues[place])
      if left < 0 { return ahead }
      place = before(place)
    }
    return most
  }

  func publishers(_ rows: RequestRows) -> ContiguousArray<Int32> {
    guard keyedCount > 0 else { return [] }
    // One token more, and the block is full.
    let bucket = keyed[before(fullBlocks)]
    return bucket.count > 1
      ? ContiguousArray(bucket.sorted { rows[$0].order < rows[$1].order }) : bucket
  }

  mutating func contextRange(_ rows: RequestRows, running: Pile<Int32>) -> (Int, Int) {
    if count == 0 { return (0, 0) }
    if rangeIsStale {
      (minBase, maxBase) = (.max, .min)
      for slot in running where rows[slot].place == .decoding {
        minBase = min(minBase, rows[slot].ticket)
        maxBase = max(maxBase, rows[slot].ticket)
      }
      rangeIsStale = false
    }
    return (minBase + iteration, maxBase + iteration)
  }

  mutating func iterationsToFinish(_ rows: RequestRows) -> Int? {
    while let first = due.first {
      if isCurrent(first, rows) { return first.iteration - iteration }
      due.pop()
    }
    return nil
  }

  @inline(__always)
  private func isCurrent(_ entry: Due, _ rows: RequestRows) -> Bool {
    rows[entry.slot].stamp == entry.stamp && rows[entry.slot].place == .decoding
  }

  mutating func join(_ slot: Int32, stamp: Int, _ rows: RequestRows) {
    let base = Int(rows[slot].computed) - iteration
    rows[slot].ticket = base
    rows[slot].stamp = stamp
    rows[slot].place = .decoding
    rows[slot].joinedAt = iteration
    if count == 0 {
      (minBase, maxBase, rangeIsStale) = (base, base, false)
    } else if tracksExtremes {
      minBase = min(minBase, base)
      maxBase = max(maxBase, base)
    }
    count += 1
    baseSum += base
    baseSquares = baseSquares &+ base &* base
    let bucket = residue(ofBase: base)
    residues[bucket] += 1
    if rows[slot].keys.count > rows[slot].held.entries.count {
      keyed[bucket].append(slot)
      keyedCount += 1
    }
    // After an iteration `reached` is `computed` + 1.
    due.push(
      Due(
        iteration: Int(rows[slot].target) - 1 - base, order: rows[slot].order, stamp: stamp,
        slot: slot))
  }

  mutating func leave(_ slot: Int32, _ rows: RequestRows) {
    let base = rows[slot].ticket
    rows[slot].computed = Int32(base + iteration)
    rows[slot].reached = rows[slot].computed + 1
    rows[slot].place = .paused
    count -= 1
    baseSum -= base
    baseSquares = baseSquares &- base &* base
    if base == minBase || base == maxBase { rangeIsStale = true }
    let bucket = residue(ofBase: base)
    residues[bucket] -= 1
    if keyedCount > 0, let place = keyed[bucket].firstIndex(of: slot) {
      keyed[bucket].remove(at: place)
      keyedCount -= 1
    }
  }

  mutating func advance(by iterations: Int) {
    iteration += iterations
    fullBlocks -= size.remainder(of: iterations)
    if fullBlocks < 0 { fullBlocks += blockSize }
  }

  mutating func popFinished(_ rows: RequestRows, into finished: inout Pile<Int32>) {
    while let first = due.first, first.iteration <= iteration {
      due.pop()
      guard isCurrent(first, rows) else { continue }
      leave(first.slot, rows)
      finished.append(first.slot)
    }
  }

  func computed(_ slot: Int32, _ rows: RequestRows) -> Int { rows[slot].ticket + iteration }
}
