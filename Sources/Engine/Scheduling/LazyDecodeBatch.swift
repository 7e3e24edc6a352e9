import HeapModule

/// A decode batch that costs nothing per member and iteration.
///
/// A member's context is its *base* (context at joining, less the iterations until then) plus the number of iterations, so
/// one counter advances all. Members by base modulo the block size tell how many need a block in which iteration; a heap
/// tells who finishes when. Entries of members that left are recognised by their stamp and dropped when they surface.
struct LazyDecodeBatch: DecodeBatch {
  private let blockSize: Int
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
  private var residues: ContiguousArray<Int32>
  /// Slots of members with keys to publish, by the same residue.
  private var keyed: ContiguousArray<ContiguousArray<Int32>>
  private var keyedCount = 0
  private var due = Heap<Due>()
  private var minBase = 0
  private var maxBase = 0
  /// A member at an end of the range has left.
  private var rangeIsStale = false

  private struct Due: Comparable {
    /// Iteration whose end brings the last token.
    var iteration: Int
    var order: Int
    var stamp: Int
    var slot: Int32
    static func < (a: Due, b: Due) -> Bool {
      a.iteration != b.iteration
        ? a.iteration < b.iteration : a.order != b.order ? a.order < b.order : a.stamp < b.stamp
    }
  }

  init(blockSize: Int, tracksExtremes: Bool) {
    self.blockSize = blockSize
    self.tracksExtremes = tracksExtremes
    residues = ContiguousArray(repeating: 0, count: blockSize)
    keyed = ContiguousArray(repeating: [], count: blockSize)
  }

  var contextTokens: Int { baseSum + count * iteration }
  var contextSquares: Int {
    // Σ (base + i)² = Σ base² + 2i Σ base + count i²
    baseSquares &+ iteration &* (2 &* baseSum &+ count &* iteration)
  }
  var hasKeyed: Bool { keyedCount > 0 }

  @inline(__always)
  private func residue(ofBase base: Int) -> Int {
    let place = base % blockSize
    return place < 0 ? place + blockSize : place
  }

  /// Place in `residues` before the one that fills its block an iteration later.
  @inline(__always)
  private func before(_ place: Int) -> Int { place == 0 ? blockSize - 1 : place - 1 }

  func growth(ahead: Int) -> Int {
    // A token needs a new block when those before it fill theirs exactly.
    Int(residues[ahead == 0 ? fullBlocks : residue(ofBase: -iteration - ahead)])
  }

  func growth(over iterations: Int) -> Int {
    let rounds = iterations < blockSize ? 0 : iterations / blockSize
    var blocks = rounds * count
    var place = fullBlocks
    for _ in 0..<(iterations - rounds * blockSize) {
      blocks += Int(residues[place])
      place = before(place)
    }
    return blocks
  }

  func iterations(most: Int, free: Int) -> Int {
    guard most > 0 else { return 0 }
    if (most / blockSize + 1) * count <= free { return most }
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
    while let first = due.min {
      if isCurrent(first, rows) { return first.iteration - iteration }
      due.removeMin()
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
    due.insert(
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
    fullBlocks -= iterations < blockSize ? iterations : iterations % blockSize
    if fullBlocks < 0 { fullBlocks += blockSize }
  }

  mutating func popFinished(_ rows: RequestRows, into finished: inout Pile<Int32>) {
    while let first = due.min, first.iteration <= iteration {
      due.removeMin()
      guard isCurrent(first, rows) else { continue }
      leave(first.slot, rows)
      finished.append(first.slot)
    }
  }

  func computed(_ slot: Int32, _ rows: RequestRows) -> Int { rows[slot].ticket + iteration }
}
