import ArgumentParser
import Engine

@main
struct SimHostCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "simhost")
  func run() throws {}
}
