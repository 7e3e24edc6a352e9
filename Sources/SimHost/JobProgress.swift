import Foundation
import Synchronization

/// How many of many runs are done, on stderr: a bar on a terminal, elsewhere a line from time to time; nothing for who asked
/// for quiet.
final class JobProgress: Sendable {
  private let total: Int
  /// Columns of the terminal; nil is none.
  private let width: Int?
  private let isQuiet: Bool
  private let start = ContinuousClock.now
  private let state: Mutex<State>

  private struct State {
    var done = 0
    var lastSaid: ContinuousClock.Instant
  }

  /// Between lines where there is no terminal. Origin: guess; often enough to see that it goes on.
  private static let quiet = Duration.seconds(10)

  init(total: Int, console: Console) {
    self.total = total
    width = console.progressWidth
    isQuiet = console.level < .info
    state = Mutex(State(lastSaid: start))
  }

  /// One more is done.
  func advance() {
    guard !isQuiet else { return }
    let line = state.withLock { state -> String? in
      state.done += 1
      let now = ContinuousClock.now
      let pause = width == nil ? Self.quiet : .milliseconds(100)
      guard now - state.lastSaid >= pause else { return nil }
      state.lastSaid = now
      let seconds = (now - start) / .seconds(1)
      let bar = ProgressBar.line(
        ended: state.done, of: total, seconds: seconds, width: width ?? 60, unit: "runs/s")
      return width == nil ? bar + "\n" : "\r\u{1B}[K" + bar
    }
    if let line { FileHandle.standardError.write(Data(line.utf8)) }
  }

  /// Takes the bar away.
  func end() {
    if width != nil { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
  }
}
