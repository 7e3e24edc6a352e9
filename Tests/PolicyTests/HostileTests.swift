import Engine
import Foundation
import Testing

/// Policies that try to hang, crash or leave the sandbox: each ends soon, with one error.
@Suite(.serialized) struct HostileTests {
  /// Seconds of a hook: shortened so that the suite is quick, the mechanism is the same. A build that checks every access
  /// to memory gets more.
  private static let budget =
    Double(
      ProcessInfo.processInfo.environment["SIMHOST_TEST_BUDGET"] ?? "") ?? 0.1

  private static var options: LuaPolicyOptions {
    var options = LuaPolicyOptions()
    options.hookTimeout = SimDuration(nanoseconds: Int64(budget * 1e9))
    options.memoryLimit = 64 << 20
    return options
  }

  /// For what must end for another reason than time, on however busy a machine.
  private static var patient: LuaPolicyOptions {
    var options = options
    options.hookTimeout = SimDuration(nanoseconds: 20_000_000_000)
    return options
  }

  private static let late = "ran for more than \(budget.formatted()) s without returning"
  private static let full = "needs more than its 64 MiB of memory"

  private static func run(_ body: String, options: LuaPolicyOptions = options) -> PolicyError? {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(17)
    return policyError {
      var policy = try router(body, options: options)
      _ = try policy.ask(cluster, request)
    }
  }

  static let endless: [String] = [
    "while true do end",
    "repeat until false",
    "::a:: goto a",
    "local function f() return f() end return f()",
    "while true do pcall(error) end",
    "while true do pcall(error, 'x') end",
    "while true do pcall(function() while true do end end) end",
    "pcall(function() while true do end end) return candidates[1]",
    "xpcall(function() while true do end end, function() while true do end end) return candidates[1]",
    "while true do xpcall(error, function(e) error(e) end) end",
    "coroutine.wrap(function() while true do end end)() return candidates[1]",
    "local co = coroutine.create(function() while true do end end) coroutine.resume(co) while true do end",
    "pcall(coroutine.wrap(function() pcall(function() while true do end end) end)) return candidates[1]",
    "local co = coroutine.create(function() while true do coroutine.yield() end end) while true do coroutine.resume(co) end",
    "while true do coroutine.wrap(function() coroutine.yield() end)() end",
    "local t <close> = setmetatable({}, { __close = function() while true do end end }) while true do end",
    "local co = coroutine.wrap(function() local t <close> = setmetatable({}, { __close = function() while true do end end }) error('x') end) pcall(co)",
    "local co = coroutine.create(function() local t <close> = setmetatable({}, { __close = function() while true do end end }) coroutine.yield() end) coroutine.resume(co) coroutine.close(co)",
    "local s = string.rep('a', 40) string.find(s, string.rep('a?', 40) .. string.rep('a', 41))",
    "string.find(string.rep('a', 200000), '.-.-.-.-b')",
    "string.find(string.rep('a', 200000), '(.*)(.*)(.*)b')",
    "string.match(string.rep('(', 100000), '%b()%b()%b()x.-.-')  string.gsub(string.rep('a', 100000), '.-.-b', '')",
    "while true do string.find(string.rep('a', 20000), '.-.-b') end",
    "for w in string.gmatch(string.rep('a', 200000), '.-.-.-b') do end",
    "pcall(string.gsub, string.rep('a', 200000), '.-.-.-b', '') return candidates[1]",
    "('').rep('', 1 << 60) string.rep('', 1 << 60) while true do end",
    "table.sort({ 3, 2, 1 }, function() while true do end end)",
    "table.concat(setmetatable({}, { __len = function() return 1 << 30 end, __index = function() return '' end }))",
    "table.insert(setmetatable({}, { __len = function() return 1 << 30 end, __index = type, __newindex = type }), 1, 1)",
    "table.remove(setmetatable({}, { __len = function() return 1 << 30 end, __index = type, __newindex = type }), 1)",
    "table.move(setmetatable({}, { __index = type, __newindex = type }), 1, 1 << 60, 2)",
    "table.sort(setmetatable({}, { __len = function() return (1 << 31) - 2 end, __index = rawequal, __newindex = type }), rawequal)",
    "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k + 1] end while true do pcall(function() return t[1] end) end",
    "local t = {} for i = 1, 100000 do t['k' .. i] = i end while true do for k in next, t do end end",
    "while true do for k in pairs({ a = 1, b = 2 }) do end end",
    "error(setmetatable({}, { __tostring = function() while true do end end }))",
    "while true do tostring(setmetatable({}, { __tostring = function() return 'x' end })) end",
    "while true do sim.log.info('x') end",
    "while true do cluster:argmin(candidates, 'kv_usage') end",
    "local t = {} for i = 1, 3000 do t[i] = candidates[1] end while true do cluster:filter(t, 'id', '==', 7) end",
    "while true do utf8.len(string.rep('é', 10000)) end",
    "while true do string.format('%99.99f', 1e300) end",
    "while true do local x = 1 // 1 | 2 end",
    "for i = math.mininteger, math.maxinteger do end",
    "math = nil while true do end",
  ]

