import ArgumentParser
import Engine
import Foundation

extension PolicyCommand {
  /// `simhost policy test`: runs specs.
  struct Test: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Run *_spec.lua files: tests of policies on clusters made by hand.",
      discussion: """
        A folder stands for all specs in it. Exit code 3 when a test fails. \
        docs/policies.md says how to write them.

        EXAMPLES
          simhost policy test
          simhost policy test policies/least_kv_spec.lua --quiet
        """)

    @Argument(help: "Specs, or folders with specs in them.") var paths: [String] = ["policies"]

    @Flag(help: "Say nothing of tests that pass.") var quiet = false

    func run() throws {
      let resources = ResourceFolders()
      let console = Console(level: .info)
      var options = LuaPolicyOptions()
      options.libraryFolder = resources.all("policies/lib").first
      options.version = SimHostCommand.version
      options.onLog = { console.policyLog($0) }
      var count = 0
      var failed = 0
      for file in try paths.flatMap({ try specs(resources.file($0)) }) {
        var lines: [String] = []
        do {
          let outcomes = try PolicySpec(file: file, options: options).run()
          if outcomes.isEmpty { lines.append("  no test: write it(\"…\", function() … end)") }
          count += outcomes.count
          for outcome in outcomes {
            if let failure = outcome.failure {
              failed += 1
              lines.append("  FAIL  \(outcome.name)")
              lines += "\(failure)".split(separator: "\n").map { "        \($0)" }
            } else if !quiet {
              lines.append("  ok    \(outcome.name)")
            }
          }
        } catch {
          count += 1
          failed += 1
          lines += "\(error)".split(separator: "\n").map { "  FAIL  \($0)" }
        }
        if !lines.isEmpty { console.result(ConsoleText.printable(file)) }
        for line in lines { console.result(ConsoleText.printable(line)) }
      }
      console.result("\(count) tests, \(failed) failed")
      if let failure = console.failure { throw failure }
      if failed > 0 { throw ExitCode(Failure.Code.policy.rawValue) }
    }

    /// The spec itself, or all in the folder in the order of their paths.
    private func specs(_ path: String) throws -> [String] {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw InputError(file: path, problem: "is not there")
      }
      guard isFolder.boolValue else { return [path] }
      // A link to a folder is walked through as the folder is.
      let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      let names = (FileManager.default.enumerator(atPath: real)?.compactMap { $0 as? String } ?? [])
        .filter { $0.hasSuffix("_spec.lua") }.sorted()
      if names.isEmpty {
        throw InputError(
          file: path, problem: "has no spec in it: a spec's name ends with _spec.lua")
      }
      let folder = path.hasSuffix("/") ? String(path.dropLast()) : path
      return names.map { "\(folder)/\($0)" }
    }
  }
}
