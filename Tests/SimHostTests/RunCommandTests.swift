import Foundation
import Testing

/// `simhost` as a user runs it.
@Suite struct RunCommandTests {
  private static func bytes(_ path: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path))
  }

  @Test func aPolicyAloneRunsTheBundledExample() throws {
    let run = try Program.run(["--policy", "policies/least_kv.lua"])
    #expect(run.exitCode == 0)
    #expect(run.output.contains("least_kv 1.0.0 (headroom=0.05)   1P+1D"))
    #expect(
      run.output.contains(
        "injected 300 = finished 300 + rejected 0 + cancelled 0 + unfinished 0"))
    for row in ["TTFT ms", "TPOT ms", "ITL ms", "E2E ms", "transfer ms", "bottleneck"] {
      #expect(run.output.contains("\n\(row)"))
    }
    #expect(run.errors.contains("585,248 tokens, 36,578 blocks of 16"))
    #expect(run.errors.contains("analytic configs/hardware/RTXPRO6000.json"))
    // No terminal: no colour, no progress bar.
    #expect(!run.output.contains("\u{1B}") && !run.errors.contains("\u{1B}"))
  }

  /// The command of the reference simulator's users, with lines that show the KV cache on the decode side.
  @Test func theSameCommandGivesTheSameBytesAlsoStepByStep() throws {
    try Program.inFolder { folder in
      let arguments = [
        "--cluster-config", "configs/cluster/single_node_pd_instance.json", "--dtype", "float16",
        "--block-size", "16", "--dataset", "workloads/example_trace.jsonl", "--log-interval",
        "1.0", "--policy", "policies/least_kv.lua",
      ]
      func run(_ name: String, _ more: [String] = []) throws -> Program {
        let path = "\(folder)/deep/\(name)"
        let program = try Program.run(
          arguments + ["--output", path + ".csv", "--summary", path + ".json"] + more)
        #expect(program.exitCode == 0, "\(program.errors)")
        return program
      }
      let first = try run("first")
      #expect(first.errors.contains("float16 as bfloat16, which is as wide"))
      let line = try #require(
        first.output.split(separator: "\n").first { $0.hasPrefix("[INFO] step=15 ") })
      #expect(
        line.wholeMatch(
          of:
            /\[INFO\] step=15 P=\d+ D=\d+ prompt_t=[\d.]+k? tok\/s decode_t=[\d.]+k? tok\/s npu_mem=\[[\d.]+ GB, [\d.]+ GB\]/
        ) != nil, "\(line)")
      // The costs of hooks are host time, on the console only.
      func results(_ program: Program) -> [Substring] {
        program.output.split(separator: "\n").filter { !$0.hasPrefix("hooks ") }
      }
      #expect(try results(run("second")) == results(first))
      _ = try run("steps", ["--step-by-step", "--check"])
      for kind in ["csv", "json"] {
        let bytes = try Self.bytes("\(folder)/deep/first.\(kind)")
        #expect(bytes.count > 1000)
        #expect(try Self.bytes("\(folder)/deep/second.\(kind)") == bytes)
        #expect(try Self.bytes("\(folder)/deep/steps.\(kind)") == bytes)
      }
      // Nothing but the results is left there.
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/deep").count == 6)
    }
  }

  @Test func bundledFilesAreFoundFromAnywhere() throws {
    let run = try Program.run(
      ["--policy", "policies/random.lua", "--log-level", "warning"], in: "/")
    #expect(run.exitCode == 0)
    #expect(run.errors.isEmpty)
  }

  @Test(arguments: [
    "single_node_pd_instance", "single_node_2p1d", "single_node_4p4d", "single_node_colocated_pair",
    "heterogeneous", "single_node_single_instance",
  ])
  func everyBundledClusterServesTheExample(_ name: String) throws {
    let run = try Program.run(["--cluster-config", "configs/cluster/\(name).json", "--check"])
    #expect(run.exitCode == 0)
    #expect(run.output.contains("injected 300 = finished 300 "))
  }

  /// Writes a bundled trace again with tenants, one of whom sends two thirds, and priorities.
  private static func labelled(_ name: String, in folder: String) throws {
    let text = try String(
      contentsOfFile: Program.root + "/workloads/\(name).jsonl", encoding: .utf8)
    let lines = text.split(separator: "\n").enumerated().map { index, line in
      let tenant = index % 3 == 0 ? "small" : "large"
      return line.dropLast() + ",\"tenant\":\"\(tenant)\",\"priority\":\(index % 5 / 4)}\n"
    }
    try lines.joined().write(toFile: "\(folder)/\(name).jsonl", atomically: true, encoding: .utf8)
  }

  @Test func tenantsHaveRowsAndAnIndex() throws {
    try Program.inFolder { folder in
      try Self.labelled("example_trace", in: folder)
      let run = try Program.run(["--dataset", "\(folder)/example_trace.jsonl", "--quiet"])
      #expect(run.exitCode == 0, "\(run.errors)")
      #expect(run.errors.isEmpty)
      let rows = run.output.split(separator: "\n").map { $0.split(separator: " ") }
      #expect(rows.contains { $0.prefix(3) == ["large", "200", "200"] })
      #expect(rows.contains { $0.prefix(3) == ["small", "100", "100"] })
      #expect(rows.last?.first == "fairness")
    }
  }

  /// Routers differ where there are several instances, admission and batching under memory pressure.
  @Test(arguments: [
    (
      "routing",
      [["single_node_4p4d", "shared_prefixes"], ["single_node_4p4d", "agentic_sessions"]],
      ["least_loaded.lua"]
    ),
    (
      "other", [["single_node_pd_instance", "overload"], ["single_node_2p1d", "overload"]],
      ["batching/vllm.lua"]
    ),
  ])
  func everyPolicyDiffersFromTheOthersOnSomeBundledTrace(
    _ kind: String, _ setups: [[String]], _ natives: [String]
  ) throws {
    let policies = try FileManager.default.subpathsOfDirectory(atPath: Program.root + "/policies")
      .filter { $0.hasSuffix(".lua") && !$0.hasSuffix("_spec.lua") && !$0.hasPrefix("lib/") }
      .filter { (kind == "routing") == ($0.hasPrefix("routing/") || !$0.contains("/")) }
      // These do nothing where no prompts are alike, or one instance decodes: tests of their own.
      .filter { !$0.hasPrefix("eviction/") && !$0.hasPrefix("caching/") }
      .filter { $0 != "scaling/llumnix_migrate.lua" }
      .sorted()
    #expect(policies.count >= 12)
    // Targets that this load misses, where the paper's are far away.
    let parameters = ["admission/early_rejection.lua": ["--param", "ttft_slo_s=1"]]
    var outputs: [String: String] = [:]
    try Program.inFolder { folder in
      try Self.labelled("overload", in: folder)
      for policy in [""] + policies {
        var all = ""
        for setup in setups {
          let csv = "\(folder)/run.csv"
          let run = try Program.run(
            [
              "--cluster-config", "configs/cluster/\(setup[0]).json", "--dataset",
              kind == "routing" ? "workloads/\(setup[1]).jsonl" : "\(folder)/\(setup[1]).jsonl",
              "--output", csv, "--output-format", "wide",
              "--npu-memory-utilization", "0.25",
            ] + (policy.isEmpty ? [] : ["--policy", "policies/\(policy)"])
              + parameters[policy, default: []])
          #expect(run.exitCode == 0, "\(policy) on \(setup): \(run.errors)")
          all += String(decoding: try Self.bytes(csv), as: UTF8.self)
        }
        let twins = outputs.filter { $0.value == all }.keys.sorted()
        // One of each kind says in Lua what the engine does without a policy.
        #expect(twins == (natives.contains(policy) ? [""] : []), "\(policy)")
        outputs[policy] = all
      }
    }
  }

  @Test func evictionDiffersWherePrefixesDoNotAllFit() throws {
    func output(_ policy: [String]) throws -> String {
      try Program.inFolder { folder in
        let csv = "\(folder)/run.csv"
        let run = try Program.run(
          [
            "--cluster-config", "configs/cluster/single_node_single_instance.json", "--dataset",
            "workloads/shared_prefixes.jsonl", "--num-gpu-blocks", "900", "--output", csv,
          ] + policy)
        #expect(run.exitCode == 0, "\(run.errors)")
        return try String(contentsOfFile: csv, encoding: .utf8)
      }
    }
    #expect(try output([]) != output(["--policy", "policies/eviction/lfu.lua"]))
  }

  /// `make test` runs the specs of the bundled policies.
  @Test func specsOfTheBundledPoliciesPass() throws {
    let run = try Program.run(["policy", "test", "policies", "--quiet"])
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(run.output.hasSuffix(" tests, 0 failed\n"))
    // Each policy of the folders below has one.
    let files = try FileManager.default.subpathsOfDirectory(atPath: Program.root + "/policies")
    for file in files where file.hasPrefix("routing/") || file.hasPrefix("lib/") {
      guard file.hasSuffix(".lua"), !file.hasSuffix("_spec.lua") else { continue }
      #expect(files.contains(file.dropLast(4) + "_spec.lua"), "\(file) has no spec")
    }
  }

  /// The README of the policies has a row for each.
  @Test func everyBundledPolicyIsInTheREADME() throws {
    let text = try String(contentsOfFile: Program.root + "/policies/README.md", encoding: .utf8)
    let files = try FileManager.default.subpathsOfDirectory(atPath: Program.root + "/policies")
      .filter { $0.hasSuffix(".lua") && !$0.hasSuffix("_spec.lua") }
    for file in files {
      #expect(text.contains("| `\(file)` | "), "policies/README.md says nothing of \(file)")
    }
  }

  @Test func whatTheCommandLineGetsWrongIsExplained() throws {
    for (arguments, hint) in [
      (["--polcy", "x"], "Did you mean '--policy'"),
      (["--dtype", "float12"], "'bfloat16'"),
      (["--param", "a=1"], "--param without a --policy"),
      (["--policy", "policies/least_kv.lua", "--param", "headroom"], "expected name=value"),
      (["--log-interval", "nan"], "expected seconds"),
      (["--log-interval=-1"], "expected seconds"),
      (["--num-reqs", "many"], "num-reqs"),
    ] {
      let run = try Program.run(arguments, limit: 10)
      #expect(run.exitCode == 64, "\(arguments)")
      #expect(run.errors.contains(hint), "\(arguments): \(run.errors)")
    }
  }

  @Test func policiesDescribeThemselves() throws {
    let info = try Program.run(["policy", "info", "policies/least_kv.lua"])
    #expect(info.exitCode == 0)
    #expect(info.output.contains("--param headroom=0.05   a number from 0 to 1"))
    let list = try Program.run(["policy", "list"])
    #expect(list.output.contains("batching/vllm.lua  "))
  }
}
