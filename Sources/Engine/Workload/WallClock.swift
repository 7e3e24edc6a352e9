/// Dates with a time of day as traces write them: `2023-11-16 18:17:03.9799600`, with `T` for the
/// space and an offset from UTC (`Z`, `+00:00`) where given. Without an offset the time counts as
/// UTC.
enum WallClock {
  /// Years that fit 64-bit nanoseconds since 1970.
  static let years = 1970...2200

  /// Nanoseconds since 1970-01-01; nil for everything that is not such a date.
  static func nanoseconds(_ text: Span<UInt8>) -> Int64? {
    guard text.count >= 19, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
      text[10] == UInt8(ascii: " ") || text[10] == UInt8(ascii: "T"),
      text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"),
      let year = digits(text, 0, 4), years.contains(year),
      let month = digits(text, 5, 2), (1...12).contains(month),
      let day = digits(text, 8, 2), (1...daysInMonth(month, of: year)).contains(day),
      let hour = digits(text, 11, 2), hour < 24,
      let minute = digits(text, 14, 2), minute < 60,
      let second = digits(text, 17, 2), second < 60
    else { return nil }

    var index = 19
    var fraction = 0
    if index < text.count, text[index] == UInt8(ascii: ".") {
      index += 1
      var unit = 100_000_000
      while index < text.count, let digit = digits(text, index, 1) {
        guard unit > 0 else { return nil }
        fraction += digit * unit
        unit /= 10
        index += 1
      }
      if index == 20 { return nil }
    }
    guard let offset = offsetSeconds(text, from: index) else { return nil }

    let days = daysSince1970(year, month, day)
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
    return Int64(seconds) * 1_000_000_000 + Int64(fraction)
  }

  /// Seconds east of UTC; nil where something else follows.
  private static func offsetSeconds(_ text: Span<UInt8>, from index: Int) -> Int? {
    if index == text.count { return 0 }
    if text[index] == UInt8(ascii: "Z") { return index + 1 == text.count ? 0 : nil }
    guard text.count == index + 6, text[index + 3] == UInt8(ascii: ":"),
      let hours = digits(text, index + 1, 2), hours < 24,
      let minutes = digits(text, index + 4, 2), minutes < 60
    else { return nil }
    let seconds = hours * 3600 + minutes * 60
    switch text[index] {
    case UInt8(ascii: "+"): return seconds
    case UInt8(ascii: "-"): return -seconds
    default: return nil
    }
  }

  private static func digits(_ text: Span<UInt8>, _ start: Int, _ count: Int) -> Int? {
    var value = 0
    for index in start..<start + count {
      let digit = text[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = value * 10 + Int(digit)
    }
    return value
  }

  private static func isLeap(_ year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  private static func daysInMonth(_ month: Int, of year: Int) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Counts leap days up to the year before, then whole months.
  private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let past = year - 1
    let leapDays = past / 4 - past / 100 + past / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400)
    var days = (year - 1970) * 365 + leapDays + day - 1
    for earlier in 1..<month { days += daysInMonth(earlier, of: year) }
    return days
  }
}
