import Foundation
import Testing

/// `simhost watch`: runs on save.
@Suite struct WatchCommandTests {
  @Test func savesAreRunAndMistakesShown() throws {
    try Program.inFolder { folder in
      let policy = "\(folder)/mine.lua"
      func save(_ name: String) throws {
        let text = try String(
          contentsOfFile: "\(Program.root)/policies/\(name).lua", encoding: .utf8)
        try text.write(toFile: policy, atomically: true, encoding: .utf8)
      }
      try save("random")
      let output = "\(folder)/out"
      _ = FileManager.default.createFile(atPath: output, contents: nil)
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
      process.arguments =
        ["-s", "KILL", "120", Program.binary, "watch", policy, "--runs", "4", "--seeds", "2"]
        + ["--cluster-config", "configs/cluster/single_node_4p4d.json"]
        + ["--dataset", "workloads/overload.jsonl", "--num-reqs", "60"]
      process.currentDirectoryURL = URL(fileURLWithPath: Program.root)
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
      process.standardOutput = handle
      process.standardError = handle
      try process.run()
      func wait(for text: String) throws {
        while process.isRunning,
          try !String(contentsOfFile: output, encoding: .utf8).contains(text)
        { usleep(10_000) }
      }
      try wait(for: "finished %")
      try save("least_kv")
      try wait(for: "run 2")
      try "return {".write(toFile: policy, atomically: true, encoding: .utf8)
      try wait(for: "error: ")
      try save("random")
      process.waitUntilExit()
      try handle.close()
      #expect(process.terminationStatus == 0)
      let text = try String(contentsOfFile: output, encoding: .utf8)
      let runs = text.components(separatedBy: "\nTTFT mean ms").dropFirst()
        .map { $0.split(separator: "\n")[0] }
      #expect(runs.count == 3, "\(text)")
      // The second is better than the first; the third is a mistake; the fourth is as the first was.
      #expect(text.contains("run 4") && !text.contains("run 3"))
      #expect(runs[1].contains("-") && runs[2].hasSuffix("same"), "\(text)")
      #expect(text.contains("mine.lua:1"))
    }
  }
}
