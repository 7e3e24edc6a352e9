import Engine
import Foundation
import Testing

/// `simhost policy test`: specs on clusters made by hand.
@Suite struct SpecTests {
  static let policy = """
    local seen = 0
    return {
      api = 1,
      params = { limit = { type = "integer", default = 2, min = 1, max = 9 }, way = { type = "string", default = "a", choices = { "a", "b" } } },
      init = function(cluster) return { started = cluster.now_s } end,
      admit = function(request, cluster)
        if cluster.gateway_waiting > 3 then return false, "full" end
        if request.prompt_tokens > 1000 then return "defer", 0.5 end
        return true
      end,
      route = function(request, candidates, cluster)
        seen = seen + 1
        request.data.seen = seen
        if #candidates < cluster.params.limit then return nil end
        return cluster:argmax(candidates, "kv_free_tokens")
      end,
      batch = function(instance, step)
        if instance.waiting_count == 0 then return { order = "sjf", max_num_seqs = 3 } end
        step:decode_all()
        for _, request in ipairs(instance.waiting) do
          local room = step.budget - step.tokens
          if room > 0 then step:prefill(request, math.min(request.remaining_prompt_tokens, room)) end
        end
      end,
      on_finish = function(request, cluster) cluster.state.last = request.id end,
    }
    """

  /// Outcomes of the one test whose body is `body`.
  private func run(_ body: String, policy: String = policy) throws -> [PolicySpec.Outcome] {
    let folder = UUID().uuidString
    _ = write(policy, as: "policy.lua", in: folder)
    let text = """
      local function make(more)
        local description = { policy = "policy.lua", instances = { { role = "prefill" }, { role = "prefill" }, { role = "decode" } } }
        for name, value in pairs(more or {}) do description[name] = value end
        return cluster(description)
      end
      describe("group", function() it("test", function()
      \(body)
      end) end)
      """
    var options = LuaPolicyOptions()
    options.hookTimeout = SimDuration(nanoseconds: 1_000_000_000)
    options.memoryLimit = 8 << 20
    return try PolicySpec(file: write(text, as: "policy_spec.lua", in: folder), options: options)
      .run()
  }

  static let passing: [String] = [
    "local c = make() expect(c:route(c:request())):is(c.prefill[1])",
    "local c = make() c:change(c.prefill[1], { kv_usage = 0.5 }) expect(c:route(c:request())):is(c.prefill[2])",
    "local c = make { params = { limit = 3 } } expect(c:route(c:request())):is_nil()",
    "local c = make() expect(c:route(c:request(), { c.prefill[2] })):is(nil)",
    "local c = make() local r = c:request { generated_tokens = 1, prompt_tokens = 5 } expect(c:route_decode(r, { c.decode[1], c.prefill[1] })):is(c.decode[1])",
    "local c = make() expect({ c:admit(c:request { prompt_tokens = 2000 }) }):equals { 'defer', 0.5 }",
    "local c = make { gateway_waiting = 4 } expect({ c:admit(c:request()) }):equals { false, 'full' }",
    "local c = make { now_s = 1.5 } expect(c.state.started):is(1.5) c:advance(2) expect(c.now_s):near(3.5)",
    "local c = make() local r = c:request() c:route(r) expect(r.data.seen):is(1)",
    "local c = make() local r = c:request() c:on_finish(r) c:finish(r) expect(c.state.last):is(0)",
    "local c = make() local r = c:request { session_id = 's', prompt_tokens = 7 } expect(r.session_id):is('s') expect(r.waited_s):is(0)",
    "local c = make() local r = c:request { prompt_tokens = 7 } c:place(r, c.prefill[1]) expect(c.prefill[1].waiting):equals { r } expect(c.prefill[1].waiting_prompt_tokens):is(7) expect(r.prefill_instance):is(c.prefill[1])",
    """
    local c = make { instances = { { block_size = 10, kv_capacity_tokens = 100, max_num_batched_tokens = 30,
      running = { { prompt_tokens = 9, generated_tokens = 1 } }, waiting = { { prompt_tokens = 50 }, { prompt_tokens = 5 } } } } }
    local plan = c:batch(c.instances[1])
    expect(plan.tokens):equals { 1, 29 }
    expect(plan.scheduled):equals(c.instances[1].running)
    expect(c.instances[1].running_count):is(2)
    """,
    "local c = make() expect(c:batch(c.decode[1]).limits):equals { order = 'sjf', max_num_seqs = 3, prefill_first = false }",
    "local c = make { instances = { { prefix_hit_tokens = function(r) return r.prompt_tokens // 2 end, transfer_s = 0.25 } } } local r = c:request { prompt_tokens = 8 } expect(c.mixed[1]:prefix_hit_tokens(r)):is(4) expect(c.mixed[1]:transfer_s(r, c.mixed[1])):is(0.25) expect(c.mixed[1]:estimate_prefill_s(r)):is(0)",
    "expect('abc'):contains('b') expect({ 1, 2 }):contains(2) expect(2):above(1) expect(1):below(2) expect(1):is_not(2) expect(function() error('no way') end):fails('no way')",
    "local c = make() expect(c:has('route')):is(true) expect(c:has('done')):is(false)",
    "local c = make { oracle = true } expect(c:request { output_tokens = 9 }.output_tokens):is(9)",
  ]

