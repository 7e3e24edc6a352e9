/// Four durations at once, each rounded as `SimDuration(roundingUp:)` rounds one.
enum FourDurations {
  /// Durations have to be shorter. Unit: nanoseconds. Source: the whole numbers that a Double holds, with room to spare.
  static let longest = 0x1p50

  /// Seconds, not negative, as whole nanoseconds.
  @inline(__always)
  static func roundingUp(_ seconds: SIMD4<Double>) -> SIMD4<Int64> {
    let nanoseconds = seconds * 1e9
    // A sum with this has no room for a fraction: the nearest whole number is in its last bits.
    let shift = 0x1.8p52
    let sums = nanoseconds + shift
    let nearest =
      unsafeBitCast(sums, to: SIMD4<Int64>.self) &- Int64(bitPattern: shift.bitPattern)
    // Where a mask holds, its bits are those of -1.
    return nearest &- unsafeBitCast(sums - shift .< nanoseconds, to: SIMD4<Int64>.self)
  }
}
