import Foundation
import Testing

/// Runs in the formats of other tools.
@Suite struct ExportTests {
  private static func json(_ path: String) throws -> [String: Any] {
    let file = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path)))
    return try #require(file as? [String: Any])
  }

  /// vLLM's own fields, and a run that reads as itself.
  @Test func vllmBenchServe() throws {
    try Program.inFolder { folder in
      let file = "\(folder)/bench.json"
      let cluster = ["--cluster-config", "configs/cluster/single_node_colocated_pair.json"]
      let run = try Program.run(["--quiet", "--export-vllm", file] + cluster)
      #expect(run.exitCode == 0, "\(run.errors)")
      let bench = try Self.json(file)
      for array in ["input_lens", "output_lens", "ttfts", "itls", "start_times", "errors"] {
        #expect((bench[array] as? [Any])?.count == 300, "\(array)")
      }
      let gaps = try #require(bench["itls"] as? [[Double]])
      let lengths = try #require(bench["output_lens"] as? [Int])
      for (gaps, length) in zip(gaps, lengths) { #expect(gaps.count == length - 1) }
      #expect(bench["model_id"] as? String == "meta-llama/Llama-3.1-8B")
      let again = try Program.run(
        ["validate", file, "--dataset", "workloads/example_trace.jsonl"] + cluster)
      #expect(again.exitCode == 0, "\(again.errors)")
      #expect(
        again.output.contains("TPOT Mean                        13.1        13.1     +0.0%"),
        "\(again.output)")
    }
  }

  @Test func aiperf() throws {
    try Program.inFolder { folder in
      let summary = "\(folder)/summary.json"
      let run = try Program.run([
        "--quiet", "--export-aiperf", "\(folder)/aiperf", "--summary", summary, "--warmup", "50",
        "--goodput", "ttft:60",
      ])
      #expect(run.exitCode == 0, "\(run.errors)")
      let wanted = try Self.json(summary)
      let found = try Self.json("\(folder)/aiperf/profile_export_aiperf.json")
      func statistic(_ metric: String, _ name: String) throws -> Double {
        try #require((found[metric] as? [String: Any])?[name] as? Double, "\(metric) \(name)")
      }
      for (metric, name, field) in [
        ("time_to_first_token", "avg", "mean_ttft_ms"),
        ("time_to_first_token", "p99", "p99_ttft_ms"),
        ("inter_token_latency", "p50", "p50_tpot_ms"), ("request_latency", "std", "std_e2el_ms"),
        ("request_throughput", "avg", "request_throughput"), ("goodput", "avg", "request_goodput"),
        ("output_token_throughput", "avg", "output_throughput"),
        ("request_count", "avg", "completed"),
      ] {
        let value = try #require(wanted[field] as? Double)
        let shown = try statistic(metric, name)
        #expect(abs(shown - value) <= 1e-9 * value, "\(metric) \(name)")
      }
      #expect(try statistic("request_latency", "count") == 250)
      let lines = try String(
        contentsOfFile: "\(folder)/aiperf/profile_export.jsonl", encoding: .utf8
      ).split(separator: "\n")
      #expect(lines.count == 250)
      let first = try #require(
        try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
      let metadata = try #require(first["metadata"] as? [String: Any])
      let metrics = try #require(first["metrics"] as? [String: [String: Any]])
      #expect(metadata["session_num"] as? Int == 50 && first["error"] is NSNull)
      let latency = try #require(metrics["request_latency"]?["value"] as? Double)
      let (start, end) = (
        try #require(metadata["request_start_ns"] as? Int),
        try #require(metadata["request_end_ns"] as? Int)
      )
      #expect(abs(Double(end - start) / 1e6 - latency) < 1e-6)
    }
  }
}
