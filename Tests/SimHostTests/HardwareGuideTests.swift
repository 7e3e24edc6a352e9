import Foundation
import Testing

/// The data sheet in docs/hardware.md is enough, as it is written there.
@Suite struct HardwareGuideTests {
  @Test func theDataSheetInTheGuideRuns() throws {
    let guide = try String(contentsOfFile: "\(Program.root)/docs/hardware.md", encoding: .utf8)
    let sheet = try #require(guide.firstMatch(of: /(?s)```json\n(.*?)```/)).1
    let cluster = try String(
      contentsOfFile: "\(Program.root)/configs/cluster/single_node_pd_instance.json",
      encoding: .utf8)
    try Program.inFolder { folder in
      try FileManager.default.createDirectory(
        atPath: "\(folder)/configs/hardware", withIntermediateDirectories: true)
      try sheet.write(
        toFile: "\(folder)/configs/hardware/MyGPU.json", atomically: true, encoding: .utf8)
      try cluster.replacing("\"RTXPRO6000\"", with: "\"MyGPU\"")
        .replacing("\"mem_size\": 96", with: "\"mem_size\": 48")
        .write(toFile: "\(folder)/my_cluster.json", atomically: true, encoding: .utf8)
      let run = try Program.run(["--cluster-config", "my_cluster.json"], in: folder)
      #expect(run.exitCode == 0, "\(run.errors)")
      #expect(run.errors.contains("MyGPU.json (coefficients: guess)"))
    }
  }
}
