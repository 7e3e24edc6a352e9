import Foundation
import Testing

@testable import Engine

/// Hundreds of policies that mean harm, one for each hook and attack, each in a whole run.
///
/// A run ends with a policy error (exit code 3) or with a result that keeps the laws; twice the same. Budgets are counts of
/// instructions and bytes, so that this holds on a machine however busy.
@Suite struct HostileRunTests {
  static let hooks = [
    "init", "admit", "route", "route_decode", "batch", "preempt", "tick", "on_first_token",
    "on_finish", "on_reject", "on_preempt", "on_transfer", "done", "evict",
  ]

  /// Ends in an error whatever the hook.
  static let fatal: [String] = [
    // Loops, in the open, behind pcall, in a coroutine, in a comparison, in a pattern.
    "while true do end",
    "while true do pcall(error) end",
    "pcall(function() while true do end end)",
    "coroutine.wrap(function() while true do pcall(function() while true do end end) end end)()",
    "table.sort({ 3, 2, 1 }, function() while true do end end)",
    "string.find(string.rep('a', 100000), '.-.-.-b')",
    "error(setmetatable({}, { __tostring = function() while true do end end }))",
    // Memory.
    "local t = {} while true do t[#t + 1] = string.rep('x', 65536) .. #t end",
    "while true do pcall(function() local s = 'x' while true do s = s .. s end end) end",
    "local co = {} while true do co[#co + 1] = coroutine.create(function() end) end",
    // Recursion.
    "local function f() return 1 + f() end f()",
    "local function f() return string.gsub('x', 'x', f) end f()",
    "local function f() return coroutine.wrap(f)() end f()",
    // Error objects of every type.
    "error()", "error(nil)", "error(false)", "error(42)", "error('reached')", "error({})",
    "error(print)", "error(coroutine.create(print))", "error(cluster)", "error(args[1])",
    "error('a\\0b\\255\\27[2J')", "error(string.rep('x', 1 << 20))",
    "error(setmetatable({}, { __tostring = function() error('again') end }))",
    "error(setmetatable({}, { __tostring = function() return {} end }))",
    "error(setmetatable({}, { __name = cluster }))",
    "local e = setmetatable({}, {}) getmetatable(e).__tostring = function() return tostring(e) end error(e)",
    "local t <close> = setmetatable({}, { __close = function() error('closing') end }) error('x')",
    // Yields from a hook.
    "coroutine.yield()",
    "table.sort({ 2, 1 }, coroutine.yield)",
  ]

