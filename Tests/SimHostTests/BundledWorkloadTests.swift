import Engine
import Foundation
import Testing

@testable import SimHost

/// The traces under `workloads` are what the commands in `workloads/README.md` make.
@Suite struct BundledWorkloadTests {
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("workloads")

  /// Words of each command in the code blocks of the README, without quotes.
  static func commands() throws -> [[String]] {
    let text = try String(
      contentsOf: folder.appendingPathComponent("README.md"), encoding: .utf8)
    let blocks = text.components(separatedBy: "```sh\n").dropFirst().map {
      $0.components(separatedBy: "\n```")[0]
    }
    return blocks.map { block in
      block.replacingOccurrences(of: "\\\n", with: " ").split(whereSeparator: \.isWhitespace)
        .map { $0.replacingOccurrences(of: "'", with: "") }
    }
  }

  static func bundled() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0 != "README.md" }.sorted()
  }

  @Test func theREADMEMakesEachFileByteForByte() throws {
    var made: [String] = []
    for command in try Self.commands() {
      try #require(command.prefix(3) == ["simhost", "workload", "generate"])
      let flag = try #require(command.firstIndex(of: "--output"))
      let path = try #require(command.dropFirst(flag + 1).first)
      try #require(path.hasPrefix("workloads/"))
      let name = String(path.dropFirst("workloads/".count))
      made.append(name)
      try WorkloadCommandTests.inFolder { folder in
        var arguments = Array(command.dropFirst(2))
        let file = folder.appendingPathComponent(name)
        arguments[flag - 1] = file.path
        try WorkloadCommandTests.run(arguments)
        let expected = try Data(contentsOf: Self.folder.appendingPathComponent(name))
        #expect(try Data(contentsOf: file) == expected, "\(name)")
      }
    }
    #expect(try made.sorted() == Self.bundled())
  }

  @Test func eachFileIsSmallAndReadsWithoutARemark() throws {
    for name in try Self.bundled() {
      let file = Self.folder.appendingPathComponent(name)
      #expect(try Data(contentsOf: file).count < 1_500_000, "\(name)")
      let workload = try Workload.load(path: file.path)
      #expect(workload.notes.isEmpty, "\(name)")
      #expect(workload.requests.count >= 100, "\(name)")
    }
  }
}