  /// Nothing is timed here: half a minute is what even a crowded machine needs less than, and a hang more.
  @Test(arguments: endless) func loopsEndWithTheirBudget(_ body: String) {
    let clock = ContinuousClock()
    var error: PolicyError?
    let spent = clock.measure { error = HostileTests.run(body) }
    #expect(
      error?.problem == HostileTests.late || error?.problem == HostileTests.full,
      "\(body): \(error?.description ?? "no error")")
    #expect(error?.hook == "route" && error?.subject == "request 17" && error?.line != nil)
    #expect(spent < .seconds(30), "\(body) took \(spent)")
  }

  static let bombs: [String] = [
    "local t = {} while true do t[#t + 1] = {} end",
    "local s = 'x' while true do s = s .. s end",
    "local t = {} while true do t = { t, t } t[3] = string.rep('x', 1000) cluster.params = t end",
    "while true do pcall(string.rep, 'x', 1 << 26) end",
    "pcall(string.rep, 'x', 60 << 20) local keep = string.rep('x', 40 << 20) local more = keep .. keep",
    "local t = {} pcall(function() while true do t[#t + 1] = string.rep('x', 1000) .. #t end end) return candidates[1]",
    "local t = {} for i = 1, 1e9 do t[i] = i end",
    "local co = {} while true do co[#co + 1] = coroutine.create(function() end) end",
    "coroutine.wrap(function() local t = {} while true do t[#t + 1] = {} end end)()",
    "table.concat(setmetatable({}, { __len = function() return 1 << 30 end, __index = tostring }))",
    "local t = {} for i = 1, 100 do t[i] = string.rep('x', 1 << 20) end table.concat(t)",
    "string.gsub(string.rep('x', 1 << 20), '.', string.rep('y', 1000))",
    "string.pack('c' .. (1 << 30), 'x')",
    "local t = table.pack(table.unpack({}, 1, 900000)) local all = {} while true do all[#all + 1] = table.pack(table.unpack({}, 1, 900000)) end",
    "local s = string.rep('a', 30 << 20) return s:upper() .. s:lower() .. s:reverse()",
    "request.data.x = {} local t = request.data.x while true do t[#t + 1] = { t } end",
  ]

  @Test(arguments: bombs) func memoryBombsHitTheLimit(_ body: String) {
    let clock = ContinuousClock()
    var error: PolicyError?
    let spent = clock.measure { error = HostileTests.run(body) }
    let allowed = [
      HostileTests.full, HostileTests.late,
      "the result of string.rep would be larger than the memory of the policy",
      "the cluster is read-only: cannot write 'params'",
    ]
    #expect(allowed.contains(error?.problem ?? ""), "\(body): \(error?.description ?? "no error")")
    #expect(spent < .seconds(30), "\(body) took \(spent)")
  }

  /// With the budgets that users get: a bomb ends by its memory or its time, and cleaning up is quick too.
  @Test(arguments: [0, 1, 3, 7]) func bombsEndSoonWithDefaultBudgets(_ index: Int) {
    let clock = ContinuousClock()
    var error: PolicyError?
    let spent = clock.measure {
      error = HostileTests.run(HostileTests.bombs[index], options: LuaPolicyOptions())
    }
    #expect(
      error != nil && spent < .seconds(30),
      "\(HostileTests.bombs[index]) took \(spent): \(String(describing: error))")
  }

  @Test func memoryErrorsNameTheLine() {
    var options = HostileTests.options
    options.hookTimeout = SimDuration(nanoseconds: 10_000_000_000)
    options.memoryLimit = 8 << 20
    let error = HostileTests.run(
      "local t = {}\nwhile true do\n  t[#t + 1] = { 1, 2, 3, 4 }\nend", options: options)
    #expect(error?.problem == "needs more than its 8 MiB of memory" && error?.line == 4)
    #expect(error?.suggestion == "does a table or a string grow without end?")
  }

  static let refused: [(String, String)] = [
    ("io.open('/etc/passwd')", "'io' is not available to policies"),
    ("os.execute('ls')", "'os' is not available to policies"),
    ("return os.time()", "'os' is not available to policies"),
    ("load('return 1')()", "'load' is not available to policies"),
    ("loadstring('x')", "'loadstring' is not available to policies"),
    ("dofile('x')", "'dofile' is not available to policies"),
    ("loadfile('x')", "'loadfile' is not available to policies"),
    ("debug.getinfo(1)", "'debug' is not available to policies"),
    ("return package.path", "'package' is not available to policies"),
    ("collectgarbage()", "'collectgarbage' is not available to policies"),
    ("return _G.io", "'_G' is not available to policies"),
    ("string.dump(print)", "string.dump is not available to policies"),
    (
      "setmetatable({}, { __gc = function() end })",
      "metatables of policies cannot have __gc: it depends on the garbage collector"
    ),
    (
      "setmetatable({}, { __mode = 'k' })",
      "metatables of policies cannot have __mode: it depends on the garbage collector"
    ),
    ("string.format('%p', {})", "%p is not available to policies"),
    ("getmetatable('').__index = nil", "attempt to index a boolean value"),
    ("getmetatable(request).__index(5, 'x')", "attempt to index a boolean value"),
    ("setmetatable(math, {})", "cannot change a protected metatable"),
    ("math.pie = 3", "math cannot be extended"),
    ("next({ [{}] = 1 })", "cannot walk a table with a table as a key in a fixed order"),
    (
      "for k in pairs({ [print] = 1 }) do end",
      "cannot walk a table with a function as a key in a fixed order"
    ),
    ("for k in pairs(candidates[1]) do end", "pairs cannot walk over instance prefill/0"),
    ("pairs(nil)", "bad argument #1 to 'pairs' (table expected, got nil)"),
    (
      "string.rep('x', 1 << 40)",
      "the result of string.rep would be larger than the memory of the policy"
    ),
    (
      "string.rep('x', -1) string.format('%99999d', 1)",
      "invalid conversion specification: '%99999d'"
    ),
    ("string.format('%d', 'x')", "bad argument #2 to 'format' (number expected, got string)"),
    ("string.format('%d')", "bad argument #2 to 'format' (no value)"),
    ("string.find('a', '[a')", "malformed pattern (missing ']')"),
    ("string.find('a', '%')", "malformed pattern (ends with '%')"),
    ("string.find('a', '(a')", "unfinished capture"),
    ("string.match('a', 'a)')", "invalid pattern capture"),
    ("string.find('a', '%1')", "invalid capture index %1"),
    ("string.find('a', '%f')", "missing '[' after '%f' in pattern"),
    ("string.find('a', '%b')", "malformed pattern (missing arguments to '%b')"),
    ("string.gsub('a', 'a', '%2')", "invalid capture index %2"),
    ("string.gsub('a', 'a', '%x')", "invalid use of '%' in replacement string"),
    ("string.find('a', string.rep('(', 40))", "too many captures"),
    ("string.find(string.rep('a', 400), string.rep('a?', 300))", "pattern too complex"),
    (
      "local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x",
      "'__index' chain too long; possible loop"
    ),
    ("local function f() return pcall(f) end return f()", "route returned true"),
    ("local function f() return string.gsub('x', 'x', f) end f()", "C stack overflow"),
    ("local function f() return coroutine.wrap(f)() end f()", "C stack overflow"),
    (
      "local t = setmetatable({}, {}) getmetatable(t).__concat = function(a) return a .. a end return t .. t",
      "C stack overflow"
    ),
    ("table.sort({ 1, 'x', {} })", "attempt to compare"),
    ("table.concat({ 1, {}, 3 })", "invalid value (at index 2) in table for 'concat': a table"),
    ("table.unpack({}, 1, 1 << 40)", "too many results to unpack"),
    ("utf8.char(1 << 40)", "bad argument #1 to 'char' (value out of range)"),
    ("table.insert({}, 5, 1)", "bad argument #2 to 'insert' (position out of bounds)"),
    ("math.random(2, 1)", "bad argument #2 to 'random' (interval is empty)"),
    ("coroutine.yield()", "attempt to yield from outside a coroutine"),
    ("table.sort({ 2, 1 }, coroutine.yield)", "attempt to yield from outside a coroutine"),
    ("coroutine.resume(3)", "bad argument #1 to 'resume' (thread expected, got number)"),
    ("coroutine.close(coroutine.running())", "cannot close a running coroutine"),
    ("local step = step", "undeclared variable 'step'"),
    ("require('a\\0b')", "module names have letters, digits, _ and - only"),
    ("error(setmetatable({}, { __name = 3 }))", "an error that is a table without __tostring"),
    ("rawset(candidates[1], 'x', 1)", "bad argument #1 to 'rawset' (table expected, got instance)"),
    ("return #cluster", "attempt to get length of a cluster value (local 'cluster')"),
    ("return candidates[1] < candidates[2]", "attempt to compare two instance values"),
    (
      "return candidates[1] .. 'x'",
      "attempt to concatenate a instance value (field 'integer index')"
    ),
    ("candidates[1].estimate_prefill_s(request)", "self is request 17, expected an instance"),
    (
      "candidates[1]:estimate_step_s{ prefill_tokens = 1 << 40 }",
      "prefill_tokens is a number (1099511627776), expected an integer of at least 0"
    ),
  ]

  @Test(arguments: refused) func misuseIsRefused(_ body: String, _ problem: String) {
    let error = HostileTests.run(body, options: HostileTests.patient)
    #expect(
      error != nil && error!.problem.contains(problem),
      "\(body): \(error?.description ?? "no error")")
  }

  @Test func deepRecursionIsAStackOverflow() {
    // A full stack of Lua 5.4 takes about 100 MiB while it grows.
    var roomy = HostileTests.patient
    roomy.memoryLimit = 256 << 20
    let error = HostileTests.run("local function f() return 1 + f() end f()", options: roomy)
    #expect(error?.problem.hasPrefix("stack overflow") == true && error?.line == 2)
    #expect(error?.traceback.count ?? 0 > 10 && error?.traceback.count ?? 0 < 30)
  }

  @Test func loadingIsUnderTheSameBudgets() {
    var error = policyError {
      _ = try load("local x = 1\nwhile true do end", options: HostileTests.options)
    }
    #expect(error?.problem == HostileTests.late && error?.line == 2)
    error = policyError {
      _ = try load(
        "local t = {}\nwhile true do t[#t + 1] = {} end", options: HostileTests.patient)
    }
    #expect(error?.problem == HostileTests.full)
    _ = write("while true do end", as: "spin.lua", in: "spinning")
    let file = write("local x = require 'spin'", as: "main.lua", in: "spinning")
    error = policyError { _ = try LuaPolicy.load(files: [file], options: HostileTests.options) }
    #expect(error?.file.hasSuffix("spin.lua") == true && error?.problem == HostileTests.late)
    error = policyError {
      _ = try load(String(repeating: "(", count: 5000), options: HostileTests.options)
    }
    #expect(error?.problem.contains("overflow") == true)
    error = policyError {
      _ = try load("x = " + String(repeating: "{", count: 5000), options: HostileTests.options)
    }
    #expect(error?.problem.contains("overflow") == true)
    error = policyError {
      _ = try load(String(repeating: "a", count: 5 << 20), options: HostileTests.options)
    }
    #expect(error?.problem == "is larger than 4 MiB, which no policy is")
  }

  @Test func instructionBudgetsAreExactAndReproducible() {
    var options = LuaPolicyOptions()
    options.maxInstructions = 100_000
    let problem = "used more than 100000 instructions in one call"
    for body in [
      "while true do end",
      "pcall(function() while true do end end) return candidates[1]",
      "while true do coroutine.wrap(function() local x = 1 end)() end",
      "string.find(string.rep('a', 100000), '.-.-.-b')",
      "table.sort({}, nil) local t = {} for i = 1, 30000 do t[i] = i end table.sort(t)",
    ] {
      let error = HostileTests.run(body, options: options)
      #expect(error?.problem == problem, "\(body): \(error?.description ?? "no error")")
    }
    // A loop of 4 instructions: 20,000 rounds fit, and how far an endless one comes is the same each time.
    #expect(HostileTests.run("for i = 1, 20000 do end return nil", options: options) == nil)
    func reach() -> Int? {
      let cluster = FakeCluster.split()
      let request = cluster.addRequest(0)
      final class Reached { var text = "" }
      let reached = Reached()
      options.onLog = { reached.text = $0.text }
      _ = policyError {
        var policy = try router(
          "for i = 1, math.huge do if i % 5000 == 0 then sim.note(i) end end", options: options)
        _ = try policy.ask(cluster, request)
      }
      return Int(reached.text)
    }
    #expect(reach() != nil && reach() == reach())
  }

  @Test func aPolicyCanBeAskedAgainAfterAnError() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    var policy = try load(
      """
      local calls = 0
      local worker = coroutine.wrap(function() while true do coroutine.yield() end end)
      return { api = 1, route = function(request, candidates)
        calls = calls + 1
        worker()
        if calls == 1 then while true do end end
        if calls == 2 then error("x") end
        for i = 1, 1000 do worker() end
        return candidates[1]
      end }
      """, options: HostileTests.options)
    #expect(policyError { _ = try policy.ask(cluster, request) }?.problem == HostileTests.late)
    #expect(policyError { _ = try policy.ask(cluster, request) }?.problem == "x")
    #expect(try policy.ask(cluster, request) == 0)
  }

  @Test func machinesOfManyThreadsAreStoppedIndependently() async {
    await withTaskGroup(of: PolicyError?.self) { group in
      for _ in 0..<4 { group.addTask { HostileTests.run("while true do end") } }
      for await error in group { #expect(error?.problem == HostileTests.late) }
    }
  }

  /// Bundled policies with random damage either work, or raise one error with a message. They never crash or hang.
  @Test func damagedPoliciesEndInAnAnswerOrAnError() throws {
    var options = LuaPolicyOptions()
    options.maxInstructions = 100_000
    options.memoryLimit = 16 << 20
    let texts = try BundledPolicyTests.names.map {
      Array(
        try String(contentsOfFile: "\(BundledPolicyTests.folder)/\($0).lua", encoding: .utf8).utf8)
    }
    let tokens = [
      "nil", "request", "cluster", "step", "{}", "#", "..", "-1", "1e308", "pcall", "while true do",
      "end", "(", "'%b('",
    ]
    for seed in 0..<400 as Range<UInt64> {
      var random = RandomStream(seed: seed, name: "damage")
      var text = texts[random.nextIndex(below: texts.count)]
      for _ in 0...random.nextIndex(below: 4) {
        let at = random.nextIndex(below: text.count)
        switch random.nextIndex(below: 3) {
        case 0: text[at] = UInt8(random.nextIndex(below: 256))
        case 1: text.removeSubrange(at..<min(text.count, at + 1 + random.nextIndex(below: 9)))
        default:
          text.insert(
            contentsOf: Array(" \(tokens[random.nextIndex(below: tokens.count)]) ".utf8), at: at)
        }
      }
      let cluster = FakeCluster.split()
      let request = cluster.addRequest(0)
      cluster.waitingQueues[0] = [request]
      let file = scratchFolder + "/damaged.lua"
      _ = FileManager.default.createFile(atPath: file, contents: Data(text))
      let error = policyError {
        var policy = try LuaPolicy.load(files: [file], options: options)
        if policy.hooks.contains(.initialize) { try policy.initialize(cluster) }
        for _ in 0..<3 {
          if policy.hooks.contains(.admit) { _ = try policy.admit(request, cluster) }
          if policy.hooks.contains(.route) { _ = try policy.ask(cluster, request) }
          if policy.hooks.contains(.batch) {
            _ = try policy.batch(InstanceID(0), FakeStep(cluster, InstanceID(0)))
          }
        }
      }
      if let error {
        #expect(error.file == file && !error.problem.isEmpty, "seed \(seed): \(error)")
      }
    }
  }
}
