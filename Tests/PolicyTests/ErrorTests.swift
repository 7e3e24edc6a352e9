import Engine
import Testing

/// Mistakes that people make, and the words that they get back.
@Suite struct ErrorTests {
  /// The error of a policy text while loading.
  private func loading(_ text: String) -> PolicyError? {
    policyError { _ = try load(text) }
  }

  /// The error of a `route` with this body, asked about request 17 at 2.5 s.
  private func routing(_ body: String) -> PolicyError? {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(17)
    return policyError {
      var policy = try router(body)
      _ = try policy.ask(cluster, request)
    }
  }

  @Test func syntaxErrorsNameTheLineAndOftenTheCure() {
    let error = loading(
      "return {\n  api = 1,\n  route = function(r, c)\n    if r != 1 then return c[1] end\n  end,\n}"
    )
    #expect(error?.line == 4)
    #expect(error?.problem == "'then' expected near '!'")
    #expect(error?.suggestion == "not equal is ~= and negation is `not`")
    #expect(error?.file.hasSuffix("policy.lua") == true)
    #expect(error?.hook == nil)
    #expect(loading("local x = \nreturn {}")?.line == 2)
    #expect(loading("x += 1")?.suggestion == "there is no += or ++; write x = x + 1")
    #expect(
      loading("return { api = 1\n name = 'x' }")?.suggestion
        == "is a comma missing after the entry before?")
  }

  @Test func longPathsStayWhole() {
    let folder = String(repeating: "deep/", count: 30) + "end"
    let file = write(
      "return { api = 1, route = function()\n  error('no')\nend }", as: "p.lua", in: folder)
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    let error = policyError {
      var policy = try LuaPolicy.load(files: [file])
      _ = try policy.ask(cluster, request)
    }
    #expect(error?.file == file && error?.line == 2 && error?.problem == "no")
  }

  @Test func filesThatAreNotPoliciesAreNamed() {
    var error = policyError { _ = try LuaPolicy.load(files: ["/nowhere/policy.lua"]) }
    #expect(error?.description == "/nowhere/policy.lua: cannot be read: No such file or directory")
    error = policyError { _ = try LuaPolicy.load(files: [scratchFolder]) }
    #expect(error?.problem == "cannot be read: Is a directory")
    #expect(loading("")?.problem == "the file returned nil, expected a table")
    #expect(loading("return 3")?.problem == "the file returned a number (3), expected a table")
    #expect(loading("\u{1B}Lua")?.problem == "is compiled bytecode, which can break the machine")
    #expect(
      loading("return {}")?.problem == "the policy does not say which contract it is written for")
    #expect(
      loading("return {\n api = 2 }")?.description.contains("policy.lua:2: api is a number (2)")
        == true)
  }

  @Test func wrongNamesInThePolicyTableSayWhatWasMeant() {
    let error = loading("return { api = 1,\n  rout = function() end }")
    #expect(error?.problem == "a policy has no 'rout'" && error?.line == 2)
    #expect(error?.suggestion == "did you mean 'route'?")
    #expect(
      loading("return { api = 1, on_finished = 1 }")?.suggestion == "did you mean 'on_finish'?")
    #expect(
      loading("return { api = 1, [1] = 2 }")?.problem
        == "the policy table has a number (1) as a key")
    #expect(
      loading("return { api = 1, route = 'x' }")?.problem
        == "route is a string (\"x\"), expected a function")
    #expect(
      loading("return { api = 1, gateway_scan = 1 }")?.problem
        == "gateway_scan is a number (1), expected true or false")
  }

  @Test func ticksNeedAnInterval() {
    #expect(
      loading("return { api = 1, tick = function() end }")?.problem
        == "tick is there without tick_interval_s")
    #expect(
      loading("return { api = 1, tick_interval_s = 1 }")?.problem
        == "tick_interval_s is there without tick")
    for wrong in ["0", "-1", "1e-9", "1e300", "0/0", "'1'", "true", "{}"] {
      let text = "return { api = 1, tick = function() end, tick_interval_s = \(wrong) }"
      #expect(
        loading(text)?.problem.contains("expected seconds from 0.001 to 1e9") == true, "\(wrong)")
    }
  }

  @Test func wrongParameterDeclarationsAreRefused() {
    func params(_ entry: String) -> PolicyError? {
      loading("return { api = 1, params = {\n x = \(entry) } }")
    }
    #expect(
      params("3")?.problem
        == "parameter 'x': it is a number (3), expected a table such as { type = \"number\", default = 1 }"
    )
    #expect(
      params("{ default = 3 }")?.problem
        == "parameter 'x': type is nil, expected \"number\", \"integer\", \"string\" or \"boolean\""
    )
    #expect(params("{ type = 'number' }")?.problem == "parameter 'x' has no default")
    #expect(
      params("{ type = 'integer', default = 1.5 }")?.problem
        == "parameter 'x': default is a number (1.5), expected an integer")
    #expect(
      params("{ type = 'number', default = 1, maximum = 2 }")?.suggestion == "did you mean 'max'?")
    #expect(
      params("{ type = 'number', default = 3, max = 2 }")?.problem
        == "parameter 'x': default is 3.0, expected a number of at most 2")
    #expect(params("{ type = 'number', default = 3 }") == nil)
    #expect(params("{ type = 'boolean', default = true, min = 0 }")?.line == 2)
  }

  @Test func wrongAnswersOfRouteSayWhatWasExpected() {
    let error = routing("return 2")
    #expect(error?.problem == "route returned a number (2), expected one of the candidates or nil")
    #expect(error?.suggestion == "return candidates[2]?")
    #expect(
      error?.hook == "route" && error?.subject == "request 17"
        && error?.time == SimTime(nanoseconds: 2_500_000_000))
    #expect(error?.line == 1)
    #expect(routing("return 3")?.suggestion == nil)
    #expect(
      routing("return candidates[1].name")?.suggestion
        == "return the candidate itself, not its name")
    #expect(routing("return candidates")?.suggestion == "return one of them, not a list")
    #expect(
      routing("return false")?.problem
        == "route returned false, expected one of the candidates or nil")
    #expect(
      routing("return request")?.problem
        == "route returned request 17, expected one of the candidates or nil")
    #expect(
      routing("return cluster.decode[1]")?.problem
        == "route returned instance decode/0, which is not among the 2 candidates")
    #expect(
      routing("return candidates[1], 'decode/0'")?.problem
        == "route returned a string (\"decode/0\") as the second value, expected an instance that decodes or nil"
    )
  }

  @Test func wrongAnswersOfOtherHooksSayWhatWasExpected() {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(17)
    func admitting(_ answer: String) -> String? {
      policyError {
        var policy = try load("return { api = 1, admit = function() return \(answer) end }")
        _ = try policy.admit(request, cluster)
      }?.problem
    }
    #expect(admitting("") == "admit returned nil")
    #expect(admitting("'defer'") == "admit deferred by nil, expected seconds above 0")
    #expect(admitting("'defer', -1") == "admit deferred by a number (-1), expected seconds above 0")
    #expect(admitting("'defer', 0/0") != nil)
    #expect(
      admitting("'defer', 1e300") == "admit deferred by a number (1e+300), expected seconds above 0"
    )
    #expect(admitting("false, 3") == "admit gave a number (3) as the reason, expected a string")
    #expect(admitting("'delay', 3") == "admit returned a string (\"delay\")")
    func ending(_ answer: String) -> String? {
      policyError {
        var policy = try load("return { api = 1, done = function(s) return \(answer) end }")
        _ = try policy.done(PolicySummary(), cluster)
      }?.problem
    }
    let prefix = "done returned a table that JSON cannot hold: "
    #expect(ending("3") == "done returned a number (3), expected nothing or a table")
    #expect(ending("{ a = { b = 0/0 } }") == prefix + "a.b is not a number (NaN)")
    #expect(ending("{ 1, math.huge }") == prefix + "[2] is infinite")
    #expect(ending("{ f = print }") == prefix + "f is a function")
    #expect(ending("{ 1, 2, x = 3 }") == prefix + "[3] mixes a list with names or has gaps")
    #expect(
      ending("(function() local t = {} t.t = t return t end)()")?.hasSuffix(
        "is nested deeper than 32, or contains itself") == true)
    #expect(ending("{ s = '\\xff' }") == prefix + "s holds text that is not UTF-8")
    #expect(ending("{ s = s }") == prefix + "s is a read-only table")
    let initial = policyError {
      var policy = try load("return { api = 1, init = function() return 3 end }")
      try policy.initialize(cluster)
    }
    #expect(
      initial?.problem == "init returned a number (3), expected nothing or the policy's state table"
    )
    #expect(initial?.subject == nil)
  }

  @Test func unknownFieldsSayWhatWasMeant() {
    var error = routing("return candidates[1].kv_usge")
    #expect(error?.problem == "an instance has no field 'kv_usge'")
    #expect(error?.suggestion == "did you mean 'kv_usage'?" && error?.line == 2)
    #expect(routing("return request.promt_tokens")?.suggestion == "did you mean 'prompt_tokens'?")
    #expect(routing("return cluster.instnces")?.suggestion == "did you mean 'instances'?")
    #expect(routing("return cluster.params.x")?.problem == "params has no 'x'")
    #expect(routing("return candidates[1][1]")?.problem == "an instance has no field '1'")
    #expect(routing("return candidates[1].state") != nil)
    #expect(
      routing("return cluster:link(1, 2)")?.problem
        == "link: the first argument is a number (1), expected an instance")
    error = routing("request.priority = 3")
    #expect(error?.problem == "request 17 is read-only: cannot write 'priority'")
    #expect(error?.suggestion == "keep values of your own in request.data.priority")
    #expect(
      routing("candidates[1].busy = true")?.problem
        == "instance prefill/0 is read-only: cannot write 'busy'")
    #expect(routing("cluster.params.x = 1")?.problem == "params is read-only: cannot write 'x'")
    #expect(
      routing("return cluster:argmin(candidates, 'kv_usag')")?.suggestion
        == "did you mean 'kv_usage'?")
    #expect(
      routing("return cluster:argmin(candidates, 'name')")?.problem
        == "argmin: 'name' is not a number")
    #expect(
      routing("return cluster:argmin({ 1 }, 'id')")?.problem
        == "argmin: the list holds a number (1), expected instances, requests or prefixes")
    for (list, shown) in [("5", "a number (5)"), ("nil", "nil"), ("true", "true")] {
      #expect(
        routing("local _ = candidates[1] return cluster:argmin(\(list), 'id')")?.problem
          == "argmin: the list is \(shown), expected an array of instances, requests or prefixes")
    }
    #expect(
      routing("return candidates[1]:estimate_step_s{ prefill_token = 1 }")?.suggestion
        == "did you mean 'prefill_tokens'?")
    #expect(
      routing("return candidates[1]:prefix_hit_tokens(3)")?.problem
        == "prefix_hit_tokens: the request is a number (3), expected a request")
  }

  @Test(arguments: [
    "return 1 + request", "return -request", "return request .. ''", "return request < 3",
    "return #request", "return request()",
  ])
  func operatorsOnRequestsAreErrors(code: String) {
    let error = routing(code)
    #expect(error?.problem == "request 17 is no number, text, list or function")
    #expect(error?.suggestion == "use one of its fields, such as request.id")
  }

  @Test func undeclaredVariablesAreErrors() {
    var error = routing("count = 1")
    #expect(error?.problem == "'count' is not declared: policies cannot create global variables")
    #expect(error?.suggestion == "write local count = ..." && error?.line == 2)
    error = routing("return candidate[1]")
    #expect(error?.problem == "undeclared variable 'candidate'")
    #expect(routing("return mth.floor(1)")?.suggestion == "did you mean 'math'?")
    #expect(routing("return math.flor(1)")?.suggestion == "did you mean math.floor?")
    #expect(routing("return sim.log.inf('x')")?.suggestion == "did you mean sim.log.info?")
  }

  @Test func runtimeErrorsKeepTheirTraceback() {
    let error = routing(
      """
      local function inner(t) return t.x.y end
      local function middle(t) local r = inner(t) return r end
      local r = middle({})
      return r
      """)
    #expect(error?.problem == "attempt to index a nil value (field 'x')" && error?.line == 2)
    #expect(error?.traceback.count == 3)
    #expect(error?.traceback.first?.contains("policy.lua:2: in upvalue 'inner'") == true)
    #expect(error?.traceback.last?.contains("policy.lua:4: in function <") == true)
    #expect(
      error?.description.contains(
        "policy.lua:2: in route at 2.5 s for request 17: attempt to index") == true)
  }

  @Test func errorObjectsOfAnyTypeAreTold() {
    #expect(routing("error('plain', 0)")?.problem == "plain")
    #expect(routing("error('plain', 0)")?.line == 2)
    #expect(routing("error(nil)")?.problem == "an error without a value (error(nil))")
    #expect(routing("error()")?.problem == "an error without a value (error(nil))")
    #expect(routing("error({})")?.problem == "an error that is a table without __tostring")
    #expect(
      routing("error(setmetatable({}, { __tostring = function() return 'told' end }))")?.problem
        == "told")
    #expect(
      routing("error(setmetatable({}, { __tostring = function() return {} end }))")?.problem
        == "an error whose __tostring failed")
    #expect(
      routing("error(setmetatable({}, { __tostring = function() error({}) end }))")?.problem
        == "an error whose __tostring failed")
    #expect(
      routing("error(setmetatable({}, { __tostring = function(t) return tostring(t) end }))")?
        .problem == "an error whose __tostring failed")
    #expect(routing("error(request)")?.problem == "request 17")
    #expect(routing("error(print)")?.problem == "function")
    #expect(routing("error(3)")?.problem == "3")
    #expect(routing("error(true)")?.problem == "true")
    #expect(routing("error(coroutine.create(print))")?.problem == "thread")
    #expect(routing("error(string.rep('x', 5000))")?.problem.count ?? 0 < 2100)
    #expect(
      routing("error('a\\0b\\27[31mc')")?.problem == "a b [31mc"
        || routing("error('a\\0b\\27[31mc')")?.problem == "a")
    #expect(routing("error('\\xff\\xfe')") != nil)
  }

  @Test func errorsInsideModulesNameTheModule() {
    let folder = "modules"
    _ = write(
      "local m = {}\nfunction m.pick(c)\n  return c[1].kv_usag\nend\nreturn m", as: "picking.lua",
      in: folder)
    _ = write("return {", as: "broken.lua", in: folder)
    _ = write("return require 'loop'", as: "loop.lua", in: folder)
    func run(_ text: String) -> PolicyError? {
      let cluster = FakeCluster.split()
      let request = cluster.addRequest(0)
      return policyError {
        var policy = try LuaPolicy.load(files: [write(text, as: "main.lua", in: folder)])
        _ = try policy.ask(cluster, request)
      }
    }
    let text =
      "local m = require 'picking'\nreturn { api = 1, route = function(r, c) local x = m.pick(c) return x end }"
    var error = run(text)
    #expect(error?.file.hasSuffix("modules/picking.lua") == true && error?.line == 3)
    #expect(error?.suggestion == "did you mean 'kv_usage'?")
    error = run("\nlocal m = require 'broken'")
    #expect(error?.file.hasSuffix("modules/broken.lua") == true && error?.line == 1)
    error = run("require 'loop'")
    #expect(error?.problem == "module 'loop' requires itself, directly or through others")
    error = run("require '../picking'")
    #expect(error?.problem == "module names have letters, digits, _ and - only")
    error = run("require 'absent'")
    #expect(error?.problem == "no module 'absent'")
  }

  @Test func modulesComeFromThePolicyFolderThenTheLibrary() throws {
    _ = write("return { 1 }", as: "shared.lua", in: "library")
    _ = write("return { 2 }", as: "other.lua", in: "library")
    _ = write("return { 3 }", as: "other.lua", in: "own")
    let file = write(
      "local a, b = require 'shared', require 'other'\nassert(a == require 'shared')\nreturn { api = 1, done = function() return { a[1], b[1] } end }",
      as: "main.lua", in: "own")
    var options = LuaPolicyOptions()
    options.libraryFolder = scratchFolder + "/library"
    var policy = try LuaPolicy.load(files: [file], options: options)
    #expect(try policy.done(PolicySummary(), FakeCluster.split()) == "[1,3]")
  }
}
