import Foundation
import Testing

@testable import Engine

/// Instances that change their role, start and stop; costs and links as in `KVTransferTests`.
@Suite struct ScalingTests {
  static func withFile<Result>(_ policy: String, _ body: (String) throws -> Result) throws -> Result
  {
    let file = FileManager.default.temporaryDirectory.path + "/simhost-\(UUID().uuidString).lua"
    try policy.write(toFile: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: file) }
    return try body(file)
  }

  static func run(
    _ hooks: String, roles: [InstanceRole] = [.prefill, .decode, .decode],
    standby: [Int] = [], stepByStep: Bool = false,
    _ requests: [(at: Int64, prompt: Int, output: Int)]
  ) throws -> (result: RunResult, told: String) {
    let policy = """
      local told = {}
      local function tell(...) told[#told + 1] = table.concat({ ... }, " ") end
      return { api = 1, \(hooks), done = function() return { told = table.concat(told, "; ") } end }
      """
    let result = try withFile(policy) { file in
      try KVTransferTests.run(
        roles: roles, stepByStep: stepByStep, policy: file,
        change: { _, instances in for index in standby { instances[index].isStandby = true } },
        requests)
    }
    let words = result.policyJSON?.split(separator: "\"").dropFirst(3).first.map(String.init)
    return (result, words ?? "")
  }

  @Test(arguments: [false, true]) func anIdleInstanceChangesItsRoleAtOnce(stepByStep: Bool) throws {
    let (result, told) = try Self.run(
      """
      on_first_token = function(request, cluster)
        if request.id > 0 then return tell(#cluster.prefill, #cluster.decode, request.instance.name) end
        tell(tostring(cluster:set_role(cluster.decode[2], "prefill")), cluster.decode[2].state)
      end,
      route = function(request, candidates) return candidates[#candidates] end
      """, stepByStep: stepByStep,
      [(at: 0, prompt: 100, output: 3), (at: 5000, prompt: 50, output: 2)])
    #expect(told == "true draining; 2 1 decode/2")
    #expect(result.scaling?.roleChanges == 1)
    // Its own prompt moved to the only one that decodes.
    #expect(result.records[1].prefillInstance == InstanceID(2))
    #expect(result.records[1].decodeInstance == InstanceID(1))
  }

  @Test(arguments: [false, true]) func aBusyInstanceDrainsFirst(stepByStep: Bool) throws {
    let (result, told) = try Self.run(
      """
      on_transfer = function(request, cluster)
        local d = cluster.decode[1]
        if d.state == "up" and request.decode_instance == d then tell(tostring(cluster:remove_instance(d)), d.state, d.inflight) end
      end,
      on_finish = function(request, cluster) tell(request.id, cluster.decode[1].state) end
      """, stepByStep: stepByStep,
      [
        (at: 0, prompt: 100, output: 40), (at: 40_000, prompt: 50, output: 2),
        (at: 90_000, prompt: 50, output: 2),
      ])
    #expect(told == "true draining 1; 1 draining; 0 draining; 2 off")
    #expect(result.scaling?.stops == 1)
    #expect(result.records[1].decodeInstance == InstanceID(2))
    let on = result.scaling?.on ?? .zero
    // One until the first request's end, the others until the end of the run.
    #expect(on.nanoseconds == 2 * result.end.nanoseconds + result.records[0].end.nanoseconds)
  }

  @Test(arguments: [false, true]) func anInstanceStartsAndLoadsItsWeights(stepByStep: Bool) throws {
    let (result, told) = try Self.run(
      """
      on_first_token = function(request, cluster)
        if request.id == 0 then tell(tostring(cluster:add_instance(cluster.decode[2])), cluster.decode[2].state) end
      end,
      on_instance_up = function(instance, cluster) tell(instance.name, math.floor(cluster.now_s * 1e9 + 0.5)) end
      """, standby: [2], stepByStep: stepByStep,
      [(at: 0, prompt: 100, output: 3), (at: 40_000_000_000, prompt: 50, output: 2)])
    let weights = result.instances[2].weightBytes
    let wait = ScalingSpec().duration(weightBytes: weights).nanoseconds
    #expect(wait > 30_000_000_000)
    #expect(told == "true starting; decode/2 \(2000 + wait)")
    #expect(result.scaling?.starts == 1)
  }

  @Test func whatCannotBeIsRefused() throws {
    let (_, told) = try Self.run(
      """
      on_first_token = function(request, cluster)
        local function try(what, ...) tell(what, select(2, cluster[what](cluster, ...))) end
        try("remove_instance", cluster.prefill[1])
        try("add_instance", cluster.prefill[1])
        try("set_role", cluster.decode[1], "decode")
        cluster:remove_instance(cluster.decode[1])
        try("set_role", cluster.decode[1], "prefill")
        try("set_role", cluster.decode[2], "prefill")
      end
      """, [(at: 0, prompt: 100, output: 3)])
    #expect(
      told
        == "remove_instance the last that takes prompts; add_instance not off; set_role has that role; "
        + "set_role not up; set_role the last that decodes")
  }

  @Test(arguments: [
    ("cluster:set_role(cluster.decode[1], 'both')", "the role is a string (\"both\")"),
    ("cluster:remove_instance(3)", "remove_instance: the instance is a number (3)"),
    ("cluster.remove_instance(cluster.decode[1])", "call it with a colon"),
  ]) func whatMeansNothingIsAnError(call: String, problem: String) throws {
    let error = try #require(throws: SimulationError.self) {
      try Self.run(
        "on_first_token = function(request, cluster) \(call) end",
        [(at: 0, prompt: 100, output: 3)])
    }
    #expect("\(error)".contains(problem), "\(error)")
    let early = try #require(throws: SimulationError.self) {
      try Self.run(
        "route = function(_, c, cluster) cluster:remove_instance(c[1]) return c[1] end",
        [(at: 0, prompt: 100, output: 3)])
    }
    #expect("\(early)".contains("cannot be used here"), "\(early)")
  }

  static let dice = """
    local dice, roles, sum = math.random, { "prefill", "decode", "mixed" }, 0
    local function act(_, cluster)
      for i, c in ipairs(cluster.instances) do sum = (sum * 31 + #c.state + #c.role + c.inflight) % 1000003 end
      if dice(3) > 1 then return end
      local instance = cluster.instances[dice(#cluster.instances)]
      local d, done = dice(4), nil
      if d <= 2 then done = cluster:set_role(instance, roles[dice(3)])
      elseif d == 3 then done = cluster:remove_instance(instance)
      else done = cluster:add_instance(instance) end
      sum = (sum * 31 + (done and 1 or 0)) % 1000003
    end
    return { api = 1, on_first_token = act, on_finish = act, on_transfer = act, on_preempt = act,
      on_instance_up = act, tick_interval_s = 0.001, tick = function(cluster) act(nil, cluster) end,
      done = function() return { sum = sum } end }
    """

  /// Roles by dice, with faults on top for every second seed: no request is lost, and all ways of counting agree.
  @Test(arguments: 0..<300) func anyRolesWillDo(seed: Int) throws {
    try Self.withFile(Self.dice) { file in
      var results: [RunResult] = []
      var stalls: [String] = []
      for stepByStep in [false, true] {
        var scenario = FaultLawTests.scenario(seed)
        if seed % 2 == 0 { scenario.options.faults = FaultPlan() }
        scenario.cluster.scaling.startup = SimDuration(nanoseconds: Int64(seed % 5) * 3000)
        scenario.cluster.scaling.loadBandwidth = 1e6
        scenario.options.stepByStep = stepByStep
        do {
          let result = try FaultLawTests.run(scenario, policy: file)
          let law = result.brokenLaw(injected: scenario.workload.requests.count)
          #expect(law == nil)
          results.append(result)
        } catch let error as SimulationError {
          #expect("\(error)".contains("stall"), "\(error)")
          stalls.append("\(error)")
        }
      }
      if results.isEmpty {
        #expect(stalls[0] == stalls[1])
      } else {
        #expect(results.count == 2 && results[0].policyJSON == results[1].policyJSON)
        #expect(results[0].scaling == results[1].scaling)
        let difference = FaultLawTests.difference(results[0], results[1])
        #expect(difference == nil)
      }
    }
  }
}
