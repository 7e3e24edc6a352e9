import ArgumentParser
import Engine

/// `simhost report`: one page that shows runs.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Show runs on one page, overlaid.",
    discussion: """
      EXAMPLES
        simhost --policy policies/least_kv.lua --run outputs/least_kv.json
        simhost --policy policies/random.lua --run outputs/random.json
        simhost report outputs/least_kv.json outputs/random.json -o outputs/report.html

      The page needs no network: it opens in any browser, and can be sent by mail. For a single run,
      simhost --report FILE.html makes it at once.
      """)

  /// Most runs on one page. Guess: more lines than that cannot be told apart.
  static let mostRuns = 12

  @Argument(help: ArgumentHelp("What simhost --run FILE.json has written.", valueName: "run"))
  var runs: [String]

  @Option(name: .shortAndLong, help: ArgumentHelp("The page.", valueName: "file"))
  var output = "report.html"

  func validate() throws {
    guard runs.count <= Self.mostRuns else {
      throw ValidationError("\(runs.count) runs: expected at most \(Self.mostRuns) on one page")
    }
  }

  func run() throws {
    let console = Console(level: .info)
    try OutputFile.check([output], inputs: runs)
    let files = try runs.map { try RunFile.load(path: $0) }
    try Self.page(files).save(to: output, inputs: runs)
    console.info("wrote \(output)")
  }

  /// The page of these runs, from the template that comes with simhost.
  static func page(_ runs: [RunFile]) throws -> ReportPage {
    try ReportPage(ReportData(runs), folder: ResourceFolders().file("report"))
  }
}
