import Engine
import Foundation

/// How much a run says: a level includes those before it.
enum LogLevel: String, CaseIterable, Comparable, Sendable {
  case warning = "WARNING"
  case info = "INFO"
  case debug = "DEBUG"

  static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }

  private var rank: Int {
    switch self {
    case .warning: 0
    case .info: 1
    case .debug: 2
    }
  }
}

/// The two streams of the program: what was simulated goes to stdout, talk about it to stderr.
///
/// A progress bar may stand on the last line of the terminal; it is taken away before anything else is printed.
final class Console {
  let level: LogLevel
  /// What the terminal behind each stream can show.
  let outputStyle: ConsoleStyle
  let errorStyle: ConsoleStyle
  /// Columns for text on stdout.
  let width: Int
  /// Columns for a progress bar; nil where there is no terminal for one.
  let progressWidth: Int?
  /// The first write to stdout that failed, such as onto a full disk.
  private(set) var failure: OutputError?
  private var showsProgress = false

  init(level: LogLevel) {
    self.level = level
    outputStyle = ConsoleStyle(descriptor: STDOUT_FILENO)
    errorStyle = ConsoleStyle(descriptor: STDERR_FILENO)
    // Wider lines are harder to read, not easier.
    width = min(100, Console.columns(of: STDOUT_FILENO) ?? 80)
    progressWidth = level >= .info ? Console.columns(of: STDERR_FILENO) : nil
  }

  /// Results: tables and the lines of log intervals.
  func result(_ text: String) {
    clearProgress()
    let code = emit(text + "\n", to: STDOUT_FILENO)
    if code != 0, failure == nil {
      failure = OutputError(path: "stdout", problem: String(cString: strerror(code)))
    }
  }

  func debug(_ text: String) {
    if level >= .debug { say("[DEBUG] ", text) }
  }

  func info(_ text: String) {
    if level >= .info { say("[INFO] ", text) }
  }

  /// Talk without a prefix, several lines of it.
  func text(_ text: String) { say("", text) }

  func warning(_ text: String) {
    say(errorStyle.warning("warning: "), text)
  }

  func error(_ text: String) {
    say(errorStyle.error("error: "), text)
  }

  /// Shows `line` in place of the last progress line.
  func progress(_ line: String) {
    guard progressWidth != nil else { return }
    emit("\r\u{1B}[K" + line, to: STDERR_FILENO)
    showsProgress = true
  }

  func clearProgress() {
    guard showsProgress else { return }
    emit("\r\u{1B}[K", to: STDERR_FILENO)
    showsProgress = false
  }

  private func say(_ prefix: String, _ text: String) {
    clearProgress()
    emit(prefix + text + "\n", to: STDERR_FILENO)
  }

  /// Returns 0, or the `errno` of a write that failed.
  @discardableResult
  private func emit(_ text: String, to descriptor: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let part = UnsafeBufferPointer(rebasing: rest)
        let count = write(descriptor, part.baseAddress, part.count)
        if count > 0 {
          rest = rest.dropFirst(count)
        } else if count == 0 || errno != EINTR {
          return count == 0 ? EIO : errno
        }
      }
      return 0
    }
  }

  /// Columns of the terminal behind a stream; nil when it is none.
  private static func columns(of descriptor: Int32) -> Int? {
    guard isatty(descriptor) == 1 else { return nil }
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return max(40, Int(size.ws_col))
  }
}