  /// Ends in an error or does no harm.
  static let others: [String] = [
    // Answers of every type.
    "do return 7 end", "do return 'x' end", "do return {} end", "do return false end",
    "do return print end", "do return cluster end", "do return args[1] end",
    "do return 0/0 end", "do return -1e308, 1e308 end", "do return 'defer', 1e300 end",
    "do return 'defer', -1 end", "do return false, {} end", "do return cluster.instances end",
    "do return cluster.instances[1], cluster.instances[1], 3 end",
    "do return coroutine.create(print) end", "do return setmetatable({}, { __index = error }) end",
    "do return { max_num_seqs = -1, order = error, chunk_tokens = 0/0 } end",
    "do return { order = function() error('order') end } end",
    "do return { max_num_batched_tokens = 1 << 62, prefill_first = 1 } end",
    "do return table.unpack({}, 1, 200) end",
    // Metatables and raw access on every view.
    "for i = 1, args.n do pcall(setmetatable, args[i], { __index = error }) end",
    "for i = 1, args.n do local m = getmetatable(args[i]) if m then m.__index = error end end",
    "for i = 1, args.n do pcall(rawset, args[i], 'x', 1) pcall(rawget, args[i], 'id') pcall(rawlen, args[i]) end",
    "for i = 1, args.n do pcall(next, args[i]) pcall(pairs, args[i]) pcall(ipairs, args[i]) pcall(table.sort, args[i]) end",
    "for i = 1, args.n do pcall(function() args[i].x = 1 end) pcall(function() args[i].id = nil end) end",
    "for i = 1, args.n do local v = args[i] pcall(function() return v .. v end) pcall(function() return v < v end) pcall(function() return v() end) pcall(function() return -v end) pcall(function() return #v end) end",
    "for i = 1, args.n do for j = 1, args.n do pcall(function() return args[i][args[j]] end) end end",
    "for i = 1, args.n do pcall(tostring, args[i]) pcall(string.format, '%s %q', args[i], args[i]) end",
    "for _, name in ipairs { 'argmin', 'argmax', 'filter', 'link' } do for i = 1, args.n do pcall(cluster[name], cluster, args[i], args[i], args[i], args[i]) pcall(cluster[name], args[i]) end end",
    "for _, name in ipairs { 'prefix_hit_tokens', 'estimate_prefill_s', 'estimate_step_s', 'transfer_s' } do local m = cluster.instances[1][name] for i = 1, args.n do pcall(m, args[i], args[i], args[i]) pcall(m, cluster.instances[1], args[i], cluster.instances[1]) end end",
    // Lists that the engine hands out: emptied, mixed up, handed back.
    "for i = 1, args.n do if type(args[i]) == 'table' then for k = #args[i], 1, -1 do args[i][k] = nil end end end",
    "local list = cluster.instances list[1], list[2], list.x = list[2], cluster, 1",
    "pcall(table.sort, cluster.instances, function() return true end)",
    "for _, c in ipairs(cluster.instances) do local w = c.waiting w[#w + 1] = c c.running[1] = nil end",
    "pcall(setmetatable, cluster.instances, { __index = function() error('listed') end })",
    // Views kept after what they showed is over.
    "kept[#kept + 1] = args[1] for _, r in ipairs(kept) do pcall(function() return r.prompt_tokens, r.waiting end) end",
    "kept[#kept + 1] = args[1] local r = kept[1] local _ = r.prompt_tokens, r.id",
    "kept[#kept + 1] = args[1] for _, c in ipairs(cluster.instances) do pcall(c.prefix_hit_tokens, c, kept[1]) pcall(c.estimate_prefill_s, c, kept[1]) pcall(c.transfer_s, c, kept[1], c) end",
    "kept[#kept + 1] = args[2] for _, s in ipairs(kept) do pcall(function() s:decode_all() end) pcall(function() return s.budget end) end",
    "for _, c in ipairs(cluster.instances) do for _, r in ipairs(c.running) do kept[#kept + 1] = r end end for _, r in ipairs(kept) do pcall(function() r.data.x = r return r.context_tokens end) end",
    // Coroutines that outlive their call, and steps used from elsewhere.
    "worker = worker or coroutine.wrap(function(...) local first = ... while true do pcall(function() return first.id, first.tokens end) coroutine.yield(first) end end) worker(...)",
    "worker = worker or coroutine.create(function(_, s) while true do pcall(function() s:decode_all() end) coroutine.yield() end end) coroutine.resume(worker, ...)",
    "coroutine.close(coroutine.create(function() local t <close> = setmetatable({}, { __close = function() error('x') end }) coroutine.yield() end))",
    "local s = args[2] for _, c in ipairs(cluster.instances) do for _, r in ipairs(c.running) do pcall(function() s:preempt(r) s:preempt(r) s:decode(r) s:prefill(r, 1) end) end for _, r in ipairs(c.waiting) do pcall(function() s:prefill(r, 1 << 31) end) pcall(function() s:prefill(r, 1) s:prefill(r, 1) end) pcall(function() s:preempt(r, {}) end) end end",
    "for i = 1, args.n do if type(args[i]) == 'table' and args[i][1] then kept[#kept + 1] = args[i][1] do return kept[1] end end end",
    "for i = 1, args.n do if type(args[i]) == 'table' then for _, p in ipairs(args[i]) do for _, m in ipairs { 'argmin', 'argmax', 'filter' } do pcall(cluster[m], cluster, { p, cluster, p }, 'hits', '<', 1) end pcall(function() p.hits = 1 end) pcall(rawset, p, 'hits', 1) pcall(next, p) end end end",
    // Globals and the standard library.
    "pcall(function() math = nil end) pcall(function() string.rep = error end) pcall(function() _G.x = 1 end)",
    "pcall(require, '../secret') pcall(require, 'x/y') pcall(require, string.rep('a', 1000))",
    "pcall(sim.note, string.rep('x', 1 << 16)) pcall(sim.note, {}) pcall(sim.log.info, '%d', 'x') sim.note('\\255\\0')",
    "request = nil",
  ]

