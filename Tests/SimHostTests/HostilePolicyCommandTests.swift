import Foundation
import Testing

/// Policies that are wrong or mean harm: the program ends by itself, with exit code 3 and a message that helps.
@Suite(.serialized) struct HostilePolicyCommandTests {
  struct Case: CustomTestStringConvertible {
    var name: String
    var source: String
    /// Parts of the message, besides the file.
    var expected: [String]
    var testDescription: String { name }

    init(_ name: String, _ source: String, _ expected: String...) {
      self.name = name
      self.source = source
      self.expected = expected
    }
  }

  private static func route(_ body: String) -> String {
    "return { api = 1,\n  route = function(request, candidates, cluster)\n    \(body)\n  end,\n}\n"
  }

  /// Where a message of `route(body)` points: line 3, the hook, the first arrival.
  private static let place = ["policy.lua:3: in route at 0.", " for request 0: "]

  /// Memory and time run out about together on a slow build, so messages are checked where budgets are the test's own.
  static let cases: [Case] = [
    Case(
      "syntax error", "return { api = 1,\n  route = function(r, c)\n    if x the\n  end\n}\n",
      "policy.lua:3"
    ),
    Case(
      "typo in a hook", "return { api = 1, ruote = function() end }", "ruote",
      "did you mean 'route'?"),
    Case("wrong type", route("return 'decode/0'"), "in route at 0.", "expected"),
    Case("not a candidate", route("return cluster.decode[1]"), "in route at 0."),
    Case("unknown field", route("return candidates[1].kv_usge"), "kv_usge", "kv_usage"),
    Case("writing to a view", route("candidates[1].kv_usage = 0"), "in route at 0."),
    Case(
      "deep error",
      """
      local function deep(n) if n == 0 then local t = nil return t.x end return 1 + deep(n - 1) end
      return { api = 1, route = function(request, candidates) return candidates[deep(40)] end }
      """, "policy.lua:1", "in route"),
    Case("endless loop", route("while true do end"), "policy.lua:3", "in route at 0."),
    Case("endless loop at load", "while true do end", "policy.lua:1"),
    Case("error in pcall for ever", route("while true do pcall(error, 'x') end"), "in route"),
    Case(
      "memory bomb", route("local t = {} for i = 1, math.huge do t[i] = { i } end"),
      "in route at 0."),
    Case("string.rep bomb", route("return #string.rep('x', 1 << 40)"), "in route"),
    Case(
      "string doubling", route("local s = 'x' while true do s = s .. s end"), "in route"),
    Case(
      "pathological pattern",
      route("return string.find(string.rep('a', 200000), '.-.-.-.-.-b')"), "in route"),
    Case("stack overflow", route("local function f() return 1 + f() end return f()"), "in route"),
    Case("io", route("io.open('/etc/passwd')"), "policy.lua:3", "io"),
    Case("os", route("os.exit(0)"), "policy.lua:3", "os"),
    Case("load", route("return load('return 1')()"), "policy.lua:3", "load"),
    Case("dofile", route("return dofile('/etc/passwd')"), "policy.lua:3", "dofile"),
    Case("debug", route("return debug.getregistry()"), "policy.lua:3", "debug"),
    Case("require of a path", "require('../../etc/passwd')\nreturn {}", "policy.lua:1", "require"),
    Case("bytecode", "\u{1B}Lua\u{54}\u{00}\u{19}\u{93}", "policy.lua"),
    Case("not a table", "return 1", "policy.lua", "table"),
    Case("empty", "", "policy.lua"),
    Case("never answers", route("return nil"), "stalled", "in route"),
    Case(
      "never schedules", "return { api = 1, batch = function() end }", "stalled", "in batch"),
    Case(
      "coroutine for ever",
      route(
        "coroutine.wrap(function() while true do coroutine.yield() end end)() while true do end"),
      "in route"),
  ]

  @Test(arguments: cases) func endsWithAMessageThatHelps(_ test: Case) throws {
    try Program.inFolder { folder in
      let file = "\(folder)/policy.lua"
      try test.source.write(toFile: file, atomically: true, encoding: .utf8)
      let csv = "\(folder)/out/run.csv"
      // The limit is there to end a hang; how soon is soon depends on what else the machine does.
      let run = try Program.run(["--policy", file, "--output", csv], limit: 30)
      #expect(run.exitCode == 3, "exit code \(run.exitCode): \(run.errors.suffix(300))")
      for part in ["error: ", "policy.lua"] + test.expected {
        #expect(run.errors.contains(part), "no \(part) in \(run.errors.suffix(400))")
      }
      #expect(run.output.isEmpty)
      #expect(!FileManager.default.fileExists(atPath: csv))
    }
  }

  /// File, line, hook, simulated time and what it was about.
  @Test func theMessageNamesThePlaceTheHookAndTheTime() throws {
    try Program.inFolder { folder in
      let file = "\(folder)/policy.lua"
      let body = "if request.id == 7 then error('lucky') end return candidates[1]"
      try Self.route(body).write(toFile: file, atomically: true, encoding: .utf8)
      let run = try Program.run(["--policy", file, "--log-level", "warning"], limit: 30)
      #expect(run.exitCode == 3)
      #expect(
        run.errors.contains(/error: .*policy\.lua:3: in route at [\d.]+ s for request 7: lucky/),
        "\(run.errors)")
    }
  }

  @Test func whatIsNoPolicyFileIsSaid() throws {
    for file in ["/", "/dev/null", "/nowhere/at_all.lua"] {
      let run = try Program.run(["--policy", file], limit: 30)
      #expect(run.exitCode == 3)
      #expect(run.errors.contains("error: \(file)"), "\(run.errors)")
    }
    let parameter = try Program.run(["--policy", "policies/least_kv.lua", "--param", "hedroom=1"])
    #expect(parameter.exitCode == 3)
    #expect(parameter.errors.contains("headroom"), "\(parameter.errors)")
  }
}
