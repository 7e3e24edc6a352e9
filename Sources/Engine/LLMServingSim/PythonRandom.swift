/// The numbers of Python's `random.Random(seed)`, which LLMServingSim's router draws from.
///
/// Source: MT19937, Matsumoto and Nishimura 1998, https://doi.org/10.1145/272991.272995, with the seeding by an array that
/// they published in 2002; `randrange` as in CPython's `Lib/random.py`: as many bits as the bound has, drawn again while
/// they are too large.
struct PythonRandom: Sendable {
  private static let size = 624
  private static let shift = 397
  private var state: ContiguousArray<UInt32>
  private var next = PythonRandom.size

  init(seed: UInt32) {
    state = Self.state(from: 19_650_218)
    var i = 1
    for _ in 0..<Self.size {
      state[i] = (state[i] ^ (previous(i) &* 1_664_525)) &+ seed
      i = advance(i)
    }
    for _ in 1..<Self.size {
      state[i] = (state[i] ^ (previous(i) &* 1_566_083_941)) &- UInt32(i)
      i = advance(i)
    }
    state[0] = 1 << 31
  }

  /// Uniform in 0..<bound, without bias. Requires 1 to 2^32 − 1.
  mutating func randrange(_ bound: Int) -> Int {
    precondition(bound > 0 && bound <= UInt32.max, "randrange of \(bound)")
    let unused = UInt32(bound).leadingZeroBitCount
    while true {
      let value = Int(nextWord() >> UInt32(unused))
      if value < bound { return value }
    }
  }

  /// 32 random bits.
  mutating func nextWord() -> UInt32 {
    if next == Self.size { twist() }
    var y = state[next]
    next += 1
    y ^= y >> 11
    y ^= (y << 7) & 0x9d2c_5680
    y ^= (y << 15) & 0xefc6_0000
    return y ^ (y >> 18)
  }

  private static func state(from seed: UInt32) -> ContiguousArray<UInt32> {
    var state: ContiguousArray<UInt32> = [seed]
    for i in 1..<size {
      let last = state[i - 1]
      state.append(1_812_433_253 &* (last ^ (last >> 30)) &+ UInt32(i))
    }
    return state
  }

  private func previous(_ i: Int) -> UInt32 { state[i - 1] ^ (state[i - 1] >> 30) }

  /// The place after `i`; the last one's successor is 1, and 0 takes the last one's value.
  private mutating func advance(_ i: Int) -> Int {
    guard i == Self.size - 1 else { return i + 1 }
    state[0] = state[i]
    return 1
  }

  private mutating func twist() {
    for i in 0..<Self.size {
      let y = (state[i] & 0x8000_0000) | (state[(i + 1) % Self.size] & 0x7fff_ffff)
      state[i] =
        state[(i + Self.shift) % Self.size] ^ (y >> 1) ^ (y & 1 == 1 ? 0x9908_b0df : 0)
    }
    next = 0
  }
}
