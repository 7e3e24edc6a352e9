import Foundation
import Testing

@testable import Engine

/// What traces say of requests, and what routers are told of outputs and instances.
@Suite struct RequestTraitTests {
  private static func run(
    _ policy: String, _ trace: String, _ change: (inout RunOptions) -> Void = { _ in }
  ) throws -> RunResult {
    let folder = FileManager.default.temporaryDirectory.path + "/traits-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try policy.write(toFile: folder + "/p.lua", atomically: true, encoding: .utf8)
    try trace.write(toFile: folder + "/t.jsonl", atomically: true, encoding: .utf8)
    let instances = (0..<2).map { RandomScenario.instance("mixed/\($0)", .mixed, blocks: 200) }
    let cost = LinearCost(base: 10_000_000, perPrefillToken: 0, perDecodeRequest: 0)
    var scenario = Scenario(
      cluster: RandomScenario.cluster(instances), costs: instances.map { _ in .linear(cost) },
      workload: try Workload.load(path: folder + "/t.jsonl"))
    change(&scenario.options)
    var loaded = try LuaPolicy.load(files: [folder + "/p.lua"])
    var observer = SilentObserver()
    return try Simulation.run(scenario, policy: &loaded, observer: &observer)
  }

  private static func line(_ ms: Int, output: Int = 4, _ more: String = "") -> String {
    "{\"arrival_time_ns\": \(ms * 1_000_000), \"input_toks\": 10, \"output_toks\": \(output)\(more)}\n"
  }

  @Test func tracesMayNameTraits() throws {
    let trace =
      Self.line(
        0,
        #", "priority": -3, "class": "chat", "tenant": "a", "ttft_slo_s": 0.25, "tpot_slo_s": 0.05, "deadline_s": 2.5"#
      ) + Self.line(1000)
    let result = try Self.run(
      """
      return { api = 1, route = function(r, candidates, cluster)
        if r.id == 0 then
          assert(r.priority == -3 and r.class == "chat" and r.tenant == "a" and r.class == "chat")
          assert(r.ttft_slo_s == 0.25 and r.tpot_slo_s == 0.05 and r.deadline_s == 2.5)
        else
          assert(r.priority == 0 and r.class == nil and r.tenant == nil and r.ttft_slo_s == nil)
          assert(r.tpot_slo_s == nil and r.deadline_s == nil and r.class == nil)
        end
        assert(r.instance == nil)
        return candidates[2]
      end,
      on_finish = function(r, cluster) assert(r.instance == cluster.instances[2]) end }
      """, trace)
    #expect(result.records.allSatisfy { $0.outcome == .finished })
  }

