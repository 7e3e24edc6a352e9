import Foundation
import Testing

@testable import Engine

/// Measured runs are read as they were written, or refused by file, line and field.
@Suite struct MeasuredRunReaderTests {
  static let table = """
    arrival_s,prompt_len,output_len,ttft_ms,tpot_ms,latency_ms
    0.0,55,4,71.4981,31.0392,164.6156
    0.5,829,1,83.5,0,83.5

    """
  static let bench = """
    {"model_id": "a/b", "input_lens": [5, 6], "output_lens": [3, 1], "start_times": [10.0, 10.5],
    "ttfts": [0.25, 0.5], "itls": [[0.25, 0.5], []], "errors": ["", ""]}
    """
  static let request = """
    {"request_id": "bench-0", "input_toks": 5, "output_toks": 3, "arrival_time": 1777142838.5, \
    "queued_ts": 100.0, "scheduled_ts": 100.0, "first_token_ts": 100.25, "last_token_ts": 101.0}

    """
  static let meta = """
    {"model": "a/b", "vllm_version": "0.19.0", "engine_kwargs": {"tensor_parallel_size": 2,
    "max_num_seqs": 64}, "dataset_path": "w/t.jsonl", "started_at": "2026-04-25T18:47:18.000000Z"}
    """
  static let series =
    "t,prompt_throughput,gen_throughput,running,waiting\n1.0,5,1,1,0\n2.0,0,2,0,0\n"

