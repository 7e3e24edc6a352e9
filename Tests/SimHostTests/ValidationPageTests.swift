import Foundation
import Testing

/// docs/validation.md shows what its commands print, where the reference data is there.
@Suite struct ValidationPageTests {
  private static let page = "\(Program.root)/docs/validation.md"

  /// With `SIMHOST_RECORD=1` the page is written anew.
  @Test(
    .enabled(if: ValidateCommandTests.data != nil, "reference data is absent; set SIMHOST_DATA"))
  func thePageIsWhatItsCommandsPrint() throws {
    let data = try #require(ValidateCommandTests.data)
    let run = try Program.capture(
      "/usr/bin/timeout", ["600", "\(Program.root)/scripts/validation-page.sh", data],
      environment: Program.environment)
    try #require(run.exitCode == 0)
    let output = run.output
    if ProcessInfo.processInfo.environment["SIMHOST_RECORD"] == "1" {
      try output.write(toFile: Self.page, atomically: true, encoding: .utf8)
    }
    let shown = try String(contentsOfFile: Self.page, encoding: .utf8)
    for (printed, written) in zip(output.split(separator: "\n"), shown.split(separator: "\n")) {
      #expect(printed == written)
    }
    #expect(output == shown)
  }

  /// The accuracy that DistServe's runs below saturation are held to, with the host's time fitted at 6/s alone.
  @Test(
    .enabled(if: ValidateCommandTests.data != nil, "reference data is absent; set SIMHOST_DATA"),
    arguments: ["300-3", "300-6"])
  func distServeIsWithinItsBounds(_ run: String) throws {
    let data = try #require(ValidateCommandTests.data)
    let program = try Program.run([
      "validate", "\(data)/ground-truth/distserve/opt-13b-sharegpt/distserve-c21d11-\(run).csv",
      "--cluster-config", "configs/cluster/distserve_c21d11.json", "--platform", "distserve",
    ])
    #expect(program.exitCode == 0, "\(program.errors)")
    for (row, limit) in [("TTFT Mean", 15.0), ("TPOT Mean", 10)] {
      let line = try #require(program.output.split(separator: "\n").first { $0.hasPrefix(row) })
      let error = try #require(line.split(separator: " ").last.flatMap { Double($0.dropLast()) })
      #expect(abs(error) <= limit, "\(run), \(line)")
    }
  }
}
