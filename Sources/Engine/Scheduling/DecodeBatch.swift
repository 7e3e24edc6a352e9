/// The requests that decode together on one instance, and what an iteration over all of them needs to know.
///
/// Two implementations give the same answers: `LazyDecodeBatch` touches a request only when it joins, leaves or finishes;
/// `ExplicitDecodeBatch` counts every request in every iteration, and is there to check the other.
/// What is asked in hot loops is `mutating` though it only looks: see `Instance`.
/// While a request is a member, `computed` and `reached` of its row are stale; `leave` and `popFinished` bring them up to date.
protocol DecodeBatch {
  /// - Parameter tracksExtremes: whether `contextRange` will be asked for.
  init(blockSize: Int, tracksExtremes: Bool)
  /// Ends memory of its own; nothing may be asked of it any more.
  func deallocate()

  var count: Int { get }
  /// Iterations started.
  var iteration: Int { get }
  /// Tokens computed, summed over members.
  var contextTokens: Int { get }
  /// Their squares, summed over members; wraps around.
  var contextSquares: Int { get }
  /// Has any member a block key still to publish?
  var hasKeyed: Bool { get }

  /// Blocks that members take in the iteration `ahead` iterations after the next one, if membership stays.
  mutating func growth(ahead: Int) -> Int
  /// Blocks that members take in the next `iterations` iterations together.
  mutating func growth(over iterations: Int) -> Int
  /// How many of at most `most` iterations can follow the next one before they have taken more than `free` blocks.
  mutating func iterations(most: Int, free: Int) -> Int
  /// Fewest and most tokens computed of any member; (0, 0) when empty.
  mutating func contextRange(_ rows: RequestRows, running: Pile<Int32>) -> (Int, Int)
  /// Iterations until the first member has all its tokens, at least 1; nil when empty.
  mutating func iterationsToFinish(_ rows: RequestRows) -> Int?
  /// Members whose next token fills a block with a key, in order of admission.
  func publishers(_ rows: RequestRows) -> ContiguousArray<Int32>

  /// `stamp` is unique over all joinings of a run.
  mutating func join(_ slot: Int32, stamp: Int, _ rows: RequestRows)
  mutating func leave(_ slot: Int32, _ rows: RequestRows)
  /// Iterations over all members start, one after the other: in each of them each member computes one token.
  mutating func advance(by iterations: Int)
  /// Removes the members whose last token came with the iteration that just ended, in order of admission.
  mutating func popFinished(_ rows: RequestRows, into finished: inout Pile<Int32>)
  /// Tokens computed of a member.
  func computed(_ slot: Int32, _ rows: RequestRows) -> Int
}

extension DecodeBatch {
  mutating func growth(over iterations: Int) -> Int {
    var blocks = 0
    for ahead in 0..<iterations { blocks += growth(ahead: ahead) }
    return blocks
  }

  mutating func iterations(most: Int, free: Int) -> Int {
    var left = free
    for ahead in 0..<max(0, most) {
      left -= growth(ahead: ahead + 1)
      if left < 0 { return ahead }
    }
    return max(0, most)
  }
}
