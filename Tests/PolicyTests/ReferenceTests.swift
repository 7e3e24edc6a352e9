import Engine
import Foundation
import Testing

/// The written reference says what the bridge's own table says. `SIMHOST_RECORD=1` writes it anew.
@Suite struct ReferenceTests {
  private static let root = URL(fileURLWithPath: BundledPolicyTests.folder)
    .deletingLastPathComponent().path
  private static let records = ProcessInfo.processInfo.environment["SIMHOST_RECORD"] == "1"

  @Test func theGuideHasTheTablesOfTheBridge() throws {
    let path = "\(Self.root)/docs/policies.md"
    var guide = try String(contentsOfFile: path, encoding: .utf8)
    for view in PolicyReference.View.allCases {
      let table = PolicyReference.table(of: view)
      #expect(table.split(separator: "\n").count > 7)
      if Self.records {
        let heading = try #require(guide.range(of: "### \(view.rawValue)\n\n"))
        let end = try #require(guide[heading.upperBound...].range(of: "\n\n"))
        guide.replaceSubrange(heading.upperBound..<end.lowerBound, with: table)
      }
      #expect(guide.contains("### \(view.rawValue)\n\n\(table)\n\n"), "\(view)")
    }
    if Self.records { try guide.write(toFile: path, atomically: true, encoding: .utf8) }
  }

  @Test func theTypesAreThoseOfTheBridge() throws {
    let path = "\(Self.root)/types/simhost.lua"
    if Self.records {
      try PolicyReference.types.write(toFile: path, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == PolicyReference.types)
  }

  @Test func typesNameEveryFieldOnce() {
    let types = PolicyReference.types
    for row in PolicyReference.table(of: .instance).split(separator: "\n").dropFirst(2) {
      let name = row.dropFirst(3).prefix { $0.isLetter || $0 == "_" || $0 == ":" }
      let wanted =
        name.contains(":")
        ? "function \(name)(" : "---@field \(name) "
      #expect(types.contains(wanted), "\(name)")
    }
  }

  @Test func textTellsWhatIsNotUsed() {
    func findings(_ text: String, _ parameters: [String] = []) -> [String] {
      PolicySourceCheck(text: text, parameters: parameters).findings
    }
    let declared = "params = { weight = { default = 1 } },"
    #expect(
      findings(declared, ["weight"]) == ["parameter 'weight' is declared and never read"])
    #expect(findings(declared + " cluster.params.weight", ["weight"]).isEmpty)
    #expect(findings(declared + " params['weight']", ["weight"]).isEmpty)
    #expect(findings(declared + " -- weight", ["weight"]).count == 1)
    #expect(findings(declared + " \"the weight\"", ["weight"]).count == 1)
    #expect(findings("return request.promt_tokens") == ["request has no field 'promt_tokens'"])
    #expect(findings("instance:prefix_hits(r) instance:prefix_hits(r)").count == 1)
    #expect(findings("x.request.y, cluster.params.z, request.data.mine, step:decode(r)").isEmpty)
    #expect(findings("-- request.nothing\n\"request.nothing\" 'it\\'s request.nothing'").isEmpty)
    for odd in ["", "\"", "'\\", "--", "request.", "request", "\u{0}\u{1}"] {
      #expect(findings(odd, ["a"]).count == 1)
    }
  }

  /// FIPS 180-4 examples, and lengths around the block's edge.
  @Test func digestsAreThoseOfTheStandard() {
    #expect(
      SHA256.hexadecimal(Array("abc".utf8))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      SHA256.hexadecimal([])
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      SHA256.hexadecimal(
        Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    #expect(
      SHA256.hexadecimal([UInt8](repeating: 0x61, count: 1_000_000).prefix(100_000))
        == SHA256.hexadecimal([UInt8](repeating: 0x61, count: 100_000)))
    #expect(
      Set((0..<130).map { SHA256.hexadecimal([UInt8](repeating: 0, count: $0)) }).count == 130)
  }
}
