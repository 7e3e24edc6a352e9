import ArgumentParser
import Engine
import Foundation

/// `simhost workload`: makes traces, and says what is in one.
struct WorkloadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "workload",
    abstract: "Make a trace of requests, or see what is in one.",
    discussion: """
      EXAMPLES
        simhost workload generate --rate 5 --duration 60 -o calm.jsonl
        simhost workload info workloads/example_trace.jsonl
      """,
    subcommands: [Generate.self, Info.self])

  /// Runs `body`; what is wrong with the user's files goes to stderr and ends the program with exit
  /// code 2.
  static func reportingBadFiles(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as InputError {
      try stop(error.description)
    } catch let error as OutputError {
      try stop(error.description)
    }
  }

  private static func stop(_ message: String) throws -> Never {
    let line = "Error: \(ConsoleText.printable(message))\n"
    FileHandle.standardError.write(Data(line.utf8))
    throw ExitCode(2)
  }
}
