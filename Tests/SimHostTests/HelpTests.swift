import ArgumentParser
import Foundation
import Testing

@testable import SimHost

/// What the program says of itself: examples of every command that can be given as they stand, and completions.
@Suite struct HelpTests {
  private static func commands(
    _ root: any ParsableCommand.Type = SimHostCommand.self
  ) -> [any ParsableCommand.Type] {
    [root] + root.configuration.subcommands.flatMap { commands($0) }
  }

  /// The words of a command line of the shell, quotes taken off.
  private static func words(_ line: String) -> [String] {
    line.matches(of: /"([^"]*)"|\S+/).map { $0.1.map(String.init) ?? String($0.0) }
  }

  @Test func everyCommandHasExamplesThatCanBeGiven() throws {
    let commands = Self.commands()
    #expect(commands.count > 20)
    let calibration = Self.commands(CalibrateCommand.self).map { "\($0)" }
    for command in commands {
      let help = SimHostCommand.helpMessage(for: command, columns: 1000)
      // Calibration starts from folders of measurements, for which there is no name that always holds.
      if calibration.contains("\(command)") { continue }
      #expect(help.contains("EXAMPLE"), "\(command)")
      let examples = help.replacing(/\\\n\s*/, with: " ").split(separator: "\n")
        .map { $0.trimmingCharacters(in: .whitespaces) }.filter { $0.hasPrefix("simhost ") }
      #expect(!examples.isEmpty, "\(command)")
      // As they stand, a terminal of 80 columns shows them; a wrapped one could not be copied.
      let start = try #require(help.firstRange(of: "EXAMPLE")).lowerBound
      let shown = help[start...].split(separator: "\n").prefix { !$0.hasPrefix("USAGE") }
      for line in shown where line.hasPrefix("  ") { #expect(line.count <= 80, "\(line)") }
      for example in examples {
        // Redirections are the shell's, completions a request and no command.
        let line = example.split(separator: ">")[0]
        if line.contains("--generate-completion-script") { continue }
        #expect(throws: Never.self, "\(example)") {
          _ = try SimHostCommand.parseAsRoot(Array(Self.words(String(line)).dropFirst()))
        }
      }
    }
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func shellsCompleteEveryCommand(_ shell: String) throws
  {
    let run = try Program.run(["--generate-completion-script", shell])
    #expect(run.exitCode == 0)
    let names = SimHostCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
    #expect(names.count > 10)
    for name in names + ["cluster-config", "warmup"] {
      #expect(run.output.contains(name), "\(name)")
    }
    guard shell == "bash" else { return }
    let commands = try Self.offers("simhost comp", at: 1, run.output)
    #expect(commands.contains("compare"))
    let flags = try Self.offers("simhost sweep --goo", at: 2, run.output)
    #expect(flags.contains("--goodput"))
  }

  /// What bash offers for a word of a command line.
  private static func offers(_ words: String, at place: Int, _ completions: String) throws
    -> [String]
  {
    let script =
      completions + "\nCOMP_WORDS=(\(words)); COMP_CWORD=\(place); COMP_LINE='\(words)'; "
      + "COMP_POINT=${#COMP_LINE}; _simhost simhost \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"; printf '%s\\n' \"${COMPREPLY[@]}\"\n"
    let path = FileManager.default.temporaryDirectory.path + "/simhost-\(UUID().uuidString).bash"
    try script.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try Program.capture("/bin/bash", [path]).output.split(separator: "\n")
      .map { $0.trimmingCharacters(in: .whitespaces) }
  }
}
