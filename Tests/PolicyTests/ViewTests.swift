import Engine
import Testing

@Suite struct ViewTests {
  /// Runs `body` as the body of `route` and returns what `done` then tells about the local `out`.
  private func look(
    _ cluster: FakeCluster, _ request: RequestRef, _ body: String,
    options: LuaPolicyOptions = LuaPolicyOptions()
  ) throws -> String? {
    var policy = try load(
      """
      local out
      return { api = 1, route = function(request, candidates, cluster)
        \(body)
      end, done = function() return { out } end }
      """, options: options)
    _ = try policy.ask(cluster, request)
    return try policy.done(PolicySummary(), cluster)
  }

  @Test func requestFieldsCarryTheirUnits() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(9, slot: 4) {
      $0.prefillInstance = InstanceID(1)
      $0.generatedTokens = 3
      $0.kvBytes = 1 << 40
    }
    cluster.sessions[request.id] = "chat-é"
    let text = try look(
      cluster, request,
      """
      out = { request.id, request.stage, request.arrival_s, request.waited_s, request.session_id,
        request.prefill_instance.name, request.decode_instance == nil, request.kv_bytes,
        request.generated_tokens, request.predicted_output_tokens, request.session_id }
      """)
    // Arrived at 1 s, now 2.5 s.
    #expect(
      text == #"[[9,"prefill",1,1.5,"chat-é","prefill/1",true,1099511627776,3,50,"chat-é"]]"#)
  }

  @Test func instanceFieldsCarryTheirUnits() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    cluster.views[1].busy = true
    cluster.views[1].lastStep = SimDuration(nanoseconds: 12_500_000)
    cluster.views[1].freeAt = SimTime(nanoseconds: 2_600_000_000)
    cluster.views[1].kvUsedTokens = 250
    cluster.views[1].kvReservedTokens = 250
    let text = try look(
      cluster, request,
      """
      local c = candidates[2]
      out = { c.id, c.name, c.role, c.busy, c.step_ms, c.free_at_s, c.kv_usage, c.block_size,
        c.kv_capacity_tokens, c == cluster.instances[2], c == cluster.prefill[2], c.model }
      """)
    #expect(
      text
        == #"[[2,"prefill/1","prefill",true,12.5,2.6,0.5,10,1000,true,true,"test/model"]]"#)
  }

  @Test func clusterListsInstancesByRole() throws {
    let cluster = FakeCluster([.decode, .mixed, .prefill, .mixed])
    let request = cluster.addRequest(0)
    cluster.gatewayWaiting = 6
    let text = try look(
      cluster, request,
      """
      local function names(list)
        local t = {}
        for i, c in ipairs(list) do t[i] = c.name end
        return table.concat(t, " ")
      end
      out = { names(cluster.instances), names(cluster.prefill), names(cluster.decode),
        names(cluster.mixed), cluster.gateway_waiting, cluster.now_s }
      """)
    #expect(
      text
        == #"[["decode/0 mixed/0 prefill/0 mixed/1","prefill/0","decode/0","mixed/0 mixed/1",6,2.5]]"#
    )
  }

  @Test func queuesAreArraysOfRequests() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    cluster.waitingQueues[0] = [request, cluster.addRequest(5), cluster.addRequest(3)]
    cluster.runningSets[0] = [cluster.addRequest(8)]
    let text = try look(
      cluster, request,
      """
      local waiting = candidates[1].waiting
      out = { #waiting, waiting[1] == request, waiting[2].id, waiting[3].id,
        candidates[1].running[1].id, #candidates[2].waiting, candidates[1].waiting == waiting }
      """)
    #expect(text == "[[3,true,5,3,8,0,true]]")
  }

  @Test func methodsAskTheEngine() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    cluster.hits[1] = 64
    cluster.views[1].waitingPromptTokens = 30
    let text = try look(
      cluster, request,
      """
      local c = candidates[2]
      out = { c:prefix_hit_tokens(request), c:estimate_prefill_s(request),
        c:estimate_step_s{ prefill_tokens = 2, decode_seqs = 3 }, c:transfer_s(request, cluster.decode[1]) }
      """)
    // 30 tokens at 1 ms; 2·1000 + 3·100 ns; 5 ms.
    #expect(text == "[[64,0.03,2.3e-06,0.005]]")
  }

  @Test func scansTakeTheFirstOfEquals() throws {
    let cluster = FakeCluster([.mixed, .mixed, .mixed, .mixed])
    let request = cluster.addRequest(0)
    for (index, count) in [3, 1, 1, 3].enumerated() {
      cluster.views[index].waitingCount = count
      cluster.views[index].kvFreeTokens = 100 * index
    }
    let text = try look(
      cluster, request,
      """
      local all = cluster.instances
      local roomy = cluster:filter(all, "kv_free_tokens", ">=", 200)
      out = { cluster:argmin(all, "waiting_count").name, cluster:argmax(all, "waiting_count").name,
        #roomy, roomy[1].name, cluster:argmin({}, "waiting_count") == nil,
        #cluster:filter(all, "role", "==", "mixed"), #cluster:filter(all, "id", "<", 3) }
      """)
    #expect(text == #"[["mixed/1","mixed/0",2,"mixed/2",true,4,2]]"#)
  }

  @Test func stateIsAskedOncePerInstanceAndCall() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    var policy = try router(
      "local c = candidates[1]; local x = c.kv_usage + c.waiting_count + c.inflight + c.max_num_seqs"
    )
    _ = try policy.ask(cluster, request)
    #expect(cluster.instanceQuestions == 1)
    _ = try policy.ask(cluster, request)
    #expect(cluster.instanceQuestions == 2)
  }

  @Test func candidatesAreOneTableUntilThePolicyChangesIt() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    var policy = try load(
      """
      local last, changes = nil, {
        function(t) t[1] = t[2] end, function(t) t[3] = 1 end, function(t) t.extra = true end,
        function(t) t[2] = nil end, function(t) table.sort(t, function(a, b) return a.id > b.id end) end,
        function(t) setmetatable(t, {}) end, function(t) rawset(t, 1, "x") end,
      }
      local same, wrong, calls = 0, 0, 0
      return { api = 1, route = function(request, candidates)
        calls = calls + 1
        if candidates == last then same = same + 1 end
        last = candidates
        if #candidates ~= 2 or candidates[1].id ~= 1 or candidates[2].id ~= 2 or rawget(candidates, "extra")
          or getmetatable(candidates) then wrong = wrong + 1 end
        if calls % 2 == 0 and changes[calls // 2] then changes[calls // 2](candidates) end
      end, done = function() return { same, wrong, calls } end }
      """)
    for _ in 0..<20 { _ = try policy.ask(cluster, request) }
    // Seven changes, so seven new tables after the first; never a wrong one.
    #expect(try policy.done(PolicySummary(), cluster) == "[12,0,20]")
  }

  /// A list that Lua has not touched is not filled yet; whatever touches it first finds the table that it looks like.
  @Test(arguments: [
    "#list == 2", "list[2].id == 2", "list[3] == nil", "list.x == nil", "rawlen(list) == 2",
    "rawget(list, 1).id == 1", "select('#', table.unpack(list)) == 2", "type(list) == 'table'",
    "next(list) == 1", "next(list, 1) == 2", "next(list, 2) == nil", "not getmetatable(list)",
    "(function() local n = 0; for i, c in ipairs(list) do n = n + i * c.id end return n end)() == 5",
    "(function() local n = 0; for i, c in pairs(list) do n = n + i * c.id end return n end)() == 5",
    "cluster:argmax(list, 'id').id == 2", "cluster:argmin(list, 'kv_usage').id == 1",
    "#cluster:filter(list, 'id', '>', 1) == 1", "sim.choice(list).id <= 2",
    "list == cluster.prefill",
    "table.remove(list).id == 2 and #list == 1 and #cluster.prefill == 2",
    "(function() list[1] = 7 return list[1] == 7 and list[2].id == 2 and #list == 2 end)()",
    "(function() list[3] = 7 return #list == 3 and list[1].id == 1 end)()",
    "(function() list.x = 7 return list.x == 7 and #list == 2 end)()",
    "(function() rawset(list, 1, 7) return list[1] == 7 and #list == 2 end)()",
    "(function() table.insert(list, 1, 7) return list[1] == 7 and list[3].id == 2 end)()",
    "(function() table.sort(list, function(a, b) return a.id > b.id end) return list[1].id == 2 end)()",
    "getmetatable(setmetatable(list, { x = 7 })).x == 7",
    "not pcall(function() list[nil] = 1 end) and #list == 2",
  ]) func aListThatWasNotTouchedIsATable(expression: String) throws {
    let cluster = FakeCluster([.prefill, .prefill, .decode])
    let request = cluster.addRequest(0)
    var policy = try load(
      """
      local right = {}
      return { api = 1, route = function(request, list, cluster)
        right[#right + 1] = (\(expression)) and 1 or 0
      end, done = function() return right end }
      """)
    for _ in 0..<3 { _ = try policy.ask(cluster, request, [0, 1]) }
    #expect(try policy.done(PolicySummary(), cluster) == "[1,1,1]")
  }

  @Test func differentCandidateSetsKeepTheirOwnTables() throws {
    let cluster = FakeCluster([.mixed, .mixed, .mixed])
    let request = cluster.addRequest(0)
    var policy = try router("return candidates[#candidates]")
    for _ in 0..<3 {
      #expect(try policy.ask(cluster, request, [0, 1, 2]) == 2)
      #expect(try policy.ask(cluster, request, [1]) == 1)
      #expect(try policy.ask(cluster, request, [2, 0]) == 0)
      #expect(try policy.ask(cluster, request, []) == -1)
    }
  }

  @Test func slotsThatAreUsedAgainGiveNewViewsWithNewData() throws {
    let cluster = FakeCluster.split()
    let first = cluster.addRequest(1, slot: 0)
    var policy = try load(
      """
      local kept
      return { api = 1, route = function(request)
        if kept then
          assert(request ~= kept and request.data.mark == nil and kept.id == 1)
          return kept.prompt_tokens
        end
        kept = request
        request.data.mark = true
      end }
      """)
    _ = try policy.ask(cluster, first)
    cluster.requests[first] = nil
    cluster.ends[first.id] = SimTime(nanoseconds: 1_250_000_000)
    let second = cluster.addRequest(2, slot: 0)
    let error = policyError { _ = try policy.ask(cluster, second) }
    #expect(error?.problem == "request 1 ended at 1.25 s")
    #expect(
      error?.suggestion
        == "a request can be read until it has ended; copy what you need into a table of your own")
    #expect(error?.line == 5)
  }

  @Test func outputLengthIsHiddenUnlessTheRunIsAnOracle() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    var options = LuaPolicyOptions()
    options.oracle = true
    #expect(try look(cluster, request, "out = request.output_tokens", options: options) == "[77]")
    let error = policyError { _ = try look(cluster, request, "out = request.output_tokens") }
    #expect(error?.problem == "output_tokens is hidden: no router knows it before the end")
    #expect(error?.suggestion == "use predicted_output_tokens, or run with --oracle")
  }

  @Test func parametersAreTypedAndReadOnly() throws {
    let cluster = FakeCluster.split()
    let request = cluster.addRequest(0)
    let text = """
      local out
      return { api = 1, params = {
          ratio = { type = "number", default = 0.5, min = 0, max = 1 },
          count = { type = "integer", default = 3 },
          mode = { type = "string", default = "fast", choices = { "fast", "slow" } },
          on = { type = "boolean", default = false } },
        route = function(request, candidates, cluster)
          out = {}
          for name, value in pairs(cluster.params) do out[#out + 1] = name .. "=" .. tostring(value) end
          assert(cluster.params.count == math.tointeger(cluster.params.count))
        end,
        done = function() return out end }
      """
    var policy = try load(
      text, [("ratio", "1"), ("on", "true"), ("mode", "slow"), ("count", "-4")])
    _ = try policy.ask(cluster, request)
    #expect(
      try policy.done(PolicySummary(), cluster)
        == #"["count=-4","mode=slow","on=true","ratio=1.0"]"#)
    for (name, value, problem) in [
      ("ratio", "1.5", "--param ratio: found '1.5', expected a number from 0 to 1"),
      ("ratio", "nan", "--param ratio: found 'nan', expected a number from 0 to 1"),
      ("count", "2.5", "--param count: found '2.5', expected an integer"),
      ("mode", "quick", "--param mode: found 'quick', expected one of fast, slow"),
      ("on", "yes", "--param on: found 'yes', expected true or false"),
      ("coutn", "1", "--param coutn: there is no such parameter"),
    ] {
      let error = policyError { _ = try load(text, [(name, value)]) }
      #expect(error?.problem == problem)
      if name == "coutn" { #expect(error?.suggestion == "did you mean 'count'?") }
    }
  }

  @Test func descriptionListsWhatAFileDeclares() throws {
    let file = write(
      """
      return { api = 1, name = "x", version = "1.2", description = "Does things.",
        params = { b = { type = "boolean", default = true }, a = { type = "integer", default = 2, min = 1, help = "how many" } },
        route = function() end, done = function() end }
      """, as: "described.lua")
    let described = try LuaPolicy.describe(file: file)
    #expect(described.name == "x" && described.version == "1.2")
    #expect(described.description == "Does things.")
    #expect(described.hooks == ["route", "done"])
    #expect(described.parameters.map(\.name) == ["a", "b"])
    #expect(described.parameters[0].expectation == "an integer of at least 1")
    #expect(described.parameters[0].help == "how many")
    let unnamed = write("return { api = 1 }", as: "unnamed.lua")
    #expect(try LuaPolicy.describe(file: unnamed).name == "unnamed")
  }
}
