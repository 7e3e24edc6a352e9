import Foundation
import Testing

/// Policies of the library show the effects that their papers report, with a margin: where one does
/// not, either the policy or the simulation has it wrong.
@Suite struct PublishedEffectTests {
  static var mooncake: String? {
    let path =
      (ProcessInfo.processInfo.environment["SIMHOST_DATA"] ?? Program.root + "/../shared/data")
      + "/traces/mooncake/conversation_trace.jsonl"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }

  /// The JSON summary of a run.
  ///
  /// - Parameter cluster: name of a file in `configs/cluster`, or the path of one, which begins with `/`.
  static func summary(
    _ cluster: String, _ dataset: String, _ policy: String, _ more: [String] = []
  ) throws -> [String: Any] {
    try Program.inFolder { folder in
      let run = try Program.run(
        [
          "--cluster-config",
          cluster.hasPrefix("/") ? cluster : "configs/cluster/\(cluster).json",
          "--dataset", dataset,
          "--policy", "policies/\(policy).lua", "--summary", "\(folder)/summary.json",
        ] + more)
      #expect(run.exitCode == 0, "\(policy): \(run.errors)")
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/summary.json"))
      return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }
  }

  static func number(_ summary: [String: Any], _ key: String) throws -> Double {
    try #require(summary[key] as? Double, "the summary has no \(key)")
  }

  /// Mooncake, FAST 2025, figure on cache-aware scheduling: mean TTFT falls from random over load
  /// balancing and cache-aware routing by prefix to routing by expected TTFT.
  @Test(.enabled(if: mooncake != nil, "the Mooncake trace is not there"))
  func knowingMoreMakesTTFTShorterInTheOrderOfMooncake() throws {
    let trace = try #require(Self.mooncake)
    let policies = ["random", "least_loaded", "prefix_affinity", "routing/mooncake_conductor"]
    let means = try policies.map { policy in
      try Self.number(
        Self.summary(
          "single_node_4p4d", trace, policy, ["--num-reqs", "1500", "--enable-prefix-caching"]),
        "mean_ttft_ms")
    }
    for (better, worse) in zip(means.dropFirst(), means) {
      #expect(better < 0.95 * worse, "\(policies): \(means)")
    }
  }

  /// Mooncake, arXiv 2407.00079, section 7: rejecting on current load lets in all that comes while
  /// nothing has reached decoding yet, then nothing; predicted load ends that.
  @Test func predictedLoadEndsTheSwingsOfEarlyRejection() throws {
    try Program.inFolder { folder in
      let trace = "\(folder)/overload.jsonl"
      let made = try Program.run([
        "workload", "generate", "--rate", "4", "--duration", "120", "--prompt-tokens",
        "uniform:10000-14000", "--output-tokens", "lognormal:mean=200,sigma=0.3,max=600",
        "--seed", "9", "--output", trace,
      ])
      #expect(made.exitCode == 0, "\(made.errors)")
      func swing(_ by: String) throws -> Double {
        let csv = "\(folder)/\(by).csv"
        _ = try Self.summary(
          "single_node_2p1d", trace, "admission/early_rejection",
          [
            "--param", "by=\(by)", "--param", "tbt_slo_s=0.0155", "--output", csv,
            "--output-format", "wide",
          ])
        return try Self.swing(Self.decoding(csv, from: 20, to: 120))
      }
      let current = try swing("current")
      let predicted = try swing("predicted")
      #expect(current > 0.4, "\(current)")
      #expect(predicted < 0.75 * current, "\(predicted) against \(current)")
    }
  }

  /// Requests that decode, every half second between two times.
  private static func decoding(_ csv: String, from: Int, to: Int) throws -> [Double] {
    let lines = try String(contentsOfFile: csv, encoding: .utf8).split(whereSeparator: \.isNewline)
    let names = lines[0].split(separator: ",")
    let first = try #require(names.firstIndex(of: "first_token_ms"))
    let end = try #require(names.firstIndex(of: "end_ms"))
    let spans = lines.dropFirst().compactMap { line -> Range<Double>? in
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      guard let start = Double(cells[first]), let end = Double(cells[end]), start <= end else {
        return nil
      }
      return start..<end
    }
    #expect(spans.count > 50)
    return (from * 2..<to * 2).map { half in
      Double(spans.count { $0.contains(Double(half) * 500) })
    }
  }

