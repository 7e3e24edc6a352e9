import ArgumentParser
import Engine
import Foundation

/// `simhost rerun`: repeats a run from its summary and says whether the bytes are the same.
struct RerunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rerun",
    abstract: "Repeat the run of a JSON summary and say whether the bytes are the same.",
    discussion: """
      Run it in the folder of the first run: paths are taken as they were given. Exit code 1 when the bytes differ.

      EXAMPLE
        simhost rerun outputs/summary.json
      """)

  @Argument(help: "JSON summary, as --summary wrote it.") var summary: String

  /// Options that say where a run leaves what, or how much it says; they change none of its numbers.
  private static let outputs = [
    "--output", "--output-format", "--summary", "--run", "--report", "--log-level", "--decisions",
    "--trace", "--trace-window", "--export-vllm", "--export-aiperf",
  ]
  /// Flags for other ways to the same bytes, and for questions about them.
  private static let checks = [
    "--json", "--quiet", "--step-by-step", "--check", "--decisions-time", "--regret",
  ]

  /// The command line of one of several seeds.
  static func arguments(of all: [String], seed: UInt64) -> [String] {
    let given = arguments(of: all)
    let single = without(["--seeds", "--workers"], given)
    return single == given ? given : without(["--seed"], single) + ["--seed", "\(seed)"]
  }

  /// The command line without what the run leaves behind, and how it counts.
  static func arguments(of all: [String]) -> [String] {
    without(outputs, all).filter { !checks.contains($0) }
  }

  private static func without(_ options: [String], _ all: [String]) -> [String] {
    var kept: [String] = []
    var rest = all[...]
    if rest.first == "run" { rest = rest.dropFirst() }
    while let argument = rest.popFirst() {
      if options.contains(argument) {
        _ = rest.popFirst()
      } else if !options.contains(where: { argument.hasPrefix($0 + "=") }) {
        kept.append(argument)
      }
    }
    return kept
  }

  func run() throws {
    let recorded = try RunRecord(summary)
    for change in recorded.changes { print(change) }
    let folder = FileManager.default.temporaryDirectory.path + "/simhost-rerun-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // Outputs are ours: a summary that somebody sent must not write anywhere.
    let arguments = Self.arguments(of: recorded.arguments)
    let process = Process()
    process.executableURL = Bundle.main.executableURL
    process.arguments =
      ["run"] + arguments + ["--log-level", "WARNING", "--summary", "\(folder)/summary.json"]
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw ExitCode(process.terminationStatus)
    }
    let again = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/summary.json"))
    print("simhost \(arguments.joined(separator: " "))".trimmingCharacters(in: .whitespaces))
    if again == recorded.bytes {
      print("the same \(again.count) bytes")
    } else {
      print(Self.difference(recorded.bytes, again))
      throw ExitCode(Failure.Code.broken.rawValue)
    }
  }

  /// The first line that differs.
  private static func difference(_ a: Data, _ b: Data) -> String {
    let left = String(decoding: a, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    let right = String(decoding: b, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    let place = zip(left, right).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    guard let place else { return "the bytes differ in length" }
    return """
      the bytes differ, first in line \(place + 1):
        then \(ConsoleText.printable(String(left[place].prefix(120))))
        now  \(ConsoleText.printable(String(right[place].prefix(120))))
      """
  }
}
