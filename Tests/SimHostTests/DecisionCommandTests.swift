import Foundation
import Testing

/// `--decisions`, `--regret` and `why` as a user runs them.
@Suite struct DecisionCommandTests {
  private static let overload = [
    "--cluster-config", "configs/cluster/single_node_4p4d.json", "--dataset",
    "workloads/overload.jsonl", "--num-reqs", "200", "--policy", "policies/least_kv.lua",
  ]

  private static func lines(_ path: String) throws -> [[String: Any]] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
      return try #require(object as? [String: Any])
    }
  }

  /// One line a decision, in order of time; the run and, twice, the lines are the same bytes.
  @Test func decisionsAreWrittenAndChangeNothing() throws {
    try Program.inFolder { folder in
      func run(_ name: String, _ more: [String]) throws -> Program {
        let program = try Program.run(
          Self.overload + ["--summary", "\(folder)/\(name).json", "--log-level", "WARNING"] + more)
        #expect(program.exitCode == 0, "\(program.errors)")
        return program
      }
      _ = try run("plain", [])
      let first = try run("first", ["--decisions", "\(folder)/first.jsonl", "--regret"])
      _ = try run(
        "second", ["--decisions", "\(folder)/second.jsonl", "--regret", "--step-by-step"])
      let bytes = FileManager.default.contents(atPath: "\(folder)/plain.json")
      #expect(bytes != nil && bytes == FileManager.default.contents(atPath: "\(folder)/first.json"))
      #expect(
        FileManager.default.contents(atPath: "\(folder)/first.jsonl")
          == FileManager.default.contents(atPath: "\(folder)/second.jsonl"))
      #expect(first.output.contains("\nregret       prompts: "))

      let lines = try Self.lines("\(folder)/first.jsonl")
      #expect(lines.count == 400, "a prompt and a decode instance for each of 200 requests")
      var last = 0.0
      for line in lines {
        let time = try #require(line["time_s"] as? Double)
        #expect(time >= last)
        last = time
        let candidates = try #require(line["candidates"] as? [[String: Any]])
        let choice = try #require(line["choice"] as? String)
        #expect(
          candidates.count == 4 && candidates.contains { $0["instance"] as? String == choice })
        #expect(line["file"] as? String == "policies/least_kv.lua" && line["lua_ns"] == nil)
        for candidate in candidates {
          #expect(candidate["kv_usage"] is Double && candidate["estimate_s"] is Double)
          #expect(candidate["running_count"] == nil, "least_kv does not read it")
        }
      }
      let timed = try run("timed", ["--decisions", "\(folder)/t.jsonl", "--decisions-time"])
      #expect(timed.exitCode == 0)
      #expect(try Self.lines("\(folder)/t.jsonl").allSatisfy { ($0["lua_ns"] as? Int ?? 0) > 0 })
    }
  }

  private static let talkative = """
    return { api = 1,
      admit = function(request, cluster)
        if request.id == 2 then return false, "unlucky" end
        if request.id == 3 and request.deferrals < 2 then return "defer", 0.25 end
        return true
      end,
      route = function(request, candidates, cluster)
        if request.id == 5 then error("no fives") end
        sim.note("for " .. request.prompt_tokens)
        return cluster:argmin(candidates, "inflight")
      end,
      route_decode = function(request, candidates, cluster) return candidates[1] end,
      batch = function(instance, step, cluster)
        local function chunk(r) return math.min(r.remaining_prompt_tokens, step.budget - step.tokens) end
        for _, r in ipairs(instance.running) do
          if r.remaining_prompt_tokens == 0 then step:decode(r) elseif chunk(r) > 0 then step:prefill(r, chunk(r)) end
        end
        for _, r in ipairs(instance.waiting) do
          if chunk(r) > 0 then step:prefill(r, chunk(r)) end
        end
      end }
    """

  /// A policy that fails leaves what it decided before; `why` tells of admission, notes and batches.
  @Test func decisionsShowNotesCallsAndTheWayToAFailure() throws {
    try Program.inFolder { folder in
      let policy = "\(folder)/talkative.lua"
      try Self.talkative.write(toFile: policy, atomically: true, encoding: .utf8)
      let failing = try Program.run(["--policy", policy, "--decisions", "\(folder)/d.jsonl"])
      #expect(failing.exitCode == 3 && failing.errors.contains("no fives"))
      let lines = try Self.lines("\(folder)/d.jsonl")
      let admitted = lines.filter { $0["hook"] as? String == "admit" }
      #expect(admitted.contains { $0["choice"] as? String == "reject: unlucky" })
      let routed = try #require(lines.first { $0["hook"] as? String == "route" })
      #expect((routed["notes"] as? [String])?.first?.hasPrefix("for ") == true)
      #expect((routed["read"] as? [String: Any])?["prompt_tokens"] is Int)
      let batch = try #require(lines.first { $0["hook"] as? String == "batch" })
      let call = try #require((batch["calls"] as? [[String: Any]])?.first)
      #expect(call["call"] as? String == "prefill" && call["tokens"] is Int)

      func why(_ request: Int) throws -> String {
        let run = try Program.run(["why", "\(request)", "--num-reqs", "5", "--policy", policy])
        #expect(run.exitCode == 0, "\(run.errors)")
        return run.output
      }
      let rejected = try why(2)
      #expect(rejected.contains("talkative.lua: reject: unlucky"))
      #expect(rejected.hasSuffix("rejected: unlucky\n"))
      let deferred = try why(3)
      #expect(deferred.contains(": defer: 0.25 s") && deferred.contains("note: for "))
      #expect(deferred.contains("read of it: id 3, deferrals 2"))
      #expect(
        deferred.contains(/batch by .*: prefill of \d+ tokens/) && deferred.contains("finished"))
    }
  }

  @Test func whyFollowsARunByItsOptionsOrItsSummary() throws {
    try Program.inFolder { folder in
      let run = try Program.run(Self.overload + ["--summary", "\(folder)/run.json"])
      #expect(run.exitCode == 0)
      let told = try Program.run(["why", "40"] + Self.overload)
      #expect(told.exitCode == 0 && told.output.hasPrefix("request 40: "))
      #expect(
        told.output.contains("route by policies/least_kv.lua: prefill/")
          && told.output.contains("kv_usage") && told.output.contains("estimate"))
      for part in ["arrives", "its prompt begins on", "first token: TTFT", "its KV cache", "E2E"] {
        #expect(told.output.contains(part), "\(told.output)")
      }
      let again = try Program.run(["why", "40", "\(folder)/run.json"])
      #expect(again.output == told.output && again.errors.isEmpty)
      let native = try Program.run(["why", "7"])
      #expect(native.output.contains("route by default, least 4 · waiting + running: prefill/0"))
    }
  }

  @Test(arguments: [
    (["why", "300"], "the trace has requests 0 to 299"),
    (["why", "1", "run.json", "--num-reqs", "3"], "give one of the two"),
    (["why", "1", "--seeds", "3"], "--seeds"),
    (["--seeds", "2", "--regret"], "one native run"),
    (["--decisions-time"], "--decisions-time without --decisions"),
  ])
  func whatCannotBeAnsweredIsSaid(_ arguments: [String], _ words: String) throws {
    let run = try Program.run(arguments)
    #expect(run.exitCode == 64 && run.errors.contains(words), "\(run.errors)")
  }
}
