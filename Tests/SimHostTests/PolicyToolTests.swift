import Foundation
import Testing

/// `simhost policy new | check | test | info | docs` and `simhost rerun`, as a user runs them.
@Suite struct PolicyToolTests {
  @Test func aNewPolicyPassesItsCheckAndRuns() throws {
    try Program.inFolder { folder in
      let new = try Program.run(["policy", "new", "mine"], in: folder)
      #expect(new.exitCode == 0 && new.output.contains("wrote mine.lua"))
      #expect(try Program.run(["policy", "new", "mine"], in: folder).exitCode == 2)
      for name in ["", "a/b", "../x", "a.lua", "é", String(repeating: "a", count: 61)] {
        #expect(try Program.run(["policy", "new", name], in: folder).exitCode == 64, "\(name)")
      }
      let check = try Program.run(["policy", "check", "mine.lua"], in: folder, limit: 240)
      #expect(check.exitCode == 0, "\(check.errors)")
      #expect(check.output.contains("with the same bytes"))
      #expect(check.output.contains("no remarks"), "\(check.output)")
      let info = try Program.run(["policy", "info", "mine.lua"], in: folder)
      #expect(info.output.contains("mine 0.1.0") && info.output.contains("  mine.lua\n"))
    }
  }

  @Test func checkFindsWhatIsWrong() throws {
    try Program.inFolder { folder in
      func check(_ text: String) throws -> Program {
        try text.write(toFile: "\(folder)/p.lua", atomically: true, encoding: .utf8)
        return try Program.run(["policy", "check", "p.lua"], in: folder, limit: 240)
      }
      let idle = try check(
        """
        return { api = 1, params = { never = { type = "number", default = 1 } },
          route = function(request, candidates)
            if #candidates == 77 then return request.nothing end
            return candidates[1]
          end,
          on_reject = function() end }
        """)
      #expect(idle.exitCode == 0, "\(idle.errors)")
      #expect(idle.output.contains("remark: parameter 'never' is declared and never read"))
      #expect(idle.output.contains("remark: request has no field 'nothing'"))
      #expect(idle.output.contains("remark: on_reject was never called here"))
      let wrong = try check("return { api = 1, route = function() return 3 end }")
      #expect(wrong.exitCode == 3 && wrong.errors.contains("expected one of the candidates"))
      #expect(try check("return {").exitCode == 3)
      #expect(try Program.run(["policy", "check", "none.lua"], in: folder).exitCode == 3)
    }
  }

  @Test func infoNamesAuthorLicenceAndDigest() throws {
    try Program.inFolder { folder in
      let text = "return { api = 1, name = 'x', author = 'A. Author', licence = 'MIT' }\n"
      try text.write(toFile: "\(folder)/x.lua", atomically: true, encoding: .utf8)
      let info = try Program.run(["policy", "info", "x.lua"], in: folder)
      #expect(info.output.contains("author: A. Author\nlicence: MIT\n"))
      let digest = info.output.split(separator: "\n").last ?? ""
      #expect(digest.hasSuffix("  x.lua") && digest.prefix { $0.isHexDigit }.count == 64)
    }
  }

  @Test func addressesAreNotFetched() throws {
    for arguments in [
      ["--policy", "https://example.org/p.lua"], ["policy", "info", "http://example.org/p.lua"],
      ["policy", "check", "file:///etc/passwd"],
    ] {
      let run = try Program.run(arguments)
      #expect(run.exitCode == 3 && run.errors.contains("nothing is fetched"), "\(run.errors)")
    }
  }

  @Test func aRunIsRepeatedFromItsSummary() throws {
    try Program.inFolder { folder in
      let policy = "\(folder)/p.lua"
      try FileManager.default.copyItem(
        atPath: "\(Program.root)/policies/random.lua", toPath: policy)
      let summary = "\(folder)/s.json"
      let run = try Program.run([
        "--policy", policy, "--num-reqs", "20", "--seed", "7", "--summary", summary,
      ])
      #expect(run.exitCode == 0, "\(run.errors)")
      let same = try Program.run(["rerun", summary])
      #expect(
        same.exitCode == 0 && same.output.contains("the same "), "\(same.output)\(same.errors)")
      // Another file of the same name is told, and so is what it changes.
      try FileManager.default.removeItem(atPath: policy)
      try FileManager.default.copyItem(
        atPath: "\(Program.root)/policies/round_robin.lua", toPath: policy)
      let other = try Program.run(["rerun", summary])
      #expect(other.exitCode == 1 && other.output.contains("p.lua is not the file that it was"))
      #expect(other.output.contains("the bytes differ, first in line"))
    }
  }

  /// What a summary says is run; where it wants to write is not.
  @Test func summariesOfOthersWriteNothing() throws {
    try Program.inFolder { folder in
      let summary = "\(folder)/s.json"
      let text = """
        {"run": {"arguments": ["--num-reqs", "2", "--output", "\(folder)/x.csv", "--output=\(folder)/x.csv",
          "--summary", "\(folder)/y.json"]}}
        """
      try text.write(toFile: summary, atomically: true, encoding: .utf8)
      #expect(try Program.run(["rerun", summary]).exitCode == 1)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(names == ["s.json"])
      for wrong in ["", "{}", "[]", "{\"run\": 1}", "{\"run\": {\"arguments\": 1}}"] {
        try wrong.write(toFile: summary, atomically: true, encoding: .utf8)
        #expect(try Program.run(["rerun", summary]).exitCode == 2, "\(wrong)")
      }
    }
  }
}