  @Test(arguments: passing) func whatHoldsPasses(_ body: String) throws {
    let outcomes = try run(body)
    #expect(outcomes.map(\.name) == ["group test"])
    #expect(outcomes[0].failure == nil, "\(String(describing: outcomes[0].failure))")
  }

  static let failing: [(String, String)] = [
    ("expect(1):is(2)", "expected a number (2), found a number (1)"),
    ("expect({ 1, { x = 2 } }):equals({ 1, { x = 3 } })", "{ a number (1), { x = a number (2) } }"),
    ("expect(nil):is(false)", "expected false, found nil"),
    ("expect(0.1 + 0.2):is(0.3)", "expected a number (0.3)"),
    ("expect(0 / 0):near(1)", "within"), ("expect({}):contains(1)", "a list with"),
    ("expect(function() end):fails()", "expected an error, found none"),
    ("expect(function() error('a') end):fails('b')", "an error with \"b\""),
    ("expect(1):was(1)", "expect has no 'was'"),
    ("make { policies = 1 }", "cannot be given 'policies'"),
    ("make { instances = {} }", "the cluster has 0 instances"),
    ("make { instances = { { rol = 'mixed' } } }", "did you mean 'role'?"),
    ("make { instances = { { role = 'mix' } } }", "role is a string (\"mix\")"),
    ("make { instances = { { kv_used_tokens = -1 } } }", "expected an integer of at least 0"),
    ("make { instances = { { kv_usage = 'x' } } }", "expected a number"),
    ("make { instances = { { waiting = 3 } } }", "waiting is no list"),
    ("make { instances = { { waiting = { 3 } } } }", "a request is a number (3)"),
    ("make { instances = { { busy = 1 } } }", "expected true or false"),
    ("make { instances = { { block_size = 0 } } }", "block_size is 0"),
    ("make { instances = { 7 } }", "an instance is a number (7)"),
    ("make { params = { limit = 10 } }", "out of its range"),
    ("make { params = { limit = 1.5 } }", "cannot be a number (1.5)"),
    ("make { params = { way = 'c' } }", "cannot be a string (\"c\")"),
    ("make { params = { none = 1 } }", "no parameter 'none'"),
    ("make { policy = 'none.lua' }", "cannot be read"), ("make() make()", "a test has one cluster"),
    ("make():done()", "the cluster has no field 'done'"),
    ("local c = make() c:on_first_token(c:request())", "the policy has no hook 'on_first_token'"),
    ("local c = make() c:route(3)", "the request is a number (3), expected a request"),
    ("local c = make() c:route(c:request(), { 3 })", "a candidate is a number (3)"),
    ("local c = make() c:change(c.prefill[1], { role = 'decode' })", "never changes"),
    ("local c = make() c:request { id = 3 }", "cannot be given 'id'"),
    ("local c = make() local r = c:request() c:finish(r) return r.stage", "ended at"),
    ("local c = make() c:advance(-1)", "time does not go back"),
    ("local c = make() local x = c:request().output_tokens", "hidden"),
    ("while true do end", "ran for more than 1"),
    ("local s = {} while true do s[#s + 1] = ('x'):rep(1 << 20) end", "memory"),
    ("error({})", "a table without __tostring"), ("coroutine.yield()", "yield"),
    (
      "local c = make { instances = { { prefix_hit_tokens = function() return 'x' end } } } c.mixed[1]:prefix_hit_tokens(c:request())",
      "prefix_hit_tokens is a string"
    ),
    (
      "local c c = make { instances = { { waiting = { {} }, prefix_hit_tokens = function() c:batch(c.mixed[1]) return 0 end } } } c:route(c:request())",
      "a hook is running"
    ),
    ("io.open('x')", "'io' is not available"),
  ]

