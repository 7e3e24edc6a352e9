/// Numbers and lines as the console shows them, the same in every locale.
enum ConsoleText {
  /// `1,234.50`: a fixed number of decimals, thousands apart.
  static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return "-" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    guard let digits = Int64(exactly: scaled) else { return value.description }
    let sign = value < 0 && digits > 0 ? "-" : ""
    let whole = sign + grouped(Int(digits / Int64(scale)))
    guard decimals > 0 else { return whole }
    let fraction = String(digits % Int64(scale))
    return whole + "." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }

  /// `12,345`
  static func grouped(_ value: Int) -> String {
    var text = ""
    for (place, digit) in String(value.magnitude).reversed().enumerated() {
      if place > 0, place.isMultiple(of: 3) { text.append(",") }
      text.append(digit)
    }
    return (value < 0 ? "-" : "") + String(text.reversed())
  }

  /// `620`, `3.1k`, `2.4M`
  static func compact(_ value: Double) -> String {
    // Bounds at which the next smaller unit would round up to 1,000 of itself.
    if abs(value) < 999.5 { return fixed(value, 0) }
    if abs(value) < 999_950 { return fixed(value / 1e3, 1) + "k" }
    return fixed(value / 1e6, 1) + "M"
  }

  /// Decimals that show at least three digits of a number of this size; none for 0.
  static func decimals(for value: Double) -> Int {
    value == 0 ? 0 : abs(value) < 1 ? 4 : abs(value) < 10 ? 3 : abs(value) < 100 ? 2 : 1
  }

  /// `97 %`, `0.4 %`: one decimal where it matters.
  static func percent(_ share: Double) -> String {
    let percent = share * 100
    return fixed(percent, percent > 0 && percent < 10 ? 1 : 0) + " %"
  }

  /// `85 ns`, `1.24 us`, `13.1 ms`, `62.10 s`
  static func time(nanoseconds: Double) -> String {
    if nanoseconds < 1e3 { return fixed(nanoseconds, 0) + " ns" }
    if nanoseconds < 1e6 { return fixed(nanoseconds / 1e3, 2) + " us" }
    if nanoseconds < 1e9 { return fixed(nanoseconds / 1e6, 1) + " ms" }
    return fixed(nanoseconds / 1e9, 2) + " s"
  }

  /// Bytes in units of 2^30.
  static func gibibytes(_ bytes: Double, decimals: Int) -> String {
    fixed(bytes / 1_073_741_824, decimals)
  }

  /// Text from files, with control characters made visible: a file name cannot move the cursor.
  static func printable(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars {
      if scalar.properties.generalCategory == .control
        || scalar.properties.generalCategory == .format
      {
        shown += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }

  static func padded(_ text: String, _ width: Int, right: Bool = false) -> String {
    let blanks = String(repeating: " ", count: max(0, width - text.count))
    return right ? blanks + text : text + blanks
  }

  /// `label` in the first columns, then `items` with commas between, broken into lines at items only.
  static func labelled(_ label: String, _ items: [String], indent: Int, width: Int) -> String {
    var lines: [String] = []
    var line = ""
    for (place, item) in items.enumerated() {
      let item = item + (place + 1 < items.count ? "," : "")
      if !line.isEmpty, indent + line.count + 1 + item.count > width {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + item
    }
    lines.append(line)
    let blank = String(repeating: " ", count: indent)
    return lines.enumerated().map { ($0 == 0 ? padded(label, indent) : blank) + $1 }
      .joined(separator: "\n")
  }
}
