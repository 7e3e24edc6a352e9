/// A decimal number as a trace writes it: `12`, `0.25`, `6.1e-05`. Exact up to 19 digits, so that
/// times do not pass through binary fractions.
struct DecimalNumber: Equatable {
  private(set) var isNegative = false
  /// The number is ±mantissa · 10^exponent.
  private var mantissa: UInt64 = 0
  private var exponent = 0
  /// Digits behind the 19th that were not 0 have been dropped.
  private var isTruncated = false

  /// Largest exponent told apart; beyond it a number is 0 or too large in any unit.
  private static let maxExponent = 9999

  /// nil for everything that is not such a number: `nan`, `inf`, `0x10`, `1,5`, nothing.
  init?(_ text: Span<UInt8>) {
    var index = 0
    if text.count > 0, text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+") {
      isNegative = text[0] == UInt8(ascii: "-")
      index = 1
    }
    let wholeDigits = takeDigits(text, &index, areFraction: false)
    var fractionDigits = 0
    if index < text.count, text[index] == UInt8(ascii: ".") {
      index += 1
      fractionDigits = takeDigits(text, &index, areFraction: true)
    }
    guard wholeDigits + fractionDigits > 0 else { return nil }
    if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      guard takeExponent(text, &index) else { return nil }
    }
    guard index == text.count else { return nil }
    if mantissa == 0 { isNegative = false }
  }

  /// Returns how many digits stood at `index`, and moves behind them.
  private mutating func takeDigits(
    _ text: Span<UInt8>, _ index: inout Int, areFraction: Bool
  ) -> Int {
    let first = index
    while index < text.count {
      let digit = text[index] &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      if mantissa < 1_000_000_000_000_000_000 {
        mantissa = mantissa * 10 + UInt64(digit)
        if areFraction { exponent -= 1 }
      } else {
        if digit != 0 { isTruncated = true }
        if !areFraction { exponent += 1 }
      }
      index += 1
    }
    return index - first
  }

  private mutating func takeExponent(_ text: Span<UInt8>, _ index: inout Int) -> Bool {
    var isNegative = false
    if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
      isNegative = text[index] == UInt8(ascii: "-")
      index += 1
    }
    let first = index
    var value = 0
    while index < text.count {
      let digit = text[index] &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      value = min(value * 10 + Int(digit), DecimalNumber.maxExponent)
      index += 1
    }
    exponent += isNegative ? -value : value
    return index > first
  }

  /// The number times 10^`power`, rounded to the nearest whole (halves away from 0); nil where it
  /// has more than 64 bits.
  func scaled(byPowerOfTen power: Int) -> Int64? {
    guard mantissa != 0 else { return 0 }
    let shift = exponent + power
    var magnitude = mantissa
    if shift < -19 {
      magnitude = 0
    } else if shift < 0 {
      let divisor = DecimalNumber.powerOfTen(-shift)
      magnitude = mantissa / divisor + (mantissa % divisor >= divisor - divisor / 2 ? 1 : 0)
    } else {
      guard shift <= 19 else { return nil }
      let (product, overflow) = mantissa.multipliedReportingOverflow(
        by: DecimalNumber.powerOfTen(shift))
      if overflow { return nil }
      magnitude = product
    }
    guard let value = Int64(exactly: magnitude) else { return nil }
    return isNegative ? -value : value
  }

  /// The number, where it is whole (`12` and `12.0`, not `12.5`) and has at most 64 bits.
  var whole: Int64? {
    if exponent < 0, mantissa != 0 {
      guard !isTruncated, exponent >= -19,
        mantissa % DecimalNumber.powerOfTen(-exponent) == 0
      else { return nil }
    }
    return scaled(byPowerOfTen: 0)
  }

  /// 10^`power` for 0 ... 19.
  private static func powerOfTen(_ power: Int) -> UInt64 {
    var result: UInt64 = 1
    for _ in 0..<power { result *= 10 }
    return result
  }
}
