import ArgumentParser
import Engine

@main
struct SimHostCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simhost", subcommands: [WorkloadCommand.self])
  func run() throws {}
}
