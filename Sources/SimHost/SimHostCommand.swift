import ArgumentParser
import Engine
import Foundation

/// `simhost`: without a subcommand, a run.
@main
struct SimHostCommand: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "simhost",
    abstract: "Simulate a cluster that serves large language models, with policies in Lua.",
    discussion: """
      Without a subcommand, a run. simhost help SUBCOMMAND tells more of each.

      EXAMPLES
        simhost --policy policies/least_kv.lua
        simhost compare policies/least_kv.lua policies/random.lua --seeds 5
        simhost --policy policies/least_kv.lua --report outputs/report.html
        simhost --generate-completion-script bash > simhost.bash
      """,
    version: version,
    subcommands: [
      RunCommand.self, RerunCommand.self, WhyCommand.self, EvalCommand.self, PolicyCommand.self,
      WorkloadCommand.self,
      CalibrateCommand.self, ValidateCommand.self, ReportCommand.self,
      CompareCommand.self, GoodputCommand.self, SweepCommand.self, TuneCommand.self,
      WatchCommand.self,
    ],
    defaultSubcommand: RunCommand.self)

  static func main() {
    // A reader that has gone, and a file that may not grow, are then errors of a write like a full disk.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    do {
      var command = try parseAsRoot()
      try command.run()
      // What was printed may still be on its way.
      guard fflush(nil) == 0 else {
        throw OutputError(path: "stdout", problem: String(cString: strerror(errno)))
      }
    } catch {
      Failure(error).exit()
    }
  }
}
