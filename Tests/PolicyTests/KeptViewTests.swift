import Engine
import Testing

/// Views that the machine keeps between calls, where the world counts changes: what policies read is what they would read
/// without, and what they may not do they may not do either.
@Suite struct KeptViewTests {
  private func counted(_ roles: [InstanceRole] = [.prefill, .prefill, .decode]) -> FakeCluster {
    let cluster = FakeCluster(roles)
    cluster.versions = ContiguousArray(repeating: 1, count: roles.count)
    return cluster
  }

  /// Asks until reads go the short way.
  private func warm(_ policy: inout LuaPolicy, _ cluster: FakeCluster, _ request: RequestRef)
    throws
  {
    for _ in 0..<8 { _ = try policy.ask(cluster, request) }
  }

  private let fewest = """
    local best = candidates[1]
    for i = 2, #candidates do
      if candidates[i].waiting_count < best.waiting_count then best = candidates[i] end
    end
    return best
    """

  @Test func whatStandsIsNotAskedForAgain() throws {
    let cluster = counted()
    let request = cluster.addRequest(0)
    var policy = try router(fewest)
    try warm(&policy, cluster, request)
    #expect(cluster.instanceQuestions == 2)
    // A change that nobody tells of is not seen: that is what the counts are for.
    cluster.views[0].waitingCount = 3
    #expect(try policy.ask(cluster, request) == 0)
    cluster.versions[0] += 1
    #expect(try policy.ask(cluster, request) == 1)
    #expect(cluster.instanceQuestions == 3)
  }

  @Test func timePassesWithoutCounts() throws {
    let cluster = counted()
    let request = cluster.addRequest(0)
    var policy = try router(fewest)
    cluster.holds = SimTime(nanoseconds: 3_000_000_000)
    try warm(&policy, cluster, request)
    cluster.views[0].waitingCount = 3
    cluster.now = SimTime(nanoseconds: 2_999_999_999)
    #expect(try policy.ask(cluster, request) == 0)
    cluster.now = SimTime(nanoseconds: 3_000_000_000)
    #expect(try policy.ask(cluster, request) == 1)
  }

  /// Random changes, told of; the same answers as of a machine that keeps nothing.
  @Test(arguments: 0..<40) func answersAreThoseOfViewsMadeAnew(_ seed: UInt64) throws {
    var random = RandomStream(seed: seed, name: "changes")
    let cluster = counted([.prefill, .prefill, .prefill, .mixed, .decode])
    let request = cluster.addRequest(0)
    var options = LuaPolicyOptions()
    let body = """
      local sum = 0
      for i, c in ipairs(candidates) do
        sum = sum * 3 + c.waiting_count + c.kv_usage * 1000 + c.free_at_s + c.step_ms + (c.busy and 1 or 0)
        if c.inflight > 2 then sum = sum + c.kv_free_tokens + #c.state + c.tp_size + #c.name + #c.role end
      end
      return candidates[math.floor(sum) % #candidates + 1]
      """
    var keeping = try router(body, options: options)
    options.keepsViews = false
    var anew = try router(body, options: options)
    for _ in 0..<200 {
      if random.nextIndex(below: 3) == 0 {
        let index = random.nextIndex(below: 5)
        cluster.views[index].waitingCount = random.nextIndex(below: 9)
        cluster.views[index].inflight = random.nextIndex(below: 6)
        cluster.views[index].kvUsedTokens = random.nextIndex(below: 1000)
        cluster.views[index].busy = random.nextIndex(below: 2) == 0
        cluster.views[index].lastStep = SimDuration(nanoseconds: Int64(random.nextIndex(below: 99)))
        cluster.versions[index] += 1
      }
      cluster.now = cluster.now + SimDuration(nanoseconds: 1_000_000_000)
      for index in cluster.views.indices where !cluster.views[index].busy {
        cluster.views[index].freeAt = cluster.now
      }
      let stage: RequestStage = random.nextIndex(below: 4) == 0 ? .decode : .prefill
      let asked = stage == .prefill ? [0, 1, 2, 3] : [3, 4]
      #expect(
        try keeping.ask(cluster, request, asked, stage: stage)
          == anew.ask(cluster, request, asked, stage: stage))
    }
    #expect(keeping.memoryUsed < 4 << 20)
  }

  /// Lines that a policy may not do, once its reads go the short way.
  @Test(arguments: [
    (
      "candidates[1].waiting_count = 0",
      "instance prefill/0 is read-only: cannot write 'waiting_count'"
    ),
    ("candidates[1].name = 'x'", "instance prefill/0 is read-only: cannot write 'name'"),
    ("cluster.params = {}", "the cluster is read-only: cannot write 'params'"),
    ("return candidates[1].waiting_cuont", "an instance has no field 'waiting_cuont'"),
    ("return candidates[1][1]", "an instance has no field '1'"),
    ("for k in pairs(candidates[1]) do end", "pairs cannot walk over instance prefill/0"),
    ("return cluster.params.missing", "params has no 'missing'"),
    ("return cluster.instanses", "the cluster has no field 'instanses'"),
  ])
  func theShortWayIsNoWayRound(_ line: String, _ problem: String) throws {
    let cluster = counted()
    let request = cluster.addRequest(0)
    var policy = try router(
      """
      for i = 1, 2 do local _ = candidates[i].waiting_count + candidates[i].inflight end
      request.data.calls = (request.data.calls or 0) + 1
      if request.data.calls > 6 then
        \(line)
      end
      return candidates[1]
      """)
    let error = policyError { try warm(&policy, cluster, request) }
    #expect(error?.problem == problem)
    #expect(error?.line == 5)
  }

  @Test func metatablesStayHidden() throws {
    let cluster = counted()
    let request = cluster.addRequest(0)
    var policy = try router(
      """
      for i = 1, 2 do local _ = candidates[i].waiting_count end
      for _, view in ipairs { candidates[1], cluster, cluster.params, request } do
        if getmetatable(view) ~= false or pcall(setmetatable, view, {}) or pcall(rawset, view, "x", 1) then
          error("open")
        end
      end
      return candidates[1]
      """)
    try warm(&policy, cluster, request)
  }

  @Test func recordingSeesEveryRead() throws {
    let cluster = counted()
    let request = cluster.addRequest(0)
    var decisions: [PolicyDecision] = []
    var policy = try RecordingPolicy(router(fewest), estimates: false) { decisions.append($0) }
    for _ in 0..<8 {
      _ = try policy.route(
        request, candidates: [InstanceID(0), InstanceID(1)], stage: .prefill, cluster)
    }
    #expect(decisions.count == 8)
    for decision in decisions {
      #expect(
        decision.candidates.map { $0.read.map(\.name) } == [["waiting_count"], ["waiting_count"]])
    }
  }

  @Test func promptsTellWhatTheyConsistOf() throws {
    let cluster = counted()
    let request = cluster.addRequest(0)
    cluster.contents[request.id] = [7, 4_000_000_000, 9]
    let other = cluster.addRequest(1)
    var policy = try router(
      """
      local content = request.content
      if content ~= request.content then error("another list") end
      return candidates[#content == 3 and content[2] == 4000000000 and 1 or 2]
      """)
    #expect(try policy.ask(cluster, request) == 0)
    #expect(try policy.ask(cluster, other) == 1)
  }
}
