/// Tokens of a block, and counts of tokens in such blocks. Sizes are nearly always powers of two, which need no division.
struct BlockSize {
  let tokens: Int
  /// Binary digits of a power of two; −1 of another size.
  private let shift: Int

  init(_ tokens: Int) {
    precondition(tokens > 0)
    self.tokens = tokens
    shift = tokens.nonzeroBitCount == 1 ? tokens.trailingZeroBitCount : -1
  }

  /// Blocks that `count` tokens take, the last one perhaps not full. Not negative.
  @inline(__always)
  func blocks(for count: Int) -> Int { full(in: count + tokens - 1) }

  /// Blocks that `count` tokens fill. Not negative.
  @inline(__always)
  func full(in count: Int) -> Int { shift >= 0 ? count >> shift : count / tokens }

  /// Tokens beyond those of full blocks; of a negative count as well, in 0 ..< `tokens`.
  @inline(__always)
  func remainder(of count: Int) -> Int {
    if shift >= 0 { return count & (tokens - 1) }
    let rest = count % tokens
    return rest < 0 ? rest + tokens : rest
  }
}