  /// Standard deviation over mean.
  private static func swing(_ values: [Double]) -> Double {
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(values.count)
    return variance.squareRoot() / mean
  }

  /// A trace made for one test.
  static func generate(_ options: [String], _ body: (String) throws -> Void) throws {
    try Program.inFolder { folder in
      let trace = "\(folder)/made.jsonl"
      let made = try Program.run(["workload", "generate", "--output", trace] + options)
      #expect(made.exitCode == 0, "\(made.errors)")
      try body(trace)
    }
  }

  /// Llumnix, OSDI 2024, section 6: moving requests between instances ends most preemptions, and cuts the tail of the time
  /// between tokens and the queueing of prompts; that they stop for it is not felt.
  @Test func migrationEndsPreemptions() throws {
    try Self.generate([
      "--rate", "6", "--num-reqs", "400", "--prompt-tokens",
      "lognormal:mean=500,sigma=0.8,max=3000",
      "--output-tokens", "lognormal:mean=500,sigma=1.2,max=4000", "--seed", "4",
    ]) { trace in
      func run(_ more: [String]) throws -> [String: Any] {
        try Self.summary("mixed_4_small", trace, "round_robin", more)
      }
      let still = try run([])
      let moved = try run(["--policy", "policies/scaling/llumnix_migrate.lua"])
      #expect(still["migration"] == nil)
      let migration = try #require(moved["migration"] as? [String: Any])
      #expect(try Self.number(migration, "finished") > 20)
      #expect(try Self.number(migration, "p99_downtime_ms") < 5)
      #expect(try Self.number(moved, "preemptions") < 0.5 * Self.number(still, "preemptions"))
      #expect(try Self.number(moved, "p99_tpot_ms") < 0.8 * Self.number(still, "p99_tpot_ms"))
      #expect(try Self.number(moved, "mean_e2el_ms") < 0.95 * Self.number(still, "mean_e2el_ms"))
    }
  }

  /// Mooncake, arXiv 2407.00079, section 6.2: prefixes that are copied to idle instances spare prompts the queue or the compute.
  @Test func copiesOfHotPrefixesShortenTTFT() throws {
    var means = [0.0, 0.0]
    for seed in 4...6 {
      try Self.generate([
        "--rate", "60", "--num-reqs", "600", "--prefixes", "20", "--prefix-tokens",
        "uniform:6000-8000", "--prefix-skew", "1", "--prompt-tokens", "uniform:50-300",
        "--output-tokens", "lognormal:mean=40,sigma=0.5,max=200", "--seed", "\(seed)",
      ]) { trace in
        let more = ["--enable-prefix-caching", "--param", "spread=4"]
        for (place, copies) in [[], ["--policy", "policies/caching/replicate_hot.lua"]].enumerated()
        {
          means[place] += try Self.number(
            Self.summary("single_node_4p4d", trace, "prefix_affinity", more + copies),
            "mean_ttft_ms")
        }
      }
    }
    #expect(means[1] < 0.9 * means[0], "\(means)")
  }

  /// Sarathi-Serve, OSDI 2024: prompts that go first stall decodes; chunks within a budget do not.
  @Test func sarathiCutsTheTailOfTPOTAgainstPrefillFirst() throws {
    func tail(_ policy: String) throws -> Double {
      try Self.number(
        Self.summary(
          "single_node_single_instance", "workloads/bursty_long_prompts.jsonl", policy),
        "p99_tpot_ms")
    }
    #expect(try tail("batching/sarathi") < 0.5 * tail("batching/prefill_first"))
  }

  /// Orca, OSDI 2022: requests that join and leave between iterations do not wait for the longest
  /// output of a batch.
  @Test func iterationLevelSchedulingServesMoreThanStaticBatches() throws {
    func throughput(_ policy: String) throws -> Double {
      try Self.number(
        Self.summary(
          "single_node_single_instance", "workloads/overload.jsonl", policy,
          ["--param", "batch_size=16"]),
        "output_throughput")
    }
    #expect(try throughput("batching/orca") > 1.3 * throughput("batching/static"))
  }

  /// Under overload, the mean falls when short work goes first.
  @Test func shortestRemainingFirstShortensTheMean() throws {
    func mean(_ policy: String) throws -> Double {
      try Self.number(
        Self.summary("single_node_single_instance", "workloads/overload.jsonl", policy),
        "mean_e2el_ms")
    }
    #expect(try mean("batching/shortest_remaining") < 0.85 * mean("batching/vllm"))
  }

