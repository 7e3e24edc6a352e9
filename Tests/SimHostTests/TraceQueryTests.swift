import Foundation
import Testing

/// `--trace`, asked in SQL as one asks Perfetto: the slices, counters and arrows of a run of a thousand requests.
///
/// The same queries go to tables that `TraceTables` makes by the rules of Perfetto's importer and, where its
/// `trace_processor_shell` is on the path, to that program.
@Suite struct TraceQueryTests {
  /// Counts of one trace, in one row.
  private static let query = """
    SELECT
      (SELECT count(*) FROM process WHERE name IN ('requests', 'prefill/0', 'prefill/1', 'decode/0')) AS processes,
      (SELECT count(*) FROM slice JOIN thread_track ON track_id = thread_track.id WHERE dur > 0) AS iterations,
      (SELECT count(*) FROM slice JOIN thread_track ON track_id = thread_track.id
        WHERE dur > 0 AND slice.name NOT IN ('prefill', 'decode', 'mixed')) AS strangers,
      (SELECT sum(dur) FROM slice JOIN thread_track ON track_id = thread_track.id) AS busy_ns,
      (SELECT count(*) FROM slice WHERE slice.name GLOB 'request *') AS requests,
      (SELECT sum(dur) FROM slice WHERE slice.name GLOB 'request *') AS latency_ns,
      (SELECT sum(dur) FROM slice WHERE category = 'request' AND slice.name = 'transfer') AS transfer_ns,
      (SELECT count(*) FROM slice WHERE category = 'request' AND depth = 1) AS stages,
      (SELECT max(depth) FROM slice) AS depth,
      (SELECT count(*) FROM process_counter_track
        WHERE name IN ('KV blocks used', 'KV blocks reserved', 'requests running', 'requests waiting')) AS tracks,
      (SELECT count(*) FROM counter JOIN process_counter_track t ON track_id = t.id) AS counts,
      (SELECT max(value) FROM counter JOIN process_counter_track t ON track_id = t.id
        WHERE t.name = 'requests running') AS most_running,
      (SELECT count(*) FROM flow) AS arrows,
      (SELECT count(*) FROM flow JOIN slice a ON slice_out = a.id JOIN slice b ON slice_in = b.id
        WHERE a.ts < b.ts AND a.track_id <> b.track_id AND a.name IN ('prefill', 'mixed')
          AND b.name IN ('decode', 'mixed')) AS good_arrows,
      (SELECT count(*) FROM slice WHERE slice.name GLOB 'preempted *') AS preempted,
      (SELECT count(*) FROM slice WHERE slice.name GLOB 'rejected *') AS rejected,
      (SELECT count(*) FROM slice WHERE slice.name GLOB 'slow *') AS faults,
      (SELECT count(*) FROM slice WHERE slice.name GLOB 'end of slow *') AS fault_ends,
      (SELECT coalesce(sum(value), 0) FROM stats WHERE severity IN ('error', 'data_loss')) AS errors
    """

  private static let requests = 1000

  /// Traces a run of 1,000 requests and two faults, and returns its summary.
  private static func trace(_ folder: String) throws -> [String: Any] {
    let workload = "\(folder)/requests.jsonl"
    let made = try Program.run([
      "workload", "generate", "--rate", "10", "--num-reqs", "\(requests)", "--prompt-tokens",
      "uniform:200-3000", "--output-tokens", "uniform:5-40", "-o", workload,
    ])
    #expect(made.exitCode == 0, "\(made.errors)")
    let run = try Program.run([
      "--cluster-config", "configs/cluster/single_node_2p1d.json", "--dataset", workload, "--quiet",
      "--fault", "t=20s slow prefill/0 by 2x for 10s", "--fault", "t=50s slow decode/0 by 3x",
      "--trace", "\(folder)/trace.json", "--summary", "\(folder)/summary.json",
    ])
    #expect(run.exitCode == 0, "\(run.errors)")
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/summary.json"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  private static func check(_ found: [String: Int], _ summary: [String: Any]) throws {
    let instances = try #require(summary["instances"] as? [[String: Any]])
    func total(_ name: String) -> Int { instances.reduce(0) { $0 + ($1[name] as? Int ?? 0) } }
    #expect(found["processes"] == 4 && found["errors"] == 0, "\(found)")
    #expect(found["iterations"] == total("iterations") && found["strangers"] == 0)
    #expect(abs((found["busy_ns"] ?? 0) - total("busy_ns")) <= total("iterations"))
    #expect(found["requests"] == requests && found["depth"] == 1)
    // Every request was computed and decoded; the stages of its life follow one another without a gap.
    #expect((found["stages"] ?? 0) >= 4 * requests)
    let latency = try #require(summary["mean_e2el_ms"] as? Double) * 1e6 * Double(requests)
    #expect(abs(Double(found["latency_ns"] ?? 0) - latency) < 1e-9 * latency + 1000)
    #expect((found["transfer_ns"] ?? 0) > 0)
    // Two counters of two values after each iteration, on each of three instances.
    #expect(found["tracks"] == 12 && found["counts"] == 4 * total("iterations"))
    #expect((found["most_running"] ?? 0) > 1)
    #expect(found["arrows"] == requests && found["good_arrows"] == requests)
    #expect(found["preempted"] == 0 && found["rejected"] == 0)
    // One of the two faults lasts.
    #expect(found["faults"] == 2 && found["fault_ends"] == 1)
  }