  private static func policy(_ hook: String, _ attack: String) -> String {
    """
    local kept, worker = {}, nil
    local policy = { api = 1 }
    policy.admit = function(request) if request.id % 7 == 3 then return false, "no" end return true end
    local answers = {
      admit = policy.admit,
      route = function(request, candidates) return candidates[1 + request.id % #candidates] end,
      route_decode = function(request, candidates) return candidates[1 + request.id % #candidates] end,
      batch = function() return {} end,
    }
    if "\(hook)" == "tick" then policy.tick_interval_s = 0.02 end
    policy["\(hook)"] = function(...)
      local args = table.pack(...)
      local cluster = args[args.n]
      if "\(hook)" == "init" then cluster = args[1] end
      kept.last, worker = cluster, worker
      \(attack)
      local answer = answers["\(hook)"]
      if answer then return answer(...) end
    end
    return policy
    """
  }

  /// Two of each role, decode instances with little memory, caches on: all hooks have something to do.
  static func scenario() -> Scenario {
    var limits = SchedulerLimits()
    limits.blockSize = 4
    limits.maxNumSeqs = 8
    limits.maxNumBatchedTokens = 64
    limits.enablePrefixCaching = true
    let instances = [
      RandomScenario.instance("prefill/0", .prefill, blocks: 100, limits: limits),
      RandomScenario.instance("prefill/1", .prefill, blocks: 100, limits: limits),
      RandomScenario.instance("decode/0", .decode, blocks: 20, limits: limits),
      RandomScenario.instance("decode/1", .decode, blocks: 20, limits: limits),
    ]
    var workload = Workload(source: "test", format: "test")
    for id in 0..<14 {
      var request = WorkloadRequest(
        arrival: SimTime(nanoseconds: Int64(id) * 5_000_000), promptTokens: 20 + id,
        outputTokens: 30)
      // Half of each prompt is that of others, half its own.
      request.contentStart = Int32(workload.content.count)
      request.contentCount = Int32(20 + id)
      workload.content += (0..<20 + id).map { UInt32($0 < 10 ? $0 : 100 * id + $0) }
      workload.requests.append(request)
    }
    let cost = LinearCost(base: 2_000_000, perPrefillToken: 10_000, perDecodeRequest: 1000)
    return Scenario(
      cluster: RandomScenario.cluster(instances),
      costs: instances.map { _ in .linear(cost) }, workload: workload)
  }

  /// Error or result, as text.
  private static func outcome(_ file: String, checks: Bool, records: Bool) throws
    -> (text: String, failed: Bool)
  {
    var options = LuaPolicyOptions()
    options.maxInstructions = 10_000
    options.memoryLimit = 4 << 20
    options.hookTimeout = SimDuration(nanoseconds: 60_000_000_000)
    var scenario = scenario()
    scenario.options.check = checks
    do {
      var policy = try LuaPolicy.load(files: [file], options: options)
      var observer = SilentObserver()
      let result: RunResult
      if records {
        var recording = try RecordingPolicy(policy, estimates: true) { _ in }
        result = try Simulation.run(scenario, policy: &recording, observer: &observer)
      } else {
        result = try Simulation.run(scenario, policy: &policy, observer: &observer)
      }
      let law = result.brokenLaw(injected: scenario.workload.requests.count)
      #expect(law == nil)
      return (result.fingerprint + (result.policyJSON ?? ""), false)
    } catch let error as PolicyError {
      return ("\(error)", true)
    } catch SimulationError.policy(let error) {
      return ("\(error)", true)
    }
  }

  private static func run(_ hook: String, _ attack: String) throws -> (text: String, failed: Bool) {
    let own = "simhost-hostile-\(UUID().uuidString)"
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(own).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = "\(folder)/hostile.lua"
    try Self.policy(hook, attack).write(toFile: file, atomically: true, encoding: .utf8)
    let first = try outcome(file, checks: true, records: false)
    let second = try outcome(file, checks: false, records: false)
    #expect(first == second, "\(hook): \(attack)")
    // Recording must not make harm possible; budgets then end elsewhere, so that the outcome may differ.
    _ = try outcome(file, checks: false, records: true)
    return first
  }

  @Test(arguments: hooks) func harmEndsInAnErrorOrALawfulResult(_ hook: String) throws {
    for attack in Self.fatal {
      let outcome = try Self.run(hook, attack)
      #expect(outcome.failed, "\(hook): \(attack)")
      if attack == "error('reached')" {
        #expect(outcome.text.contains("in \(hook) at "), "\(hook) is never asked: \(outcome.text)")
      }
    }
    for attack in Self.others { _ = try Self.run(hook, attack) }
  }

  @Test func thereAreHundreds() {
    #expect(Self.hooks.count * (Self.fatal.count + Self.others.count) >= 200)
    #expect(Set(Self.fatal + Self.others).count == Self.fatal.count + Self.others.count)
  }
}
