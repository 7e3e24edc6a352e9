import Engine
import Foundation
import Testing

/// The pattern matcher against what the Lua 5.4 reference manual says.
@Suite struct PatternTests {
  private func results(_ expressions: [String]) throws -> String? {
    var policy = try load(
      """
      local function show(...)
        local t = {}
        for i = 1, select("#", ...) do t[i] = tostring((select(i, ...))) end
        return table.concat(t, ",")
      end
      return { api = 1, done = function() return { \(expressions.map { "show(\($0))" }.joined(separator: ", ")) } end }
      """)
    return try policy.done(PolicySummary(), FakeCluster([.mixed]))
  }

  @Test func findAndMatch() throws {
    let cases = [
      (#"("hello world"):find("o w")"#, "5,7"),
      (#"("hello"):find("l+")"#, "3,4"),
      (#"("hello"):find("xyz")"#, "nil"),
      (#"("hello"):find("")"#, "1,0"),
      (#"("hello"):find("", 6)"#, "6,5"),
      (#"("hello"):find("", 7)"#, "nil"),
      (#"("hello"):find("l", -2)"#, "4,4"),
      (#"("a.b"):find(".", 1, true)"#, "2,2"),
      (#"("a+b"):find("+", 1, true)"#, "2,2"),
      (#"("key = value"):match("^(%w+)%s*=%s*(%w+)$")"#, "key,value"),
      (#"("  trim  "):match("^%s*(.-)%s*$")"#, "trim"),
      (#"("x123y"):match("%d+")"#, "123"),
      (#"("x123y"):match("()%d+()")"#, "2,5"),
      (#"("f(a(b)c)d"):match("%b()")"#, "(a(b)c)"),
      (#"("THE (quick) fox"):find("%((%a+)%)")"#, "5,11,quick"),
      (#"("abcabc"):match("(abc)%1")"#, "abc"),
      (#"("THE quick"):gsub("%f[%a]%a+", "W")"#, "W W,2"),
      (#"("aXb"):match("%u")"#, "X"),
      (#"("a-b"):match("[a%-]+")"#, "a-"),
      (#"("a]b"):match("[]]")"#, "]"),
      (#"("a^b"):match("[b^]")"#, "^"),
      (#"("abc"):match("[^a]+")"#, "bc"),
      (#"("a-z"):match("[a-]+")"#, "a-"),
      (#"("colour color"):gsub("colou?r", "C")"#, "C C,2"),
      (#"("aaa"):match("a-")"#, ""),
      (#"("aaab"):match("a-b")"#, "aaab"),
      (#"("\0a\0"):find("%z") "#, "1,1"),
      (#"("\0a\0"):find("a\0")"#, "2,3"),
      (#"("$5"):match("%$(%d)")"#, "5"),
      (#"("a$"):match("a$$")"#, "a$"),
      (#"("abc"):match(".-(b)(.)")"#, "b,c"),
    ]
    // %z is gone in 5.4: it stands for the letter z.
    let expected = cases.map { $0.0.contains("%z") ? "nil" : $0.1 }
    let text = try #require(try results(cases.map(\.0)))
    let quoted = expected.map { "\"\($0)\"" }.joined(separator: ",")
    #expect(text == "[\(quoted)]")
  }

  @Test func gsubAndGmatch() throws {
    let cases = [
      (#"("hello world"):gsub("o", "0")"#, "hell0 w0rld,2"),
      (#"("hello"):gsub("", "-")"#, "-h-e-l-l-o-,6"),
      (#"("abc"):gsub("%w", "%0%0")"#, "aabbcc,3"),
      (#"("abc"):gsub("%w", "%%")"#, "%%%,3"),
      (#"("a b"):gsub("(%w) (%w)", "%2 %1")"#, "b a,1"),
      (#"("abc"):gsub("b", { b = "X" })"#, "aXc,1"),
      (#"("abc"):gsub("%w", { b = false })"#, "abc,3"),
      (#"("abc"):gsub("%w", function(c) if c == "b" then return 7 end end)"#, "a7c,3"),
      (#"("aaa"):gsub("a", "b", 2)"#, "bba,2"),
      (#"("aaa"):gsub("^a", "b")"#, "baa,1"),
      (#"("abc d"):gsub("%w*", "x")"#, "x x,2"),
      (
        #"(function() local t = {} for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do t[#t + 1] = k .. v end return table.concat(t, " ") end)()"#,
        "a1 b2"
      ),
      (
        #"(function() local n = 0 for _ in ("abc"):gmatch("") do n = n + 1 end return n end)()"#,
        "4"
      ),
      (
        #"(function() local t = {} for w in ("one two"):gmatch("%a+") do t[#t + 1] = w end return #t end)()"#,
        "2"
      ),
    ]
    let text = try #require(try results(cases.map(\.0)))
    #expect(text == "[" + cases.map { "\"\($0.1)\"" }.joined(separator: ",") + "]")
  }

  static let lua = "/usr/bin/lua5.4"

  /// Random patterns on random subjects, told apart by Lua itself and by the sandbox.
  static let trial = """
    local seed = 12345
    local function below(n)
      seed = (seed * 1103515245 + 12345) % 2147483648
      return (seed // 65536) % n + 1
    end
    local pieces = { "a", "b", ".", "%a", "%d", "%w", "%s", "%%", "[ab]", "[^a]", "[a-c]", "[%d_]", "[]a]", "[^]]",
      "(", ")", "()", "^", "$", "*", "+", "-", "?", "%1", "%b()", "%bab", "%f[%w]", "%f[^a]", "%", "[", "%u", "%S", "1" }
    local letters = { "a", "b", "c", "(", ")", "1", "_", " ", "%", "]", "A" }
    local function random(list, most)
      local t = {}
      for i = 1, below(most) do t[i] = list[below(#list)] end
      return table.concat(t)
    end
    local function show(ok, ...)
      -- Messages differ in places and in length; that there is an error must not.
      if not ok then return "error" end
      local t = {}
      for i = 1, select("#", ...) do t[i] = tostring((select(i, ...))) end
      return table.concat(t, ",")
    end
    local function check()
      local out = {}
      for i = 1, 20000 do
        local s, p, r = random(letters, 12), random(pieces, 6), random({ "x", "%0", "%1", "%%", "-" }, 3)
        local kind, init = below(5), below(15) - 8
        local text
        if kind == 1 then text = show(pcall(string.find, s, p, init))
        elseif kind == 2 then text = show(pcall(string.match, s, p, init))
        elseif kind == 3 then text = show(pcall(string.gsub, s, p, r, below(3) > 1 and below(4) or nil))
        elseif kind == 4 then text = show(pcall(string.find, s, p, init, true))
        else
          text = show(pcall(function()
            local t = {}
            for a, b in string.gmatch(s, p) do t[#t + 1] = tostring(a) .. "/" .. tostring(b) end
            return table.concat(t, ";")
          end))
        end
        out[i] = kind .. "{" .. s .. "}{" .. p .. "}=" .. text
      end
      return out
    end
    """

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: lua), "lua5.4 is not installed"))
  func agreesWithLuaOnRandomPatterns() throws {
    let script = write(
      PatternTests.trial + "\nfor _, line in ipairs(check()) do print(line) end", as: "trial.lua")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: PatternTests.lua)
    process.arguments = [script]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let expected = String(decoding: output, as: UTF8.self).split(separator: "\n")
    #expect(expected.count == 20000)

    var options = LuaPolicyOptions()
    options.hookTimeout = SimDuration(nanoseconds: 60_000_000_000)
    var policy = try load(
      PatternTests.trial + "\nreturn { api = 1, done = function() return check() end }",
      options: options)
    let json = try #require(try policy.done(PolicySummary(), FakeCluster([.mixed])))
    let ours = try JSONDecoder().decode([String].self, from: Data(json.utf8))
    let differences = zip(expected, ours).filter { $0 != $1 }
    #expect(differences.isEmpty, "\(differences.prefix(10))")
  }
}
