import Foundation
import Testing

/// `--trace`: what Perfetto reads is what the run did.
@Suite struct TraceTests {
  private static let loaded = [
    "--cluster-config", "configs/cluster/single_node_2p1d.json", "--dataset",
    "workloads/bursty_long_prompts.jsonl", "--num-reqs", "60", "--log-level", "WARNING",
  ]

  private static func run(_ arguments: [String]) throws {
    let run = try Program.run(arguments)
    #expect(run.exitCode == 0, "\(run.errors)")
  }

  private static func events(_ path: String) throws -> [[String: Any]] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    let document = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    return try #require(document["traceEvents"] as? [[String: Any]])
  }

  private static func unpack(_ path: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-d", path]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  @Test func slicesCountersAndArrowsAreThoseOfTheRun() throws {
    try Program.inFolder { folder in
      try Self.run(
        Self.loaded + ["--trace", "\(folder)/trace.json", "--summary", "\(folder)/summary.json"])
      let events = try Self.events("\(folder)/trace.json")
      func named(_ phase: String) -> [[String: Any]] {
        events.filter { $0["ph"] as? String == phase }
      }
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/summary.json"))
      let summary = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      let instances = try #require(summary["instances"] as? [[String: Any]])
      for (index, instance) in instances.enumerated() {
        let slices = named("X").filter { $0["pid"] as? Int == index + 2 }
        #expect(slices.count == instance["iterations"] as? Int)
        let busy = slices.reduce(0.0) { $0 + (($1["dur"] as? Double) ?? 0) }
        #expect(abs(busy * 1000 - (instance["busy_ns"] as? Double ?? 0)) < 1000)
        let tokens = slices.reduce(0) {
          $0 + ((($1["args"] as? [String: Any])?["prefill_tokens"] as? Int) ?? 0)
        }
        #expect(tokens == instance["prefill_tokens"] as? Int)
        // An iteration begins when the one before has ended, or later.
        let times = slices.map { ($0["ts"] as? Double ?? -1, $0["dur"] as? Double ?? 0) }
        for (a, b) in zip(times, times.dropFirst()) { #expect(a.0 + a.1 <= b.0 + 0.0005) }
      }
      #expect(named("C").count == 2 * named("X").count)
      // Each request has a span of its own, and as many stages begin as end.
      #expect(named("b").count { ($0["name"] as? String)?.hasPrefix("request ") == true } == 60)
      #expect(named("b").count == named("e").count)
      #expect(named("s").count == 60 && named("f").count == 60)
    }
  }

  @Test func theTraceChangesNothingAndPackedIsTheSame() throws {
    try Program.inFolder { folder in
      try Self.run(Self.loaded + ["--output", "\(folder)/without.csv"])
      try Self.run(
        Self.loaded + ["--output", "\(folder)/with.csv", "--trace", "\(folder)/plain.json"])
      try Self.run(Self.loaded + ["--trace", "\(folder)/packed.json.gz"])
      func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
      }
      #expect(try bytes("with.csv") == bytes("without.csv"))
      #expect(try bytes("packed.json.gz").count < bytes("plain.json").count / 4)
      try Self.unpack("\(folder)/packed.json.gz")
      #expect(try bytes("packed.json") == bytes("plain.json"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 4)
    }
  }

  @Test func rejectionsAndPreemptionsAreMarkedAndTheWindowCuts() throws {
    try Program.inFolder { folder in
      let arguments = [
        "--dataset", "workloads/overload.jsonl", "--num-gpu-blocks", "200", "--num-reqs", "200",
        "--log-level", "WARNING", "--trace", "\(folder)/trace.json",
      ]
      try Self.run(arguments + ["--summary", "\(folder)/summary.json"])
      let all = try Self.events("\(folder)/trace.json")
      let marks = all.filter { $0["ph"] as? String == "i" }.compactMap { $0["name"] as? String }
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/summary.json"))
      let summary = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      let preemptions = try #require(summary["preemptions"] as? Int)
      #expect(preemptions > 0 && summary["failed"] as? Int == 3)
      #expect(marks.count { $0.hasPrefix("preempted ") } == preemptions)
      #expect(marks.count { $0.hasPrefix("rejected ") } == summary["failed"] as? Int)

      try Self.run(arguments + ["--trace-window", "2..4"])
      let some = try Self.events("\(folder)/trace.json")
      #expect(some.count > 10 && some.count < all.count / 2)
      for event in some where event["ph"] as? String == "X" {
        let start = try #require(event["ts"] as? Double)
        let end = start + (event["dur"] as? Double ?? 0)
        #expect(end >= 2e6 && start <= 4e6)
      }
    }
  }

  @Test(
    arguments: [
      (["--trace-window", "1..2"], 64), (["--trace", "t.json", "--trace-window", "2..1"], 64),
      (["--trace", "t.json", "--trace-window", "x"], 64), (["--trace", "/proc/t.json"], 2),
      (["--trace", "workloads/example_trace.jsonl"], 2),
      (["--trace", "t.json", "--seeds", "2"], 64),
      (["--trace", "t.json", "--policy", "policies/none.lua"], 3),
    ] as [([String], Int32)])
  func badInputIsRefused(_ arguments: [String], _ code: Int32) throws {
    let run = try Program.run(arguments)
    #expect(run.exitCode == code, "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: "\(Program.root)/t.json"))
  }
}