  @Test func sqlFindsWhatTheRunDid() throws {
    try Program.inFolder { folder in
      let summary = try Self.trace(folder)
      try Self.check(TraceTables.load("\(folder)/trace.json").counts(Self.query), summary)
    }
  }

  /// The stages of each request, end to end, are its latency.
  @Test func stagesFillTheSpanOfTheirRequest() throws {
    try Program.inFolder { folder in
      _ = try Self.trace(folder)
      let gaps = try TraceTables.load("\(folder)/trace.json").rows(
        """
        SELECT r.name, r.dur, sum(s.dur) FROM slice r JOIN slice s ON s.track_id = r.track_id AND s.depth = 1
        WHERE r.depth = 0 AND r.name GLOB 'request *' GROUP BY r.id HAVING sum(s.dur) <> r.dur
        """)
      #expect(gaps.isEmpty, "\(gaps.prefix(3))")
    }
  }

  /// What is wrong with a trace is found: the tables are no rubber stamp.
  @Test(arguments: [
    (#"{"ph":"X","name":"decode","pid":2,"tid":2,"ts":5,"dur":20}"#, "outlives"),
    (
      #"{"ph":"e","name":"queue","pid":2,"tid":2,"ts":5,"cat":"request","id":"7"}"#,
      "without its beginning"
    ),
    (#"{"ph":"b","name":"queue","pid":2,"tid":2,"ts":5,"cat":"request","id":"7"}"#, "without end"),
    (
      #"{"ph":"s","name":"KV transfer","pid":2,"tid":2,"ts":30,"cat":"request","id":"7"}"#,
      "flow_no_enclosing"
    ),
    (
      #"{"ph":"f","name":"KV transfer","pid":2,"tid":2,"ts":5,"cat":"request","id":"7","bp":"e"}"#,
      "without_start"
    ),
    (#"{"ph":"X","name":"decode","pid":0,"tid":0,"ts":30,"dur":5}"#, "process 0"),
  ])
  func brokenTracesAreFound(_ event: String, _ problem: String) throws {
    try Program.inFolder { folder in
      let events = [
        #"{"ph":"M","name":"process_name","pid":2,"tid":2,"args":{"name":"decode/0"}}"#,
        #"{"ph":"X","name":"decode","pid":2,"tid":2,"ts":0,"dur":10}"#, event,
      ]
      try "{\"traceEvents\":[\(events.joined(separator: ","))]}"
        .write(toFile: "\(folder)/trace.json", atomically: true, encoding: .utf8)
      let errors = try TraceTables.load("\(folder)/trace.json")
        .rows("SELECT name FROM stats WHERE severity = 'error'")
      #expect(errors.count == 1 && errors[0][0]?.contains(problem) == true, "\(errors)")
    }
  }

  private static let shell = (ProcessInfo.processInfo.environment["PATH"] ?? "")
    .split(separator: ":").map { "\($0)/trace_processor_shell" }
    .first(where: FileManager.default.isExecutableFile(atPath:))

  @Test(.enabled(if: shell != nil, "Perfetto's trace_processor_shell is not on the path"))
  func perfettoFindsTheSame() throws {
    try Program.inFolder { folder in
      let summary = try Self.trace(folder)
      let query = "\(folder)/query.sql"
      try (Self.query + ";\n").write(toFile: query, atomically: true, encoding: .utf8)
      let run = try Program.capture(
        Self.shell ?? "", ["-q", query, "\(folder)/trace.json"], in: folder)
      #expect(run.exitCode == 0)
      // A header of names in quotes, then the row.
      let lines = run.output.split(separator: "\n")
        .map { $0.split(separator: ",").map { $0.filter { $0 != "\"" } } }
      let head = try #require(lines.lastIndex { $0.contains("iterations") })
      let row = try #require(lines.indices.contains(head + 1) ? lines[head + 1] : nil)
      let found = zip(lines[head], row).map { ($0, Int(Double($1) ?? -1)) }
      try Self.check(Dictionary(uniqueKeysWithValues: found), summary)
    }
  }
}
