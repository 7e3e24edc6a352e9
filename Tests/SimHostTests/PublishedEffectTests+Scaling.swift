import Foundation
import Testing

/// What instances that come and go with the load, or change sides with it, are said to be good for: nearly what a cluster
/// of the right size does, for less of its time; with a margin.
extension PublishedEffectTests {
  /// A cluster, as it is and under a policy: a metric of both, and the time in which instances were on.
  private static func pair(
    _ cluster: String, _ dataset: String, _ policy: String, _ metric: String, _ more: [String]
  ) throws -> (before: Double, after: Double, instanceSeconds: Double) {
    let trace = "workloads/\(dataset).jsonl"
    let still = try summary(cluster, trace, "least_loaded")
    let moving = try summary(cluster, trace, "scaling/\(policy)", more)
    let scaling = try #require(moving["scaling"] as? [String: Any])
    return (
      try number(still, metric), try number(moving, metric),
      try number(scaling, "instance_seconds")
    )
  }

  /// Time that the four instances of a cluster would have been on, had all been so from the beginning.
  private static func wholeCluster(_ dataset: String) throws -> Double {
    let all = try summary("pd_1p3d", "workloads/\(dataset).jsonl", "least_loaded")
    return try 4 * number(all, "duration")
  }

  /// vLLM's production stack scales on queued requests: under a wave that one decode instance cannot take, latency falls to
  /// a fraction, for less than the time of instances that are always there.
  @Test func startingOnQueuesEndsThemForLessThanTheWholeCluster() throws {
    let run = try Self.pair("pd_standby", "overload", "threshold", "mean_e2el_ms", [])
    #expect(run.after < 0.5 * run.before, "\(run)")
    let whole = try Self.wholeCluster("overload")
    #expect(run.instanceSeconds < 0.95 * whole, "\(run), \(whole) for all")
  }

  /// NVIDIA Dynamo's planner keeps the time between tokens near its target with fewer engine-hours than a fixed number of
  /// engines sized for the peak.
  @Test func planningByLoadKeepsTPOTWithFewerInstanceSeconds() throws {
    let target = 0.0135
    let run = try Self.pair(
      "pd_standby", "bursty_long_prompts", "dynamo_load_planner", "mean_tpot_ms",
      ["--param", "itl_s=\(target)"])
    #expect(run.after < 0.6 * run.before, "\(run)")
    #expect(run.after < 1.25 * 1000 * target, "\(run)")
    let whole = try Self.wholeCluster("bursty_long_prompts")
    #expect(run.instanceSeconds < 0.8 * whole, "\(run), \(whole) for all")
  }

  /// Splitwise, ISCA 2024, section 4.2: machines that go over to the side with the longer queue take the wait off prompts
  /// when the split does not fit the load, and decoding stays within reach of what it was.
  @Test(arguments: ["bursty_long_prompts", "overload"])
  func changingSidesTakesTheWaitOffPrompts(_ dataset: String) throws {
    let waits = try Self.pair("pd_1p3d", dataset, "role_flip", "p99_ttft_ms", [])
    #expect(waits.after < 0.6 * waits.before, "\(dataset): \(waits)")
    let ends = try Self.pair("pd_1p3d", dataset, "role_flip", "mean_e2el_ms", [])
    #expect(ends.after < ends.before, "\(dataset): \(ends)")
  }
}
