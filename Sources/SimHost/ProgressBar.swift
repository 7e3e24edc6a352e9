/// How far a run has come, on one line.
struct ProgressBar {
  /// Such as `[=======>            ]  35 %  105,000 of 300,000  12.3k req/s  0:15 left`.
  ///
  /// - Parameter seconds: of host time since the start.
  static func line(
    ended: Int, of total: Int, seconds: Double, width: Int, unit: String = "req/s"
  ) -> String {
    let share = total > 0 ? min(1, Double(ended) / Double(total)) : 1
    let rate = seconds > 0 ? Double(ended) / seconds : 0
    var text = "  \(ConsoleText.padded(ConsoleText.fixed(share * 100, 0), 3, right: true)) %"
    text += "  \(ConsoleText.grouped(ended)) of \(ConsoleText.grouped(total))"
    if rate > 0 {
      text += "  \(ConsoleText.compact(rate)) \(unit)"
      text += "  \(clock(Double(total - ended) / rate)) left"
    }
    // Two brackets, and one column that stays free: a full line would make some terminals wrap.
    let room = min(40, width - text.count - 3)
    guard room >= 5 else { return String(text.dropFirst(2).prefix(max(0, width - 1))) }
    let filled = Int(share * Double(room))
    let bar = String(repeating: "=", count: filled) + (filled < room ? ">" : "")
    return "[" + ConsoleText.padded(bar, room) + "]" + text
  }

  /// `0:15`, `2:03:10`
  private static func clock(_ seconds: Double) -> String {
    guard let whole = Int(exactly: seconds.rounded(.up)), whole >= 0 else { return "-" }
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let minutes = whole / 60
    return minutes < 60
      ? "\(minutes):\(two(whole % 60))"
      : "\(minutes / 60):\(two(minutes % 60)):\(two(whole % 60))"
  }
}