  @Test func wrongTraitsAreRefused() {
    for (text, words) in [
      (#", "priority": 3000000000"#, "priority"), (#", "priority": "high""#, "priority"),
      (#", "class": """#, "class"), (#", "deadline_s": -1"#, "deadline_s"),
      (#", "ttft_slo_s": 1e300"#, "ttft_slo_s"),
    ] {
      let error = #expect(throws: InputError.self) {
        try Self.run("return { api = 1 }", Self.line(0, text))
      }
      #expect(error?.description.contains(words) == true)
    }
  }

  /// While request 0 runs alone, three wait; the deadline decides who is next.
  @Test func theEarliestDeadlineGoesFirst() throws {
    let deadlines = ["", "5", "2", "3", ""]
    let trace = deadlines.enumerated().map {
      Self.line($0, $1.isEmpty ? "" : ", \"deadline_s\": \($1)")
    }.joined()
    let result = try Self.run(
      """
      return { api = 1, route = function(_, candidates) return candidates[1] end,
        batch = function() return { order = "edf", max_num_seqs = 1 } end }
      """, trace)
    let order = result.records.sorted { $0.end < $1.end }.map { Int($0.id.index) }
    #expect(order == [0, 2, 3, 1, 4])
  }

  @Test func predictorsTellWhatTheySay() throws {
    let trace = (0..<200).map { Self.line(1000 * $0, output: 20) }.joined()
    func predictions(_ predictor: String, seed: UInt64 = 0) throws -> [Int] {
      let result = try Self.run(
        """
        local seen = {}
        return { api = 1,
          admit = function(r) seen[#seen + 1] = r.predicted_output_tokens; return true end,
          done = function() return { seen = table.concat(seen, " ") } end }
        """, trace
      ) {
        $0.predictor = OutputPredictor(predictor)!
        $0.seed = seed
      }
      let text = result.policyJSON ?? ""
      return text.split { !$0.isNumber }.compactMap { Int($0) }
    }
    #expect(try predictions("none") == Array(repeating: 0, count: 200))
    #expect(try predictions("oracle") == Array(repeating: 20, count: 200))
    #expect(try predictions("mean") == [0] + Array(repeating: 20, count: 199))
    #expect(try predictions("noisy:0") == Array(repeating: 20, count: 200))
    let noisy = try predictions("noisy:0.5")
    #expect(try noisy == predictions("noisy:0.5"))
    #expect(try noisy != predictions("noisy:0.5", seed: 1))
    // The factor's median is 1: of 200, within 100 ± 4 standard deviations lie above.
    #expect(abs(noisy.filter { $0 > 20 }.count - 100) < 29, "\(noisy)")
    #expect(noisy.allSatisfy { $0 >= 1 })
    for wrong in ["", "noise", "noisy:", "noisy:-1", "noisy:nan", "noisy:99", "Mean"] {
      #expect(OutputPredictor(wrong) == nil, "\(wrong)")
    }
  }

  /// A request arrives every 30 ms and runs for 40 ms; state is scraped every 100 ms.
  @Test func routersMaySeeOldState() throws {
    let trace = (0..<10).map { Self.line(30 * $0 + 5) }.joined()
    let text = """
      local seen = {}
      return { api = 1,
        route = function(_, candidates) seen[#seen + 1] = candidates[1].running_count .. ":" .. candidates[1].inflight; return candidates[1] end,
        batch = function(instance, step) assert(instance.running_count + instance.waiting_count > 0); return {} end,
        done = function() return { seen = table.concat(seen, " ") } end }
      """
    let fresh = try Self.run(text, trace)
    let old = try Self.run(text, trace) { $0.viewLag = SimDuration(nanoseconds: 100_000_000) }
    // At 0 ms nobody runs; at 100 ms requests 2 and 3, which arrived at 65 and 95 ms; and so on.
    #expect(fresh.policyJSON?.contains("0:0 1:1") == true, "\(fresh.policyJSON ?? "")")
    let seen = (old.policyJSON ?? "").split(separator: " ").map { $0.split(separator: ":") }
    #expect(seen.count >= 10, "\(old.policyJSON ?? "")")
    #expect(old.policyJSON?.contains("0:0 0:1 0:1 0:1") == true, "\(old.policyJSON ?? "")")
    // A sample in between changes nothing of what routers see.
    let sampled = try Self.run(text, trace) {
      $0.viewLag = SimDuration(nanoseconds: 100_000_000)
      $0.logInterval = SimDuration(nanoseconds: 7_000_000)
    }
    #expect(sampled.policyJSON == old.policyJSON)
  }

  @Test func linksTellWhatIsOnTheWay() throws {
    let instances =
      [RandomScenario.instance("prefill/0", .prefill, blocks: 100)]
      + (0..<2).map { RandomScenario.instance("decode/\($0)", .decode, blocks: 100) }
    var workload = Workload(source: "test", format: "test")
    for id in 0..<2 {
      workload.requests.append(
        WorkloadRequest(
          arrival: SimTime(nanoseconds: Int64(id) * 1000), promptTokens: 20, outputTokens: 3))
    }
    let cost = LinearCost(base: 1000, perPrefillToken: 0, perDecodeRequest: 0)
    // 1 byte a nanosecond; 20 tokens of 256 bytes take 5,120 ns and 2,000 ns of latency.
    let link = LinkSpec(bandwidth: 1e9 / 1_073_741_824, latency: SimDuration(nanoseconds: 2000))
    let scenario = Scenario(
      cluster: RandomScenario.cluster(instances, link: link),
      costs: instances.map { _ in .linear(cost) }, workload: workload)
    let file = FileManager.default.temporaryDirectory.path + "/link-\(UUID().uuidString).lua"
    try """
    return { api = 1, route_decode = function(request, candidates, cluster)
      local link = cluster:link(cluster.prefill[1], candidates[1])
      assert(link.bytes_per_s == 1e9 and link.latency_s == 2e-6, link.bytes_per_s)
      if request.id == 0 then assert(link.queued_bytes == 0 and link.free_at_s == cluster.now_s) return candidates[1] end
      -- The first transfer began 1,000 ns ago: its first byte has yet to leave.
      assert(link.queued_bytes == 5120, link.queued_bytes)
      local other = cluster:link(candidates[2], candidates[2])
      assert(other.queued_bytes == 0)
      return candidates[2]
    end }
    """.write(toFile: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: file) }
    var policy = try LuaPolicy.load(files: [file])
    var observer = SilentObserver()
    let result = try Simulation.run(scenario, policy: &policy, observer: &observer)
    #expect(result.records.allSatisfy { $0.outcome == .finished })
  }
}
