import Foundation
import Testing

/// Keeps the folders of the engine in order: who may use whom, and what no folder may do.
@Suite struct ArchitectureTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  /// Files under `folder` of the repository with one of these endings: path below the folder, and text.
  private static func files(
    _ folder: String, _ endings: [String]
  ) throws -> [(path: String, text: String)] {
    let base = "\(root)/\(folder)"
    let all = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
    return try all.sorted().filter { path in endings.contains { path.hasSuffix($0) } }
      .map { ($0, try String(contentsOfFile: "\(base)/\($0)", encoding: .utf8)) }
  }

  @Test func foldersUseOnlyWhatTheTableAllows() throws {
    let sources = try Self.files("Sources/Engine", [".swift"])
      .map { SwiftSource(path: $0.path, text: $0.text) }
    #expect(sources.count > 10)
    for violation in violations(in: sources) {
      Issue.record("Sources/Engine/\(violation)")
    }
  }

  @Test func onlyThePolicyFolderKnowsLua() throws {
    for file in try Self.files("Sources", [".swift"])
    where !file.path.hasPrefix("Engine/Policy/") {
      let imports = SwiftSource(path: file.path, text: file.text).imports.map(\.text)
      #expect(!imports.contains("CLua"), "Sources/\(file.path) imports CLua")
    }
    for file in try Self.files("Sources", [".c", ".h"]) where !file.path.hasPrefix("CLua/") {
      #expect(!file.text.contains("lua.h"), "Sources/\(file.path) includes a Lua header")
    }
    // Swift sees the module's own header; Lua's are included by its C files only.
    for file in try Self.files("Sources/CLua/include", [".h"]) {
      #expect(!file.text.contains("#include <lua"), "CLua/include/\(file.path) shows Lua to Swift")
    }
  }

  @Test func theTableIsAnOrder() {
    var seen: Set<String> = []
    let later: Set = ["Metrics"]  // Read by Simulation, which fills it; written without it.
    for rule in folderTable {
      for used in rule.uses { #expect(seen.contains(used) || later.contains(used)) }
      seen.insert(rule.name)
    }
    #expect(
      folderTable.first { $0.name == "Metrics" }?.uses == ["Units", "Storage", "Configuration"])
  }
}

/// The checks themselves, on sources made for them.
@Suite struct ArchitectureCheckTests {
  private func found(_ files: [(String, String)]) -> [String] {
    violations(in: files.map { SwiftSource(path: $0.0, text: $0.1) })
  }

  @Test func laterTypesAreNotMentionedEarlier() {
    let pool = (
      "Memory/Pool.swift", "public struct Pool { struct Inner {} }\nprivate enum Local {}"
    )
    #expect(
      found([pool, ("Units/A.swift", "let a = 1\nfunc f(_ p: Pool) {}")])
        == ["Units/A.swift:2: Units may not use Pool of Memory"])
    #expect(found([pool, ("Scheduling/A.swift", "var p: Pool")]).isEmpty)
    #expect(found([pool, ("Units/A.swift", "let a = Local(); let b: Inner")]).isEmpty)
    #expect(found([pool, ("Units/A.swift", "struct Pool {}\nlet a = Pool()")]).isEmpty)
  }

  @Test func commentsAndStringsDoNotCountButInterpolationsDo() {
    let pool = ("Memory/Pool.swift", "struct Pool {}")
    let text = ##"""
      // Pool
      /* Pool /* Pool */ Pool */
      let a = "Pool \" Pool", b = #"Pool " \(Pool)"#
      let c = """
        Pool " Pool
        """
      let d = "x\(f("Pool", Pool.self))"
      """##
    #expect(
      found([pool, ("Units/A.swift", text)])
        == ["Units/A.swift:7: Units may not use Pool of Memory"])
  }

  @Test func importsFollowTheTable() {
    #expect(
      found([("Units/A.swift", "import Foundation")])
        == ["Units/A.swift:1: Units may not import Foundation"])
    #expect(found([("Simulation/A.swift", "\nimport CLua")]).count == 1)
    #expect(found([("Policy/A.swift", "import CLua")]).isEmpty)
    #expect(found([("Memory/A.swift", "import struct DequeModule.Deque")]).isEmpty)
    #expect(found([("Elsewhere/A.swift", "")]).count == 1)
  }

  @Test func clocksAndUnseededRandomnessAreFound() {
    #expect(found([("Simulation/A.swift", "let t = ContinuousClock.now")]).count == 1)
    #expect(found([("Policy/A.swift", "let t = ContinuousClock.now")]).isEmpty)
    #expect(found([("Policy/A.swift", "print(1)")]).count == 1)
    #expect(found([("Cost/A.swift", "report.print(1)")]).isEmpty)
    #expect(found([("Cost/A.swift", "let x = Int.random(in: 0..<3)")]).count == 1)
    #expect(found([("Cost/A.swift", "let x = Int.random(in: 0..<3, using: &stream)")]).isEmpty)
    #expect(found([("Cost/A.swift", "let x = list.shuffled()")]).count == 1)
  }
}
