import Foundation
import Testing

/// Documentation does what it says: its commands run as written, and print what it shows.
@Suite(.serialized) struct DocumentationTests {
  static let pages = [
    "README.md", "docs/policies.md", "docs/first-policy.md", "docs/inputs.md", "docs/outputs.md",
    "docs/model.md", "docs/platform.md", "docs/hardware.md", "docs/report.md",
    "docs/compat.md", "docs/disaggregation.md", "docs/experiments.md",
    "policies/README.md",
  ]

  private static func page(_ name: String) throws -> String {
    try String(contentsOfFile: "\(Program.root)/\(name)", encoding: .utf8)
  }

  /// Texts of the code blocks in one language.
  private static func blocks(_ language: String, of page: String) throws -> [String] {
    try Self.page(page).matches(of: /(?ms)^```([a-z]*)\n(.*?)^```$/)
      .filter { $0.1 == language }.map { String($0.2) }
  }

  /// Runs a shell script in a folder that looks like the root of a clone, with `simhost` on the path.
  private static func shell(_ script: String) throws -> (exitCode: Int32, output: String) {
    try Program.inFolder { folder in
      for name in ["policies", "configs", "workloads", "measured"] {
        try FileManager.default.createSymbolicLink(
          atPath: "\(folder)/\(name)", withDestinationPath: "\(Program.root)/\(name)")
      }
      let run = try Program.capture(
        "/usr/bin/timeout", ["60", "sh", "-e", "-c", script], in: folder,
        environment: Program.environment)
      return (run.exitCode, run.output)
    }
  }

  @Test(arguments: pages) func scriptsRunAsWritten(_ page: String) throws {
    for script in try Self.blocks("sh", of: page) {
      let run = try Self.shell(script)
      #expect(run.exitCode == 0, "\(page): \(script)\(run.output.suffix(500))")
    }
  }

  /// With `SIMHOST_RECORD=1` the pages are rewritten with what the commands print now.
  @Test(arguments: pages) func commandsPrintWhatIsShown(_ page: String) throws {
    let record = ProcessInfo.processInfo.environment["SIMHOST_RECORD"] == "1"
    var text = try Self.page(page)
    for block in try Self.blocks("console", of: page) {
      let lines = block.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
      #expect(lines.count == 2 && lines[0].hasPrefix("$ "))
      let run = try Self.shell(String(lines[0].dropFirst(2)))
      #expect(!run.output.isEmpty, "\(page): \(lines[0]) prints nothing")
      if record {
        text = text.replacingOccurrences(of: block, with: "\(lines[0])\n\(run.output)")
      } else {
        #expect(run.output == lines[1], "\(page): \(lines[0])")
      }
    }
    if record {
      try text.write(toFile: "\(Program.root)/\(page)", atomically: true, encoding: .utf8)
    }
  }

  @Test func thereIsSomethingToRun() throws {
    #expect(try Self.blocks("sh", of: "README.md").count >= 2)
    #expect(try Self.blocks("console", of: "README.md").count == 4)
  }

  /// The policy in the guide loads, and the guide's tables are those of the bridge.
  @Test func thePolicyGuideIsComplete() throws {
    let guide = try Self.page("docs/policies.md")
    try Program.inFolder { folder in
      let example = try #require(try Self.blocks("lua", of: "docs/policies.md").first)
      try example.write(toFile: "\(folder)/my_policy.lua", atomically: true, encoding: .utf8)
      let run = try Program.run(["--policy", "\(folder)/my_policy.lua", "--param", "weight=3"])
      #expect(run.exitCode == 0, "\(run.errors)")
    }
    let fields = try Self.page("Sources/CLua/include/CLuaFields.h")
      .matches(of: /\s\sFIELD\((\w+),/).map { String($0.1) }
    #expect(fields.count > 60)
    for field in fields where field != "output_tokens" {
      let forms = ["`\(field)`", ":\(field)(", ":\(field){"]
      #expect(forms.contains { guide.contains($0) }, "docs/policies.md says nothing of \(field)")
    }
  }

  /// Files that pages link to exist.
  @Test(arguments: pages + ["CONTRIBUTING.md", "docs/validation.md"])
  func linksLeadSomewhere(_ page: String) throws {
    let folder = URL(fileURLWithPath: "\(Program.root)/\(page)").deletingLastPathComponent().path
    for link in try Self.page(page).matches(of: /\]\(([^)#]+)\)/) where !link.1.hasPrefix("http") {
      #expect(FileManager.default.fileExists(atPath: "\(folder)/\(link.1)"), "\(page): \(link.1)")
    }
  }
}