  @Test(arguments: failing) func whatDoesNotHoldFails(_ body: String, _ words: String) throws {
    let hitting = """
      return { api = 1, params = { limit = { type = "integer", default = 2, min = 1, max = 9 },
          way = { type = "string", default = "a", choices = { "a", "b" } } },
        route = function(request, candidates) return candidates[1]:prefix_hit_tokens(request) > 0 and candidates[1] or nil end,
        batch = function() end }
      """
    let outcome = try run(body, policy: hitting)[0]
    #expect(outcome.failure?.description.contains(words) == true, "\(outcome)")
    #expect(outcome.failure?.line != nil || words == "cannot be read", "\(outcome)")
  }

  @Test func testsShareNothing() throws {
    let folder = UUID().uuidString
    _ = write(SpecTests.policy, as: "policy.lua", in: folder)
    let test = """
      local c = cluster { policy = "policy.lua", instances = { {} } }
        local r = c:request() c:route(r) expect(r.data.seen):is(1)
      """
    let spec = write(
      "it('a', function() \(test) end) it('b', function() \(test) end)", as: "x_spec.lua",
      in: folder)
    let outcomes = try PolicySpec(file: spec).run()
    #expect(outcomes.map(\.name) == ["a", "b"] && outcomes.allSatisfy { $0.failure == nil })
  }

  @Test func wrongFilesAreErrors() {
    #expect(throws: PolicyError.self) { try PolicySpec(file: "/none_spec.lua").run() }
    for text in ["it(", "it('x')", "describe('x')", "while true do end", "error()", "\u{1B}Lua"] {
      var options = LuaPolicyOptions()
      options.hookTimeout = SimDuration(nanoseconds: 100_000_000)
      let spec = PolicySpec(file: write(text, as: "x_spec.lua"), options: options)
      #expect(throws: PolicyError.self, "\(text)") { try spec.run() }
    }
  }

  /// The specs of the bundled policies.
  @Test func bundledSpecsPass() throws {
    let folder = BundledPolicyTests.folder
    let names = (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? [])
      .filter { $0.hasSuffix("_spec.lua") }.sorted()
    #expect(names.contains("least_kv_spec.lua"))
    var options = LuaPolicyOptions()
    options.libraryFolder = folder + "/lib"
    for name in names {
      let outcomes = try PolicySpec(file: "\(folder)/\(name)", options: options).run()
      #expect(!outcomes.isEmpty)
      for outcome in outcomes {
        #expect(outcome.failure == nil, "\(name): \(outcome.name): \(outcome.failure!)")
      }
    }
  }
}
