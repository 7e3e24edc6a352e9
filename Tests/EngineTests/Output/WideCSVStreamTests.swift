import Foundation
import Testing

@testable import Engine

/// The table that is written while a run goes on has the bytes of the one that is written at its end.
@Suite struct WideCSVStreamTests {
  private static func inFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("simhost-stream-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private static func files(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  /// Records in any portions; a reason is known from the first record that has it on.
  @Test func portionsMakeTheWholeTable() throws {
    for seed in 0..<100 as Range<UInt64> {
      var random = RandomStream(seed: seed, name: "portions")
      let run = MetricsFixture.randomRun(seed: seed, requests: 40)
      let targets = seed % 2 == 0 ? GoodputTargets(ttft: 2) : nil
      let session: (RequestID) -> String? = { $0.index % 3 == 0 ? "a,\($0.index)" : nil }
      try Self.inFolder { folder in
        let stream = try WideCSVStream(
          to: "\(folder)/run.csv", inputs: [], cluster: MetricsFixture.cluster, targets: targets,
          session: session)
        var rest = run.records[...]
        var known = 0
        while !rest.isEmpty {
          let part = ContiguousArray(rest.prefix(1 + random.nextIndex(below: 20)))
          rest = rest.dropFirst(part.count)
          known = max(known, Int(part.map(\.reason).max() ?? -1) + 1)
          part.withUnsafeBufferPointer { stream.add($0, reasons: Array(run.reasons[..<known])) }
        }
        #expect(try Self.files(in: folder) == [".simhost-partial-0"])
        try stream.finish()
        #expect(try Self.files(in: folder) == ["run.csv"])
        let whole = WideCSV(
          run, cluster: MetricsFixture.cluster, targets: targets, session: session)
        #expect(
          try String(contentsOfFile: "\(folder)/run.csv", encoding: .utf8) == whole.text,
          "seed \(seed)")
      }
    }
  }

  @Test func whatIsNotFinishedLeavesNothing() throws {
    try Self.inFolder { folder in
      let path = "\(folder)/run.csv"
      try "before".write(toFile: path, atomically: true, encoding: .utf8)
      do {
        let stream = try WideCSVStream(to: path, inputs: [], cluster: MetricsFixture.cluster)
        MetricsFixture.run.records.withUnsafeBufferPointer { stream.add($0, reasons: []) }
      }
      #expect(try Self.files(in: folder) == ["run.csv"])
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "before")
      #expect(throws: OutputError.self) {
        try WideCSVStream(to: path, inputs: [path], cluster: MetricsFixture.cluster)
      }
    }
  }

  @Test func devicesAreWrittenToAtTheEnd() {
    #expect(!WideCSVStream.canWrite(to: "/dev/stdout"))
    #expect(WideCSVStream.canWrite(to: "run.csv"))
  }
}