  /// A folder with the files of a vLLM run.
  private static func vllm<Result>(
    meta: String = meta, requests: String = request, series: String? = series,
    _ body: (String) throws -> Result
  ) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.path + "/simhost-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: folder + "/vllm", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (name, text) in [
      ("meta.json", meta), ("requests.jsonl", requests), ("timeseries.csv", series),
    ] {
      try text?.write(toFile: "\(folder)/vllm/\(name)", atomically: true, encoding: .utf8)
    }
    return try body(folder)
  }

  @Test func distServeTable() throws {
    let run = try TraceFixture.inFile(Data(Self.table.utf8)) { try MeasuredRun.load(path: $0) }
    #expect(run.format == "DistServe CSV")
    #expect(run.workload.requests.map(\.promptTokens) == [55, 829])
    #expect(run.served[0].firstToken == SimTime(nanoseconds: 71_498_100))
    #expect(run.served[1].end == SimTime(nanoseconds: 583_500_000))
    #expect(run.series == nil)
  }

  @Test func benchServe() throws {
    let run = try TraceFixture.inFile(Data(Self.bench.utf8)) { try MeasuredRun.load(path: $0) }
    #expect(run.settings.model == "a/b")
    #expect(run.served[0].end == SimTime(nanoseconds: 1_000_000_000))
    #expect(run.served[1].arrival == SimTime(nanoseconds: 500_000_000))
  }

  @Test func vLLMRun() throws {
    let run = try Self.vllm { try MeasuredRun.load(path: $0) }
    // Half a second after the start of the bench, where the series begins.
    #expect(run.served[0].arrival == SimTime(nanoseconds: 500_000_000))
    #expect(run.served[0].firstToken == SimTime(nanoseconds: 750_000_000))
    #expect(run.settings.maxNumSeqs == 64 && run.settings.tensorParallelSize == 2)
    #expect(run.settings.server == "vLLM 0.19.0" && run.settings.dataset == "w/t.jsonl")
    #expect(run.series?.outputTokens == [1, 2])
    #expect(try Self.vllm(series: nil) { try MeasuredRun.load(path: $0) }.series == nil)
  }

  @Test func throughputTable() throws {
    let text = "time_s\tthroughput\n0\t0\n1\t2.5\n3\t4\n"
    var run = try TraceFixture.inFile(Data(text.utf8)) { try MeasuredRun.load(path: $0) }
    #expect(run.series?.outputTokens == [2.5, 0, 4])
    #expect(run.workload.requests.isEmpty)
    var trace = Workload(source: "t", format: "f")
    trace.requests = [WorkloadRequest(arrival: .zero, promptTokens: 1, outputTokens: 1)]
    try run.replay(trace)
    #expect(run.workload.requests.count == 1 && run.served.isEmpty)
  }

  @Test func promptsOfAnotherRunAreRefused() throws {
    let table = try TraceFixture.inFile(Data(Self.table.utf8)) { try MeasuredRun.load(path: $0) }
    for (prompt, expected) in [(55, true), (56, false)] {
      var trace = Workload(source: "t", format: "f")
      trace.requests = [
        WorkloadRequest(arrival: .zero, promptTokens: prompt, outputTokens: 4),
        WorkloadRequest(arrival: .zero, promptTokens: 829, outputTokens: 1),
      ]
      trace.content = [1, 2, 3]
      var run = table
      if expected {
        try run.replay(trace)
        #expect(run.workload.content == [1, 2, 3])
        #expect(run.workload.requests[1].arrival == SimTime(nanoseconds: 500_000_000))
      } else {
        #expect(throws: InputError.self) { try run.replay(trace) }
      }
    }
  }

  @Test func damageIsNamedByLineAndField() throws {
    let tables: [(String, String, [String])] = [
      ("164.6156", "60.0", [":2:", "latency_ms", "last token comes before the first"]),
      ("71.4981", "many", [":2:", "ttft_ms", "many"]),
      ("71.4981", "-1", [":2:", "ttft_ms"]),
      ("31.0392", "99", [":2:", "tpot_ms", "31.0"]),
      ("latency_ms", "latencies", ["latencies", "latency_ms"]),
      (",latency_ms", "", ["the row has 6 columns"]),
      ("829,1", "829,0", [":3:", "829 and 0 tokens"]),
      ("31.0392,164.6156", "33333333309.5,1e11", ["at most 604800 s"]),
    ]
    for (found, by, expected) in tables {
      check(expected) {
        try TraceFixture.inFile(
          Data(Self.table.replacing(found, with: by, maxReplacements: 1).utf8)
        ) {
          try MeasuredRun.load(path: $0)
        }
      }
    }
    for (found, by, expected) in [
      ("\"start_times\"", "\"starts\"", ["start_times", "--save-detailed"]),
      ("[0.25, 0.5],", "[0.25],", ["ttfts", "2 entries"]),
      ("[5, 6]", "[5, \"6\"]", ["input_lens[1]"]),
      ("[[0.25", "[[-0.25", ["itls[0][0]"]),
      ("10.5]", "10.5", [":"]),
    ] as [(String, String, [String])] {
      check(expected) {
        try TraceFixture.inFile(
          Data(Self.bench.replacing(found, with: by, maxReplacements: 1).utf8)
        ) {
          try MeasuredRun.load(path: $0)
        }
      }
    }
    check(["requests.jsonl:2", "queued_ts", "missing"]) {
      try Self.vllm(requests: Self.request + Self.request.replacing("queued_ts", with: "q")) {
        try MeasuredRun.load(path: $0)
      }
    }
    check(["requests.jsonl:1", "first token comes before"]) {
      try Self.vllm(requests: Self.request.replacing("100.25", with: "99.0")) {
        try MeasuredRun.load(path: $0)
      }
    }
    check(["meta.json", "data_parallel_size", "not simulated"]) {
      try Self.vllm(
        meta: Self.meta.replacing("\"max_num_seqs\": 64", with: "\"data_parallel_size\": 2")
      ) {
        try MeasuredRun.load(path: $0)
      }
    }
    check(["timeseries.csv:3", "running"]) {
      try Self.vllm(series: Self.series.replacing("0,2,0,0", with: "0,2,x,0")) {
        try MeasuredRun.load(path: $0)
      }
    }
  }

  private func check(
    _ expected: [String], sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> MeasuredRun
  ) {
    do {
      _ = try body()
      Issue.record("nothing was refused", sourceLocation: sourceLocation)
    } catch {
      for part in expected {
        #expect("\(error)".contains(part), "\(error)", sourceLocation: sourceLocation)
      }
      #expect(error is InputError, sourceLocation: sourceLocation)
    }
  }

  /// Whatever happens to the bytes, reading ends in a run that can be compared, or in an error.
  @Test func damagedBytesAreReadOrRefused() throws {
    let texts = [
      Self.table, Self.bench, Self.request + Self.request, "time_s\tthroughput\n1\t5\n2\t6\n",
    ]
    for (place, text) in texts.enumerated() {
      for seed in 0..<150 as Range<UInt64> {
        let bytes = WorkloadDamageTests.damage(Data(text.utf8), seed)
        let damaged = String(decoding: bytes, as: UTF8.self)
        do {
          let run =
            place == 2
            ? try Self.vllm(requests: damaged) { try MeasuredRun.load(path: $0) }
            : try TraceFixture.inFile(Data(damaged.utf8)) { try MeasuredRun.load(path: $0) }
          #expect(run.workload.requests.count == run.served.count, "text \(place), seed \(seed)")
          _ = SecondSeries(of: run.served)
        } catch {
          #expect(error is InputError, "text \(place), seed \(seed): \(error)")
        }
      }
    }
  }
}
