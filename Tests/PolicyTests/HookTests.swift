import Engine
import Testing

@Suite struct HookTests {
  @Test func routeReturnsTheChosenCandidate() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(7)
    cluster.views[0].kvUsedTokens = 500
    var policy = try router(
      """
      local best
      for i = 1, #candidates do
        local c = candidates[i]
        if not best or c.kv_usage < best.kv_usage then best = c end
      end
      return best
      """)
    #expect(try policy.ask(cluster, request) == 1)
    cluster.views[1].kvReservedTokens = 600
    #expect(try policy.ask(cluster, request) == 0)
  }

  @Test func routeMayWait() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    var policy = try router("return nil")
    #expect(try policy.ask(cluster, request) == -1)
    policy = try router("")
    #expect(try policy.ask(cluster, request) == -1)
  }

  @Test func routeAnswersForBothStagesUnlessRouteDecodeIsThere() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0) { $0.stage = .decode }
    var one = try router("return candidates[request.stage == 'decode' and 2 or 1]")
    #expect(one.hooks == [.route, .routeDecode])
    #expect(try one.ask(cluster, request, [2, 3], stage: .decode) == 3)
    var two = try load(
      """
      return { api = 1,
        route = function(r, candidates) return candidates[1] end,
        route_decode = function(r, candidates) return candidates[2] end }
      """)
    #expect(try two.ask(cluster, request, [0, 1]) == 0)
    #expect(try two.ask(cluster, request, [2, 3], stage: .decode) == 3)
  }

  @Test func admitAcceptsRejectsAndDefers() throws {
    let cluster = FakeCluster.split()
    var policy = try load(
      """
      return { api = 1, admit = function(request)
        if request.id == 0 then return true end
        if request.id == 1 then return false, "too busy" end
        if request.id == 2 then return false end
        return "defer", 0.25
      end }
      """)
    let requests = (0..<4).map { cluster.addRequest($0) }
    #expect(try policy.admit(requests[0], cluster) == .admit)
    #expect(try policy.admit(requests[1], cluster) == .reject(reason: "too busy"))
    #expect(try policy.admit(requests[2], cluster) == .reject(reason: "rejected by the policy"))
    #expect(
      try policy.admit(requests[3], cluster)
        == .postpone(SimDuration(nanoseconds: 250_000_000)))
  }

  @Test func initGetsParametersAndItsTableIsTheState() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    var policy = try load(
      """
      return { api = 1, params = { start = { type = "integer", default = 1 } },
        init = function(cluster, params) return { next = params.start } end,
        route = function(request, candidates, cluster)
          local state = cluster.state
          local chosen = candidates[state.next]
          state.next = state.next % #candidates + 1
          return chosen
        end }
      """, [("start", "2")])
    try policy.initialize(cluster)
    #expect(try policy.ask(cluster, request) == 1)
    #expect(try policy.ask(cluster, request) == 0)
    #expect(try policy.ask(cluster, request) == 1)
  }

  @Test func learningHooksSeeTheRequestAndItsData() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(3)
    var policy = try load(
      """
      local seen = {}
      return { api = 1,
        on_first_token = function(request, cluster) request.data.first = cluster.now_s end,
        on_finish = function(request) seen[#seen + 1] = request.id + request.data.first end,
        done = function() return { seen = seen } end }
      """)
    try policy.firstToken(request, cluster)
    cluster.now = SimTime(nanoseconds: 4_000_000_000)
    try policy.finish(request, cluster)
    #expect(try policy.done(PolicySummary(), cluster) == #"{"seen":[5.5]}"#)
  }

  @Test func doneReadsTheSummaryAndReturnsSortedJSON() throws {
    let cluster = FakeCluster.split()
    var summary = PolicySummary()
    summary.fields = [("finished", 12), ("mean_ttft_ms", 3.25)]
    var policy = try load(
      #"""
      return { api = 1, done = function(summary, cluster)
        return { z = summary.mean_ttft_ms, a = { 1, 2.5, "q\"\n\u{e9}" }, m = { nested = true },
                 empty = {}, big = 2^53, n = summary.finished }
      end }
      """#)
    // 2^53 = 9007199254740992, the shortest text that reads back as it.
    #expect(
      try policy.done(summary, cluster)
        == #"{"a":[1,2.5,"q\"\u000aé"],"big":9007199254740992,"empty":{},"m":{"nested":true},"n":12,"z":3.25}"#
    )
    var silent = try load("return { api = 1, done = function() end }")
    #expect(try silent.done(summary, cluster) == nil)
  }

  @Test func flagsAndHooksAreReported() throws {
    let policy = try load(
      """
      return { api = 1, every_iteration = true, gateway_scan = true,
        batch = function() end, init = function() end }
      """)
    #expect(policy.hooks == [.initialize, .batch])
    #expect(policy.everyIteration)
    #expect(policy.gatewayScan)
    let plain = try load("return { api = 1 }")
    #expect(plain.hooks.isEmpty)
    #expect(!plain.everyIteration && !plain.gatewayScan)
  }

  @Test func callsAreCountedForEachHook() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    var policy = try router("return candidates[1]")
    for _ in 0..<5 { _ = try policy.ask(cluster, request) }
    let costs = policy.hookCosts
    #expect(costs.count == 1)
    #expect(costs[0].hook == "route" && costs[0].calls == 5 && costs[0].hostNanoseconds > 0)
    #expect(costs[0].file.hasSuffix("policy.lua"))
  }

  @Test func filesComposeAndNameTheirHooks() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    let routing = write(
      "return { api = 1, route = function(r, c) return c[2] end }", as: "routing.lua")
    let admission = write(
      "return { api = 1, admit = function() return false, 'full' end }", as: "admission.lua")
    var policy = try LuaPolicy.load(files: [routing, admission])
    #expect(try policy.ask(cluster, request) == 1)
    #expect(try policy.admit(request, cluster) == .reject(reason: "full"))
    let error = policyError { _ = try LuaPolicy.load(files: [routing, admission, routing]) }
    #expect(error?.problem == "route is also defined by \(routing)")
    #expect(error?.file == routing)
  }

  @Test func logLinesCarryTimeAndPlaceAndAreLimited() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    final class Log { var entries: [PolicyLogEntry] = [] }
    let log = Log()
    var options = LuaPolicyOptions()
    options.onLog = { log.entries.append($0) }
    var policy = try router(
      "sim.log.warn('%d %s %s', request.id, candidates[1], {})\nreturn nil", options: options)
    for _ in 0..<45 { _ = try policy.ask(cluster, request) }
    // The first ten, then the 20th and the 40th.
    #expect(log.entries.map(\.count) == Array(1...10) + [20, 40])
    let first = try #require(log.entries.first)
    #expect(first.text == "0 instance prefill/0 table")
    #expect(first.level == .warn && first.line == 2 && first.time == cluster.now)
    #expect(first.file?.hasSuffix("policy.lua") == true)
  }
}
