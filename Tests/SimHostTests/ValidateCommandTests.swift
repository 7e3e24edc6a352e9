import Foundation
import Testing

/// `simhost validate` as a user runs it.
@Suite struct ValidateCommandTests {
  private static let table = """
    arrival_s,prompt_tokens,output_tokens,ttft_ms,tpot_ms,latency_ms
    0.0,500,20,50,12,278
    0.7,900,40,80,13,587

    """

  @Test func aTableOfOnesOwnIsComparedInTheFormOfTheReference() throws {
    try Program.inFolder { folder in
      try Self.table.write(toFile: "\(folder)/mine.csv", atomically: true, encoding: .utf8)
      let run = try Program.run([
        "validate", "\(folder)/mine.csv", "\(folder)/mine.csv", "--cluster-config",
        "configs/cluster/single_node_single_instance.json", "--output", "\(folder)/out",
      ])
      #expect(run.exitCode == 0, "\(run.errors)")
      #expect(
        run.output.contains("\nMetric                       Measured         Sim     Diff%\n-----"))
      // (50 + 80) / 2 and (12 + 13) / 2.
      #expect(run.output.contains("\nTTFT Mean                        65.0  "))
      #expect(run.output.contains("\nTPOT Median                      12.5  "))
      #expect(run.output.contains("\nMakespan s                        1.3  "))
      for row in ["Latency P99", "Output throughput tok/s", "running", "waiting", "mine-2"] {
        #expect(run.output.contains("\n\(row) "), "\(row)")
      }
      let files = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/out").sorted()
      #expect(files == ["mine-2.csv", "mine-2.svg", "mine.csv", "mine.svg"])
      let series = try String(contentsOfFile: "\(folder)/out/mine.csv", encoding: .utf8)
      #expect(series.hasPrefix("t_s,measured_output_tokens,simulated_output_tokens,"))
      #expect(
        series.split(separator: "\r\n").count == 3 || series.split(separator: "\n").count == 3)
    }
  }

  @Test func whatIsMissingOrDamagedIsNamed() throws {
    try Program.inFolder { folder in
      let file = "\(folder)/mine.csv"
      try Self.table.replacing("80,13", with: "80,99")
        .write(toFile: file, atomically: true, encoding: .utf8)
      let cluster = ["--cluster-config", "configs/cluster/single_node_single_instance.json"]
      for (arguments, expected) in [
        ([file] + cluster, "\(file):3: tpot_ms: is 99"),
        (["\(folder)/none.csv"] + cluster, "none.csv: cannot be opened"),
        ([folder] + cluster, "has no requests.jsonl"),
        (["workloads/example_trace.jsonl"] + cluster, "workloads/example_trace.jsonl"),
      ] as [([String], String)] {
        let run = try Program.run(["validate"] + arguments, limit: 20)
        #expect(run.exitCode == 2, "\(arguments): \(run.errors)")
        #expect(run.errors.contains(expected), "\(arguments): \(run.errors)")
      }
      try Self.table.write(toFile: file, atomically: true, encoding: .utf8)
      let run = try Program.run(["validate", file], limit: 20)
      #expect(run.exitCode == 2)
      #expect(run.errors.contains("--cluster-config"))
      #expect(try Program.run(["validate"]).exitCode == 64)
    }
  }

  /// The measured runs of LLMServingSim, where the reference data is there.
  @Test(.enabled(if: data != nil, "reference data is absent; set SIMHOST_DATA"))
  func measuredRunsAreReplayed() throws {
    let base = try #require(Self.data) + "/llmservingsim"
    let run = try Program.run([
      "validate", "\(base)/bench/examples/RTXPRO6000/Llama-3.1-8B", "--profile-dir",
      "\(base)/profiler/perf",
    ])
    #expect(run.exitCode == 0, "\(run.errors)")
    // What the reference's own summary says of the measurement.
    let summary = try String(
      contentsOfFile: "\(base)/bench/examples/RTXPRO6000/Llama-3.1-8B/validation/summary.txt",
      encoding: .utf8)
    for line in summary.split(separator: "\n") where line.contains("%") && line.first != "M" {
      #expect(run.output.contains("\n\(line.prefix(37))"), "\(line)")
    }
    #expect(run.output.contains("sharegpt-llama-3.1-8b-300-sps10.jsonl"))
  }

  static var data: String? {
    let path =
      ProcessInfo.processInfo.environment["SIMHOST_DATA"] ?? Program.root + "/../shared/data"
    return FileManager.default.fileExists(atPath: path + "/llmservingsim") ? path : nil
  }
}
