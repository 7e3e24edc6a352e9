import ArgumentParser
import Engine

/// `simhost report`: one page that shows runs.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Show runs on one page, overlaid, or a sweep.",
    discussion: """
      EXAMPLES
        simhost --policy policies/least_kv.lua --run outputs/least_kv.json
        simhost --policy policies/random.lua --run outputs/random.json
        simhost report outputs/least_kv.json outputs/random.json \\
          -o outputs/report.html
        simhost report outputs/sweep.csv -o outputs/sweep.html

      The page needs no network: it opens in any browser, and can be sent by mail. Runs, compare and sweep make it at once with
      --report FILE.html.
      """)

  /// Most runs on one page. Guess: more lines than that cannot be told apart.
  static let mostRuns = 12

  @Argument(
    help: ArgumentHelp(
      "What simhost --run FILE.json has written, or one CSV of simhost sweep.", valueName: "file"))
  var runs: [String]

  @Option(name: .shortAndLong, help: ArgumentHelp("The page.", valueName: "file"))
  var output = "report.html"

  func validate() throws {
    guard runs.count == 1 || !runs.contains(where: Self.isSweep) else {
      throw ValidationError("a sweep has a page of its own: give one CSV, or runs")
    }
    guard runs.count <= Self.mostRuns else {
      throw ValidationError("\(runs.count) runs: expected at most \(Self.mostRuns) on one page")
    }
  }

  func run() throws {
    let console = Console(level: .info)
    try OutputFile.check([output], inputs: runs)
    let data =
      if Self.isSweep(runs[0]) {
        ReportData([], sweep: try SweepTable.load(path: runs[0]))
      } else {
        ReportData(try runs.map { try RunFile.load(path: $0) })
      }
    try Self.page(data).save(to: output, inputs: runs)
    console.info("wrote \(output)")
  }

  private static func isSweep(_ path: String) -> Bool { path.hasSuffix(".csv") }

  /// The page of these data, from the template that comes with simhost.
  static func page(_ data: ReportData) throws -> ReportPage {
    try ReportPage(data, folder: ResourceFolders().file("report"))
  }
}
