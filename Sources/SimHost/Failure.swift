import ArgumentParser
import Engine
import Foundation

/// How a run that went wrong ends: one message on stderr, and the exit code of its kind.
struct Failure {
  /// 1 our own mistake, 2 a bad input or output, 3 a policy; what is wrong on the command line is the parser's: 64.
  enum Code: Int32 { case broken = 1, input = 2, policy = 3 }

  let error: Error

  init(_ error: Error) { self.error = error }

  /// nil where the argument parser knows better, help among it.
  private var code: Code? {
    switch error {
    case is InputError, is OutputError: .input
    case is PolicyError: .policy
    case SimulationError.policy: .policy
    case SimulationError.brokenLaw: .broken
    default: nil
    }
  }

  func exit() -> Never {
    guard let code else { SimHostCommand.exit(withError: error) }
    let style = ConsoleStyle(descriptor: STDERR_FILENO)
    var lines = "\(error)".split(separator: "\n", omittingEmptySubsequences: false)
      .map { ConsoleText.printable(String($0)) }
    lines[0] = style.error("error: ") + lines[0]
    FileHandle.standardError.write(Data((lines.joined(separator: "\n") + "\n").utf8))
    Foundation.exit(code.rawValue)
  }
}
