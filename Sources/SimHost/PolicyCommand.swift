import ArgumentParser
import Engine
import Foundation

/// `simhost policy`: what policies there are, and what one can be told.
struct PolicyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "Write, check, test and describe policies.",
    discussion: """
      EXAMPLES
        simhost policy list
        simhost policy new my_policy
      """,
    subcommands: [
      New.self, Check.self, Test.self, Info.self, List.self, Docs.self,
    ])

  struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what a policy decides and which parameters it takes.",
      discussion: """
        EXAMPLE
          simhost policy info policies/least_kv.lua
        """)

    @Argument(help: "Policy in Lua.") var file: String

    func run() throws {
      let resources = ResourceFolders()
      var options = LuaPolicyOptions()
      options.libraryFolder = resources.all("policies/lib").first
      let loaded = try LuaPolicy.load(files: [resources.file(file)], options: options)
      let policy = loaded.descriptions[0]
      var lines = ["\(policy.name) \(policy.version ?? "")", policy.description ?? ""]
      if let author = policy.author { lines.append("author: \(author)") }
      if let licence = policy.licence { lines.append("licence: \(licence)") }
      lines.append("hooks: " + policy.hooks.joined(separator: ", "))
      if policy.parameters.isEmpty { lines.append("no parameters") }
      for parameter in policy.parameters {
        lines.append(
          "  --param \(parameter.name)=\(parameter.value)   \(parameter.expectation): \(parameter.help)"
        )
      }
      for source in loaded.sources {
        lines.append("\(SourceFile(reading: source).sha256)  \(source)")
      }
      for line in lines { print(ConsoleText.printable(line)) }
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the policies in a folder.",
      discussion: """
        EXAMPLES
          simhost policy list
          simhost policy list policies/routing
        """)

    @Argument(help: "Folder to look in.") var folder = "policies"

    func run() throws {
      let named = ResourceFolders().file(self.folder)
      let folder = URL(fileURLWithPath: named).resolvingSymlinksInPath().path
      guard let names = FileManager.default.enumerator(atPath: folder) else {
        throw InputError(file: folder, problem: "is no folder that can be read")
      }
      var options = LuaPolicyOptions()
      options.libraryFolder = "\(folder)/lib"
      let files = names.compactMap { $0 as? String }
        .filter { $0.hasSuffix(".lua") && !$0.hasSuffix("_spec.lua") && !$0.hasPrefix("lib/") }
        .sorted()
      let width = files.map(\.count).max() ?? 0
      for file in files {
        let path = "\(folder)/\(file)"
        let text: String
        do {
          text = try LuaPolicy.describe(file: path, options: options).description ?? ""
        } catch {
          text = "does not load: \(error.problem)"
        }
        let name = file.padding(toLength: width, withPad: " ", startingAt: 0)
        print(ConsoleText.printable("\(name)  \(text)"))
      }
    }
  }
}
