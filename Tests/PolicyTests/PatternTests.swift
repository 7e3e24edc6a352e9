import Engine
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
}
