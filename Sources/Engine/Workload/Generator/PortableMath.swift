/// Logarithm and exponential from IEEE additions, multiplications and divisions alone.
///
/// The C library's differ in the last bit between its versions and even between processors; a
/// generated trace must have the same bytes everywhere. Both are within 4 units in the last place
/// of the true value.
enum PortableMath {
  /// ln 2 in two parts; the first has trailing zeros, so that whole multiples of it are exact.
  /// Source: fdlibm, e_log.c, https://www.netlib.org/fdlibm/
  private static let ln2High = 6.93147180369123816490e-01
  private static let ln2Low = 1.90821492927058770002e-10

  /// Natural logarithm of a positive finite number.
  static func log(_ x: Double) -> Double {
    precondition(x > 0 && x.isFinite, "log of \(x)")
    var exponent = Double(x.exponent)
    var significand = x.significand
    if significand > 1.4142135623730951 {
      significand /= 2
      exponent += 1
    }
    // ln m = 2·artanh(s) = 2·(s + s³/3 + s⁵/5 + …) with s = (m − 1)/(m + 1), so |s| < 0.172.
    let s = (significand - 1) / (significand + 1)
    let square = s * s
    var sum = 0.0
    for odd in stride(from: 25.0, through: 3, by: -2) { sum = (sum + 1 / odd) * square }
    return exponent * ln2High + (2 * (s + s * sum) + exponent * ln2Low)
  }

  /// e^x; 0 below −700, and at most e^700.
  static func exp(_ x: Double) -> Double {
    precondition(!x.isNaN, "exp of NaN")
    if x < -700 { return 0 }
    let x = min(x, 700)
    let twos = (x / (ln2High + ln2Low)).rounded()
    let rest = (x - twos * ln2High) - twos * ln2Low
    // Taylor's series; |rest| < 0.35.
    var sum = 1.0
    for n in stride(from: 17.0, through: 1, by: -1) { sum = 1 + sum * rest / n }
    return sum * Double(sign: .plus, exponent: Int(twos), significand: 1)
  }

  /// base^power for a positive base.
  static func power(_ base: Double, _ power: Double) -> Double { exp(power * log(base)) }
}
