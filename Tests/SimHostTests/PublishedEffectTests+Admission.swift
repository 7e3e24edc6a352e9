import Foundation
import Testing

/// What turning requests away, or serving them in another order, is said to be good for; with a margin.
extension PublishedEffectTests {
  private static func overload(_ more: [String]) throws -> [String: Any] {
    try summary(
      "single_node_single_instance", "workloads/overload.jsonl", "least_loaded",
      more + ["--goodput", "ttft:2000 tpot:100"])
  }

  /// More requests within their targets, though fewer are served, when some are turned away early.
  ///
  /// - llm-d's latency-slo admitter, and its probabilistic one.
  /// - A token bucket at what the instance can compute (RFC 2697 describes the meter).
  @Test(arguments: [
    ("slo_predicted", [], 1.5), ("saturation", [], 3),
    ("token_bucket", ["--param", "rate=10000"], 3),
  ])
  func turningAwayKeepsTargets(_ policy: String, _ more: [String], _ least: Double) throws {
    let open = try Self.overload([])
    let guarded = try Self.overload(["--policy", "policies/admission/\(policy).lua"] + more)
    let good = try [guarded, open].map { try Self.number($0, "request_goodput") }
    #expect(good[0] > least * good[1], "\(policy): \(good)")
    #expect(try Self.number(guarded, "completed") < Self.number(open, "completed"))
  }

  /// Without room for what is decoded already, more requests only preempt one another.
  @Test func aWatermarkSparesPreemptions() throws {
    let runs = try [["--policy", "policies/admission/kv_watermark.lua"], []].map {
      try Self.summary("pd_tiny_decode", "workloads/overload.jsonl", "least_loaded", $0)
    }
    let preemptions = try runs.map { try Self.number($0, "preemptions") }
    #expect(preemptions[0] < 0.7 * preemptions[1], "\(preemptions)")
  }

  /// Fair shares at the door: a tenant that floods the cluster is turned away, one that asks for little is not and does not
  /// wait.
  @Test func sharesAtTheDoorShieldTheModest() throws {
    try Self.generate([
      "--rate", "31", "--num-reqs", "1240", "--prompt-tokens", "800", "--output-tokens", "200",
      "--kind", "30*tenant=flood", "--kind", "1*tenant=modest", "--seed", "6",
    ]) { trace in
      func modest(_ more: [String]) throws -> [String: Any] {
        let run = try Self.summary("single_node_single_instance", trace, "least_loaded", more)
        let tenants = try #require(run["tenants"] as? [[String: Any]])
        return try #require(tenants.first { $0["tenant"] as? String == "modest" })
      }
      let shielded = try modest(["--policy", "policies/admission/tenant_share.lua"])
      let flooded = try modest([])
      #expect(try Self.number(shielded, "completed") == Self.number(shielded, "requests"))
      let waits = try [shielded, flooded].map { try Self.number($0, "mean_ttft_ms") }
      #expect(waits[0] < 0.2 * waits[1], "\(waits)")
    }
  }

  /// Mean times to the first token of chats, which are urgent, and of batch work, under overload.
  private static func order(_ policy: String, _ more: [String] = []) throws -> (
    chat: Double, batch: Double
  ) {
    var means: [String: Double] = [:]
    try generate([
      "--rate", "25", "--num-reqs", "500", "--prompt-tokens",
      "lognormal:mean=700,sigma=0.7,max=4000",
      "--output-tokens", "lognormal:mean=150,sigma=0.5,max=600",
      "--kind", "1*class=chat,priority=1,ttft_slo_s=1",
      "--kind", "2*class=batch,priority=0,ttft_slo_s=30", "--seed", "3",
    ]) { trace in
      let run = try summary(
        "single_node_single_instance", trace, "least_loaded",
        ["--policy", "policies/batching/\(policy).lua"] + more)
      for row in try #require(run["classes"] as? [[String: Any]]) {
        let name = try #require(row["class"] as? String)
        means[name] = try number(row, "mean_ttft_ms")
      }
    }
    return try (#require(means["chat"]), #require(means["batch"]))
  }

  /// Liu and Layland 1973, on deadlines; vLLM's `--scheduling-policy priority`: what is urgent passes what can wait, which
  /// then waits longer.
  @Test(arguments: ["earliest_deadline", "priority_aging"])
  func whatIsUrgentPassesWhatCanWait(_ policy: String) throws {
    let (ordered, arrived) = try (Self.order(policy), Self.order("vllm"))
    #expect(ordered.chat < 0.2 * arrived.chat, "\(ordered), \(arrived)")
    #expect(ordered.batch > arrived.batch, "\(ordered), \(arrived)")
  }

  /// Aging gives back to what waits some of what priority took.
  @Test func agingEndsStarvation() throws {
    let (aging, strict) = try (
      Self.order("priority_aging", ["--param", "aging=0.5"]),
      Self.order("priority_aging", ["--param", "aging=0"])
    )
    #expect(aging.batch < 0.9 * strict.batch, "\(aging), \(strict)")
    #expect(aging.chat < aging.batch, "\(aging)")
  }
}
