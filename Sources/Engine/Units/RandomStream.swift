/// Seeded pseudo-random numbers for one purpose.
///
/// Each consumer owns a stream with a name, so that adding a consumer changes no other stream's numbers.
/// Source: xoshiro256**, Blackman and Vigna 2018, https://doi.org/10.1145/3460772; seeded by splitmix64.
public struct RandomStream: RandomNumberGenerator, Sendable {
  private var s0: UInt64
  private var s1: UInt64
  private var s2: UInt64
  private var s3: UInt64

  /// The stream `name` of the run with seed `seed`.
  public init(seed: UInt64, name: String) {
    var state = seed ^ RandomStream.fingerprint(name)
    s0 = RandomStream.splitMix(&state)
    s1 = RandomStream.splitMix(&state)
    s2 = RandomStream.splitMix(&state)
    s3 = RandomStream.splitMix(&state)
  }

  public mutating func next() -> UInt64 {
    let result = RandomStream.rotate(s1 &* 5, 7) &* 9
    let t = s1 << 17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = RandomStream.rotate(s3, 45)
    return result
  }

  /// Uniform in [0, 1), 53 random bits.
  public mutating func nextUnit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Uniform in 0..<bound, without bias. `bound` must be positive.
  public mutating func nextIndex(below bound: Int) -> Int {
    Int(next(upperBound: UInt64(bound)))
  }

  /// FNV-1a, 64 bits: stable over processes and machines, unlike `Hasher`.
  private static func fingerprint(_ name: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash
  }

  private static func splitMix(_ state: inout UInt64) -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  private static func rotate(_ x: UInt64, _ k: UInt64) -> UInt64 { (x << k) | (x >> (64 - k)) }
}
