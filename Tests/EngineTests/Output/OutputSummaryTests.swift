import Foundation
import Testing

@testable import Engine

@Suite struct OutputSummaryTests {
  static let description = RunDescription(
    cluster: MetricsFixture.cluster, costModels: ["linear, for tests", "linear, for tests"],
    memory: [],
    workload: WorkloadDescription(
      source: "trace \"a\"\u{1}.jsonl", format: "Mooncake JSONL", requests: 4,
      span: SimDuration(nanoseconds: 300_000_000), promptTokens: 127, outputTokens: 6),
    policy: PolicyDescription(
      name: "least_kv", version: "1.0.0", files: ["policies/least_kv.lua"],
      parameters: [.init(name: "headroom", value: "0.05")],
      hooks: [.init(hook: "route", file: "policies/least_kv.lua", calls: 4)],
      table: #"{"moved": 3}"#),
    seed: .max, notes: ["float16 takes the calibration of bfloat16"])

  func document(detailed: Bool = false, targets: GoodputTargets? = nil) -> SummaryJSON {
    SummaryJSON(
      RunSummary(
        MetricsFixture.run, cluster: MetricsFixture.cluster, injected: 4, targets: targets),
      description: Self.description, result: MetricsFixture.run, detailed: detailed)
  }

  func parse(_ document: SummaryJSON) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(document.text.utf8))
    return try #require(object as? [String: Any])
  }

  @Test func benchmarkFieldsHaveTheNamesOfVLLM() throws {
    let json = try parse(document(targets: GoodputTargets(ttft: 50)))
    #expect(json["completed"] as? Int == 3)
    #expect(json["failed"] as? Int == 1)
    #expect(json["duration"] as? Double == 1.27)
    #expect(json["total_input_tokens"] as? Int == 120)
    #expect(json["total_output_tokens"] as? Int == 6)
    // Foundation's parser may miss the last bit of a double, so rates are compared as text.
    let text = document(targets: GoodputTargets(ttft: 50)).text
    #expect(text.contains("\"request_throughput\": \(3 / 1.27),"))
    #expect(text.contains("\"request_goodput\": \(2 / 1.27),"))
    #expect(text.contains("\"output_throughput\": \(6 / 1.27),"))
    #expect(text.contains("\"total_token_throughput\": \(126 / 1.27),"))
    #expect(json["max_output_tokens_per_s"] as? Int == 5)
    #expect(json["max_concurrent_requests"] as? Int == 3)
    for metric in ["ttft", "tpot", "itl", "e2el"] {
      for statistic in ["mean", "median", "std", "p50", "p90", "p95", "p99"] {
        #expect(json["\(statistic)_\(metric)_ms"] is Double, "\(statistic)_\(metric)_ms")
      }
    }
    #expect(json["median_ttft_ms"] as? Double == 50)
    #expect(json["ttfts"] == nil)
  }

  @Test func ownFieldsSayWhatRan() throws {
    let json = try parse(document())
    let run = try #require(json["run"] as? [String: Any])
    #expect(run["seed"] as? UInt64 == .max)
    let workload = try #require(run["workload"] as? [String: Any])
    #expect(workload["source"] as? String == "trace \"a\"\u{1}.jsonl")
    let policy = try #require(run["policy"] as? [String: Any])
    #expect(policy["files"] as? [String] == ["policies/least_kv.lua"])
    #expect(policy["parameters"] as? [String: String] == ["headroom": "0.05"])
    #expect((json["policy"] as? [String: Int]) == ["moved": 3])
    let instances = try #require(json["instances"] as? [[String: Any]])
    #expect(instances.map { $0["name"] as? String } == ["prefill/0", "decode/0"])
    #expect(instances[1]["kv_peak"] as? Double == 0.5)
    let rejections = try #require(json["rejections"] as? [[String: Any]])
    #expect(rejections[0]["reason"] as? String == "over \"quota\", try later")
    #expect(json["request_goodput"] is NSNull)
  }

  @Test func detailedArraysHaveOneEntryForEachRequest() throws {
    let json = try parse(document(detailed: true))
    #expect(json["ttfts"] as? [Double] == [0.05, 0.07, 0.02, 0])
    #expect(json["output_lens"] as? [Int] == [3, 2, 1, 0])
    #expect(json["itls"] as? [[Double]] == [[0.04, 0.06], [1.1], [], []])
    #expect(
      json["errors"] as? [String] == ["", "", "", "rejected: over \"quota\", try later"])
  }

  @Test func sameRunGivesTheSameBytes() {
    #expect(document(detailed: true).text == document(detailed: true).text)
  }

  @Test func runWithoutAnyRequestIsStillJSON() throws {
    let summary = RunSummary(RunResult(), cluster: MetricsFixture.cluster, injected: 0)
    let json = try parse(
      SummaryJSON(
        summary, description: Self.description, result: RunResult(), detailed: true))
    #expect(json["mean_ttft_ms"] is NSNull)
    #expect(json["request_throughput"] as? Double == 0)
    #expect(json["max_output_tokens_per_s"] == nil)
  }

  @Test func numbersThatJSONCannotExpressAreNull() {
    var json = JSONWriter(ByteSink())
    json.object { json in
      json.field("a", Double.nan)
      json.field("b", Double.infinity)
      json.field("c", 1e-7)
      json.array("d", [Int]()) { json, value in json.number(value) }
    }
    #expect(
      json.sink.text == "{\n  \"a\": null,\n  \"b\": null,\n  \"c\": 1e-07,\n  \"d\": []\n}")
  }
}
