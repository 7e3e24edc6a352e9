import Foundation
import Testing

/// Configurations and traces that are wrong: exit code 2, and a message that names file, line and field.
@Suite struct HostileInputCommandTests {
  private static func cluster(_ change: (inout String) -> Void) throws -> String {
    let path = Program.root + "/configs/cluster/single_node_pd_instance.json"
    var text = try String(contentsOfFile: path, encoding: .utf8)
    let before = text
    change(&text)
    #expect(text != before)
    return text
  }

  private func refuses(
    _ flag: String, _ bytes: Data, name: String, _ expected: [String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try Program.inFolder { folder in
      let file = "\(folder)/\(name)"
      try bytes.write(to: URL(fileURLWithPath: file))
      let csv = "\(folder)/out/run.csv"
      let run = try Program.run([flag, file, "--output", csv], limit: 20)
      #expect(
        run.exitCode == 2, "exit code \(run.exitCode): \(run.errors.suffix(300))",
        sourceLocation: sourceLocation)
      for part in ["error: \(file)"] + expected {
        #expect(
          run.errors.contains(part), "no \(part) in \(run.errors.prefix(400))",
          sourceLocation: sourceLocation)
      }
      #expect(run.errors.utf8.count < 2000, "a message, not a dump", sourceLocation: sourceLocation)
      #expect(!FileManager.default.fileExists(atPath: csv))
    }
  }

  @Test func clustersAreRefusedByFileLineAndField() throws {
    let changes: [(found: String, by: String, expected: [String])] = [
      ("\"link_bw\": 16", "\"link_bw\": -16", ["link_bw", "-16"]),
      ("\"link_bw\": 16", "\"link_bw\": NaN", [":"]),
      ("\"link_bw\": 16", "\"link_bw\": \"fast\"", ["link_bw"]),
      ("\"link_bw\": 16", "\"link_bw\": 1e999", ["link_bw"]),
      ("\"link_bw\"", "\"lnik_bw\"", ["lnik_bw", "link_bw"]),
      ("\"tp_size\": 1", "\"tp_size\": 0", ["tp_size", "0"]),
      ("\"tp_size\": 1", "\"tp_size\": 1.5", ["tp_size", "1.5"]),
      ("\"tp_size\": 1", "\"tp_size\": 99999999999999999999", ["tp_size"]),
      ("\"prefill\"", "\"prefil\"", ["pd_type", "prefill"]),
      ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-9B", ["Llama-3.1-9B", "Llama-3.1-8B"]),
      ("RTXPRO6000", "RTXPRO7000", ["RTXPRO7000"]),
      ("\"mem_size\": 96", "\"mem_size\": 1", ["mem_size"]),
    ]
    for change in changes {
      let text = try Self.cluster {
        $0 = $0.replacing(change.found, with: change.by, maxReplacements: 1)
      }
      try refuses("--cluster-config", Data(text.utf8), name: "cluster.json", change.expected)
    }
    try refuses("--cluster-config", Data(), name: "cluster.json", [])
    try refuses("--cluster-config", Data("[1, 2]".utf8), name: "cluster.json", [])
    try refuses("--cluster-config", Data("{\"nodes\": ".utf8), name: "cluster.json", [":1"])
    let deep = String(repeating: "[", count: 100_000)
    try refuses("--cluster-config", Data(deep.utf8), name: "cluster.json", [])
    try refuses("--cluster-config", Data([0xff, 0xfe, 0, 0x80]), name: "cluster.json", [])
  }

  @Test func tracesAreRefusedByFileLineAndField() throws {
    let good = "{\"input_toks\": 10, \"output_toks\": 5, \"arrival_time_ns\": 100}\n"
    let lines: [(String, [String])] = [
      ("{\"input_toks\": 10, \"arrival_time_ns\": 100}\n", ["output_toks"]),
      ("{\"input_toks\": \"x\", \"output_toks\": 5, \"arrival_time_ns\": 100}\n", ["input_toks"]),
      (
        "{\"input_toks\": -10, \"output_toks\": 5, \"arrival_time_ns\": 100}\n",
        ["input_toks", "negative"]
      ),
      ("{\"input_toks\": 10, \"output_toks\": 0, \"arrival_time_ns\": 100}\n", ["output_toks"]),
      ("{\"input_toks\": NaN, \"output_toks\": 5, \"arrival_time_ns\": 100}\n", []),
      ("{\"input_toks\": 1e300, \"output_toks\": 5, \"arrival_time_ns\": 100}\n", ["input_toks"]),
      (
        "{\"input_toks\": 10, \"output_toks\": 5, \"arrival_time_ns\": 50}\n",
        ["arrival", "--sort-arrivals"]
      ),
      ("{\"input_toks\": 10, \"output_toks\": 5, \"arrival_time_ns\": 1", []),
      ("not json\n", []),
    ]
    for (line, expected) in lines {
      try refuses("--dataset", Data((good + line).utf8), name: "trace.jsonl", [":2"] + expected)
    }
    let long = "{\"input_toks\": 10, \"x\": \"" + String(repeating: "y", count: 10 << 20) + "\n"
    try refuses("--dataset", Data((good + long).utf8), name: "trace.jsonl", [":2"])
    try refuses("--dataset", Data(), name: "trace.jsonl", ["is empty"])
    try refuses("--dataset", Data("a,b,c\n1,2,3\n".utf8), name: "trace.csv", [])
    let azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,374,44\n"
    try refuses(
      "--dataset", Data((azure + "2023-11-16 18:17:04.0,-3,44\n").utf8), name: "trace.csv",
      [":3", "ContextTokens"])
    try refuses(
      "--dataset", Data((azure + "2023-11-16 18:17:04.0,3\n").utf8), name: "trace.csv", [":3"])
  }

  @Test func aTruncatedGzipFileIsRefused() throws {
    try Program.inFolder { folder in
      let file = "\(folder)/trace.jsonl"
      try FileManager.default.copyItem(
        atPath: Program.root + "/workloads/example_trace.jsonl", toPath: file)
      let gzip = try Process.run(URL(fileURLWithPath: "/bin/gzip"), arguments: [file])
      gzip.waitUntilExit()
      let whole = try Data(contentsOf: URL(fileURLWithPath: file + ".gz"))
      let run = try Program.run(["--dataset", file + ".gz", "--log-level", "warning"])
      #expect(run.exitCode == 0)
      try refuses("--dataset", whole.prefix(whole.count / 2), name: "half.gz", [])
      try refuses("--dataset", whole.prefix(12), name: "stub.gz", [])
    }
  }

  @Test func filesThatAreNoneAndOutputsThatCannotBeAreRefused() throws {
    for arguments in [
      ["--cluster-config", "/"], ["--dataset", "/"], ["--dataset", "/nowhere.jsonl"],
      ["--profile-dir", "/nowhere"], ["--output", "/proc/nothing/run.csv"], ["--summary", "/"],
      ["--output", "workloads/example_trace.jsonl"], ["--npu-memory-utilization", "1.5"],
      ["--block-size", "0"], ["--max-num-seqs=-1"], ["--goodput", "ttft"],
      ["--output", "outputs/same", "--summary", "outputs/same"],
    ] {
      let run = try Program.run(arguments, limit: 20)
      #expect(run.exitCode == 2, "\(arguments): \(run.exitCode) \(run.errors)")
      #expect(run.errors.contains("error: "), "\(arguments): \(run.errors)")
    }
  }
}