  /// Routers that look at caches or at load, against one that looks at neither, on 1,500 requests of Mooncake's
  /// conversations over four prefill instances.
  ///
  /// - Preble, ICLR 2025: 1.5 to 14.5 times shorter latency than round robin.
  /// - SGLang's router, release 0.4: more cache hits and throughput than round robin.
  /// - NVIDIA Dynamo, KV router: time to first token three times shorter than at random.
  /// - Llumnix, OSDI 2024: shorter tails of the time to first token than round robin.
  /// - Mitzenmacher, TPDS 2001: of two at random, the less loaded shortens the tail that one at random has.
  @Test(
    .enabled(if: mooncake != nil, "the Mooncake trace is not there"),
    arguments: [
      ("routing/preble_e2", "round_robin", "mean_ttft_ms", 0.67),
      ("routing/sglang_cache_aware", "round_robin", "mean_ttft_ms", 0.67),
      ("routing/dynamo_kv", "random", "mean_ttft_ms", 0.5),
      ("routing/llumnix", "round_robin", "p99_ttft_ms", 0.9),
      ("power_of_two", "random", "p99_ttft_ms", 0.75),
    ])
  func knowingBeatsNotKnowing(
    _ policy: String, _ baseline: String, _ metric: String, _ most: Double
  ) throws {
    let trace = try #require(Self.mooncake)
    let values = try [policy, baseline].map {
      try Self.number(
        Self.summary("single_node_4p4d", trace, $0, ["--num-reqs", "1500"]), metric)
    }
    #expect(values[0] < most * values[1], "\(policy) \(values[0]), \(baseline) \(values[1])")
  }

  /// The same: who sends prompts to the caches that know them finds more there.
  @Test(
    .enabled(if: mooncake != nil, "the Mooncake trace is not there"),
    arguments: ["routing/preble_e2", "routing/sglang_cache_aware", "routing/llm_d"])
  func routingByPrefixFindsMoreInCaches(_ policy: String) throws {
    let trace = try #require(Self.mooncake)
    let shares = try [policy, "round_robin"].map {
      try Self.number(
        Self.summary("single_node_4p4d", trace, $0, ["--num-reqs", "1500"]), "prefix_hit_share")
    }
    #expect(shares[0] > 1.2 * shares[1], "\(policy) \(shares)")
  }

  /// Virtual token counter, Sheng et al., OSDI 2024: a tenant that floods the server does not slow down one that asks for
  /// less than its share; first come, first served lets it.
  @Test func countersShieldTheModestFromTheFlood() throws {
    try Program.inFolder { folder in
      let trace = "\(folder)/tenants.jsonl"
      // 30 requests a second of one tenant, of which about 12 can be served, and one of the other.
      var lines: [(tenant: String, time: Int)] = []
      for place in 0..<1200 {
        let time = place * 1_000_000_000 / 30
        lines.append(("flood", time))
        if place % 30 == 0 { lines.append(("modest", time + 1)) }
      }
      let text = lines.map { tenant, time in
        """
        {"input_toks":800,"output_toks":200,"arrival_time_ns":\(time),"tenant":"\(tenant)"}
        """
      }
      try text.joined(separator: "\n").write(toFile: trace, atomically: true, encoding: .utf8)
      func wait(_ policy: String) throws -> Double {
        let csv = "\(folder)/rows.csv"
        _ = try Self.summary(
          "single_node_single_instance", trace, policy,
          ["--output", csv, "--output-format", "wide"])
        let rows = try String(contentsOfFile: csv, encoding: .utf8)
          .split(whereSeparator: \.isNewline)
        let column = try #require(rows[0].split(separator: ",").firstIndex(of: "ttft_ms"))
        let waits = zip(lines, rows.dropFirst()).compactMap { line, row -> Double? in
          let cells = row.split(separator: ",", omittingEmptySubsequences: false)
          return line.tenant == "modest" ? Double(cells[column]) : nil
        }
        #expect(waits.count == 40)
        return waits.reduce(0, +) / Double(waits.count)
      }
      let fair = try wait("batching/virtual_token_counter")
      let first = try wait("batching/vllm")
      #expect(fair < 0.2 * first, "\(fair) ms against \(first) ms")
    }
  }
}
