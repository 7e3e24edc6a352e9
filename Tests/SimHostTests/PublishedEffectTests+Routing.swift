import Foundation
import Testing

/// What routers are said to be good for, on workloads that bring it out; with a margin.
extension PublishedEffectTests {
  /// Nine short prompts in ten, and one that takes an instance most of a second.
  private static let fewLongPrompts = [
    "--rate", "14", "--num-reqs", "600", "--prompt-tokens",
    "0.9*lognormal:mean=600,sigma=0.5,max=2000|0.1*uniform:8000-16000",
    "--output-tokens", "lognormal:mean=150,sigma=0.5,max=600", "--seed", "5",
  ]

  /// vLLM's production stack: following caches, or keeping a session where it began, spares the prompts of agents most of
  /// what round robin computes again.
  @Test(arguments: [("routing/prefix_aware", 1.2), ("routing/session_affinity", 1.4)])
  func staysWhereTheCacheIs(_ policy: String, _ least: Double) throws {
    let runs = try [policy, "round_robin"].map {
      try Self.summary("single_node_4p4d", "workloads/agentic_sessions.jsonl", $0)
    }
    let ttft = try runs.map { try Self.number($0, "mean_ttft_ms") }
    #expect(ttft[0] < 0.7 * ttft[1], "\(policy): \(ttft)")
    let hits = try runs.map { try Self.number($0, "prefix_hit_share") }
    #expect(hits[0] > least * hits[1], "\(policy): \(hits)")
  }

  /// - Splitwise, ISCA 2024, section IV: the shortest queue, counted in tokens, balances what lengths make uneven.
  /// - SGLang's gateway, bucket policy: short prompts do not queue behind long ones, which shows in the mean; the long ones
  ///   share fewer instances, and wait.
  @Test(arguments: [("join_shortest_queue", 0.75), ("routing/sglang_bucket", 0.9)])
  func lengthsCount(_ policy: String, _ most: Double) throws {
    try Self.generate(Self.fewLongPrompts) { trace in
      let means = try [policy, "round_robin"].map {
        try Self.number(Self.summary("single_node_4p4d", trace, $0), "mean_ttft_ms")
      }
      #expect(means[0] < most * means[1], "\(policy): \(means)")
    }
  }

  /// DistServe, OSDI 2024, section 4.3: decoding that pulls keeps a burst in the memory of the prefill instances, and serves
  /// it sooner than a decode instance that is flooded.
  @Test func pullingServesABurstSooner() throws {
    let ends = try ["routing/distserve", "least_loaded"].map {
      try Self.number(
        Self.summary("pd_tiny_decode", "workloads/overload.jsonl", $0), "mean_e2el_ms")
    }
    #expect(ends[0] < 0.93 * ends[1], "\(ends)")
  }

  /// Splitwise, ISCA 2024, section IV: of four machines two that do both take the peaks of bursts off those that compute
  /// prompts.
  @Test func aMixedPoolTakesThePeaks() throws {
    func tail(_ policy: String, _ roles: [String?]) throws -> Double {
      try Program.inFolder { folder in
        let cluster = try Self.cluster(from: "pd_1p3d", in: folder) { instances in
          for (place, role) in roles.enumerated() { instances[place]["pd_type"] = role ?? NSNull() }
        }
        return try Self.number(
          Self.summary(cluster, "workloads/bursty_long_prompts.jsonl", policy), "p99_ttft_ms")
      }
    }
    let split = try tail("join_shortest_queue", ["prefill", "prefill", "decode", "decode"])
    let pool = try tail("routing/splitwise_mixed_pool", ["prefill", "decode", nil, nil])
    #expect(pool < 0.85 * split, "\(pool) ms against \(split) ms")
  }

  /// SGLang, `--radix-eviction-policy lfu`: prompts that nobody repeats do not push out the ones that many share.
  @Test func countingHitsKeepsWhatIsShared() throws {
    try Program.inFolder { folder in
      let cluster = try Self.cluster(from: "single_node_single_instance", in: folder) {
        $0[0]["num_gpu_blocks"] = 1200
      }
      var random = SystemOfSixPrompts()
      let trace = "\(folder)/shared.jsonl"
      try (0..<600).map { random.line($0) }.joined(separator: "\n")
        .write(toFile: trace, atomically: true, encoding: .utf8)
      let shares = try [["--policy", "policies/eviction/lfu.lua"], []].map {
        try Self.number(
          Self.summary(cluster, trace, "least_loaded", $0 + ["--enable-prefix-caching"]),
          "prefix_hit_share")
      }
      #expect(shares[0] > 1.1 * shares[1], "\(shares)")
    }
  }

  /// A file like one in `configs/cluster`, with other instances.
  private static func cluster(
    from name: String, in folder: String, _ change: (inout [[String: Any]]) -> Void
  ) throws -> String {
    let file = URL(fileURLWithPath: "\(Program.root)/configs/cluster/\(name).json")
    let json = try JSONSerialization.jsonObject(with: Data(contentsOf: file))
    var cluster = try #require(json as? [String: Any])
    var nodes = try #require(cluster["nodes"] as? [[String: Any]])
    var instances = try #require(nodes[0]["instances"] as? [[String: Any]])
    change(&instances)
    nodes[0]["instances"] = instances
    cluster["nodes"] = nodes
    let path = "\(folder)/cluster.json"
    try JSONSerialization.data(withJSONObject: cluster).write(to: URL(fileURLWithPath: path))
    return path
  }
}

/// Four prompts a second of 2,000 tokens and a question: two in three begin with one of six texts, the third with one of
/// its own.
private struct SystemOfSixPrompts {
  private var draws = UInt64(1)

  mutating func line(_ place: Int) -> String {
    draws = draws &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    let text = place % 3 == 0 ? 10_000 + place : Int(draws >> 33) % 6
    let tokens =
      (0..<2000).map { text * 4000 + $0 } + (0..<64).map { 100_000_000 + place * 100 + $0 }
    return """
      {"input_toks":2064,"output_toks":50,"arrival_time_ns":\(place * 250_000_000),"input_tok_ids":\(tokens)}
      """
  }
}
