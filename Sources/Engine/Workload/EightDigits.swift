/// Reads up to eight decimal digits in one go, as bytes of one word.
///
/// Source of the idea: Lemire 2021, https://arxiv.org/abs/2101.11408, section 6.
enum EightDigits {
  /// What the digits at the beginning of eight bytes say, and how many there are; 0 and 0 where the first is none.
  @inline(__always)
  static func leading(in bytes: UnsafePointer<UInt8>) -> (value: UInt64, count: Int) {
    let word = UInt64(littleEndian: UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self))
    // Digits become 0 to 9; the highest bit tells of all others. What one of those carries goes into bytes behind it.
    let digits = word ^ 0x3030_3030_3030_3030
    let others = ((digits &+ 0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080
    let count = others.trailingZeroBitCount >> 3
    guard count > 0 else { return (0, 0) }
    // The last digit goes to the highest byte, zeros before the first; then pairs, pairs of pairs, and all.
    var value = digits &<< UInt64(truncatingIfNeeded: 64 - 8 * count)
    value = (value &* 10 &+ (value &>> 8)) & 0x00ff_00ff_00ff_00ff
    value = (value &* 100 &+ (value &>> 16)) & 0x0000_ffff_0000_ffff
    value = (value &* 10_000 &+ (value &>> 32)) & 0xffff_ffff
    return (value, count)
  }
}
