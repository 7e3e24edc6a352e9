import ArgumentParser

/// `simhost`: without a subcommand, a run.
@main
struct SimHostCommand: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "simhost",
    abstract: "Simulate a cluster that serves large language models, with policies in Lua.",
    version: version,
    subcommands: [
      RunCommand.self, RerunCommand.self, WhyCommand.self, EvalCommand.self, PolicyCommand.self,
      WorkloadCommand.self,
      CalibrateCommand.self, ValidateCommand.self, ReportCommand.self,
      CompareCommand.self, GoodputCommand.self, SweepCommand.self, WatchCommand.self,
    ],
    defaultSubcommand: RunCommand.self)

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      Failure(error).exit()
    }
  }
}
