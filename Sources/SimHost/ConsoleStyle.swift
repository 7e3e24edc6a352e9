import Foundation

/// Colour and weight of text on a terminal; plain text elsewhere.
struct ConsoleStyle: Equatable, Sendable {
  var isColored: Bool

  static let plain = ConsoleStyle(isColored: false)

  init(isColored: Bool) { self.isColored = isColored }

  /// Coloured on a terminal that can, unless `NO_COLOR` is set to anything (https://no-color.org).
  init(descriptor: Int32, environment: [String: String] = ProcessInfo.processInfo.environment) {
    isColored =
      isatty(descriptor) == 1 && environment["NO_COLOR", default: ""].isEmpty
      && environment["TERM"] != "dumb"
  }

  func heading(_ text: String) -> String { wrap(text, "1") }
  func quiet(_ text: String) -> String { wrap(text, "2") }
  func good(_ text: String) -> String { wrap(text, "32") }
  func warning(_ text: String) -> String { wrap(text, "33") }
  func error(_ text: String) -> String { wrap(text, "31") }

  private func wrap(_ text: String, _ code: String) -> String {
    isColored ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
