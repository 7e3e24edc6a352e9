import Testing

@testable import Engine

/// Laws over random scenarios whose policy moves decoding requests and copies prefixes at any chance, with faults for every
/// second seed.
@Suite struct MigrationLawTests {
  static let dice = """
    local dice, sum = math.random, 0
    local function act(_, cluster)
      if dice(3) == 1 then return end
      local all = cluster.instances
      local busy = cluster:filter(all, "running_count", ">", 0)
      if #busy == 0 then return end
      local from, to = busy[dice(#busy)], all[dice(#all)]
      local running = from.running
      local request = running[dice(#running)]
      local done, why = cluster:migrate(request, to)
      if done then assert(request.migrating_to == to and to.transfers_in > 0 and from.transfers_out > 0) end
      sum = (sum * 31 + #(why or "") + to.kv_reserved_tokens + to.inflight) % 1000003
      to = all[dice(#all)]
      done, why = cluster:replicate(request, from, to)
      if done then assert(to.kv_reserved_tokens > 0) end
      sum = (sum * 31 + #(why or "") + to.kv_reserved_tokens + from.kv_used_tokens) % 1000003
    end
    return { api = 1, on_first_token = act, on_finish = act, on_transfer = act, on_instance_up = act,
      on_instance_down = function(_, _, cluster) act(nil, cluster) end,
      tick_interval_s = 0.001, tick = function(cluster) act(nil, cluster) end,
      done = function() return { sum = sum } end }
    """

  static func scenario(_ seed: Int) -> Scenario {
    var scenario = FaultLawTests.scenario(seed)
    if seed % 2 == 0 { scenario.options.faults = FaultPlan() }
    return scenario
  }

  @Test func nobodyIsLostOnTheWay() throws {
    var sum = MigrationTotals()
    var copies = ReplicationTotals()
    var aborts = Array(repeating: 0, count: MigrationAbort.allCases.count)
    try ScalingTests.withFile(Self.dice) { file in
      for seed in 0..<400 {
        var results: [RunResult] = []
        for stepByStep in [false, true] {
          var scenario = Self.scenario(seed)
          scenario.options.stepByStep = stepByStep
          let result = try FaultLawTests.run(scenario, policy: file)
          let law = result.brokenLaw(injected: scenario.workload.requests.count)
          #expect(law == nil, "seed \(seed)")
          FaultLawTests.check(result, scenario)
          results.append(result)
        }
        let difference = FaultLawTests.difference(results[0], results[1])
        #expect(difference == nil, "seed \(seed)")
        #expect(results[0].policyJSON == results[1].policyJSON, "seed \(seed)")
        let totals = results[0].instances
        #expect(
          totals.reduce(0) { $0 + $1.bytesSent } == totals.reduce(0) { $0 + $1.bytesReceived },
          "seed \(seed)")
        let moved = results[0].records.reduce(0) { $0 + Int($1.migrations) }
        #expect(moved == results[0].migration?.finished ?? 0, "seed \(seed)")
        if let replication = results[0].replication {
          copies.finished += replication.finished
          copies.aborted += replication.aborted
          #expect(replication.finished == 0 || replication.tokens > 0, "seed \(seed)")
        }
        guard let migration = results[0].migration else { continue }
        sum.begun += migration.begun
        sum.downtimes += migration.downtimes
        for place in aborts.indices { aborts[place] += migration.aborts[place] }
      }
    }
    // All ways in which a migration can end have been tried.
    #expect(sum.finished > 300, "\(sum.begun) began")
    #expect(aborts.allSatisfy { $0 > 0 }, "\(aborts)")
    #expect(copies.finished > 100 && copies.aborted > 3, "\(copies)")
  }
}
