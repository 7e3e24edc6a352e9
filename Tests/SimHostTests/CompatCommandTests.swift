import Foundation
import Testing

/// `--compat llmservingsim` as a user runs it, on a profile small enough to write here.
@Suite struct CompatCommandTests {
  private static let layers = [
    "embedding", "layernorm", "qkv_proj", "rotary_emb", "o_proj", "gate_up_proj", "act_fn",
    "down_proj", "final_layernorm",
  ]
  private static let files = [
    "configs/model/toy.json": """
    {"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
     "num_key_value_heads": 2, "intermediate_size": 128, "vocab_size": 1000,
     "max_position_embeddings": 4096, "torch_dtype": "bfloat16"}
    """,
    "cluster.json": cluster(""),
    "trace.jsonl": """
    {"input_toks": 4, "output_toks": 3, "arrival_time_ns": 1000}
    {"input_toks": 2, "output_toks": 2, "arrival_time_ns": 2000}

    """,
    "perf/Toy/toy/bf16/meta.yaml": "profiler_version: 1.0.0\n",
    "perf/Toy/toy/bf16/tp1/dense.csv":
      "layer,tokens,time_us\n" + layers.map { "\($0),1,10\n\($0),16,25\n" }.joined(),
    "perf/Toy/toy/bf16/tp1/per_sequence.csv":
      "layer,sequences,time_us\nlm_head,1,5\nlm_head,2,6\nsampler,1,1\n",
    "perf/Toy/toy/bf16/tp1/attention.csv":
      "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us\n0,0,1,16,8\n0,0,2,16,10\n16,0,0,0,30\n",
  ]

  /// A cluster of two instances; `more` goes into the second.
  private static func cluster(_ more: String) -> String {
    func instance(_ more: String) -> String {
      """
      {"model_name": "toy", "hardware": "Toy", "pd_type": null,
       "npu_mem": {"mem_size": 1, "mem_bw": 100, "mem_latency": 0}\(more)}
      """
    }
    return """
      {"num_nodes": 1, "link_bw": 16, "link_latency": 20000, "nodes": [{"num_instances": 2,
       "cpu_mem": {"mem_size": 512, "mem_bw": 256, "mem_latency": 0},
       "instances": [\(instance("")), \(instance(more))]}]}
      """
  }

  /// Runs in a folder with the files above, changed as told; nil removes one.
  private static func run(
    _ changes: [String: String?] = [:], _ arguments: [String] = [], compat: Bool = true
  ) throws -> (program: Program, csv: String) {
    try Program.inFolder { folder in
      for (name, text) in files.merging(changes.compactMapValues { $0 }, uniquingKeysWith: { $1 })
      where changes[name] != .some(nil) {
        let url = URL(fileURLWithPath: "\(folder)/\(name)")
        try FileManager.default.createDirectory(
          at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: url, atomically: true, encoding: .utf8)
      }
      let program = try Program.run(
        (compat ? ["--compat", "llmservingsim", "--profile-dir", "perf"] : [])
          + ["--cluster-config", "cluster.json", "--dataset", "trace.jsonl", "--output", "out.csv"]
          + arguments, in: folder)
      return (program, (try? String(contentsOfFile: "\(folder)/out.csv", encoding: .utf8)) ?? "")
    }
  }

  @Test func writesTheReferencesFile() throws {
    let (program, csv) = try Self.run()
    #expect(program.exitCode == 0, "\(program.errors)")
    // 4 tokens: layers of 13 µs, attention a quarter of the way from 8 to 30 µs; 2 tokens: 11 µs and an eighth.
    // One token: layers of 10 µs, attention 8 µs. Head 6 µs each time. Layers: one, two blocks of eight, one.
    // The second request arrives in the first node and is seen when that ends: ids on their way in take no time, so
    // that is the embedding's end at 14,000 ns.
    let prompts = [18 * 13_000 + 2 * 13_500 + 6_000, 18 * 11_000 + 2 * 10_750 + 6_000]
    let token = 18 * 10_000 + 2 * 8_000 + 6_000
    #expect(
      csv.split(whereSeparator: \.isNewline).map(String.init) == [
        "instance id,request id,model,input,output,arrival,end_time,latency,queuing_delay,TTFT,TPOT,ITL",
        "0,0,toy,4,3,1000,\(1_000 + prompts[0] + 2 * token),\(prompts[0] + 2 * token),0,"
          + "\(prompts[0]),\(token),\"[\(token), \(token)]\"",
        "1,1,toy,2,2,2000,\(14_000 + prompts[1] + token),\(12_000 + prompts[1] + token),12000,"
          + "\(12_000 + prompts[1]),\(token),\"[\(token)]\"",
      ])
    #expect(program.output.contains("LLMServingSim 2.0 (routing=LOAD)"))
    #expect(program.output.contains("injected 2 = finished 2 "))
  }

  @Test func routersAreChosen() throws {
    let routed = try ["LOAD", "rr", "RAND"].map {
      try Self.run([:], ["--request-routing-policy", $0]).csv
    }
    #expect(routed[0] == routed[1])
    // random.Random(42).randrange(2) begins with 0, 0.
    #expect(routed[2].contains("\n0,0,toy") && routed[2].contains("\n0,1,toy"))
  }

  @Test func whatTheModeCannotDoIsRefused() throws {
    for (more, problem) in [
      (",\"pp_size\": 2", "pipeline parallelism is not simulated"),
      (",\"dp_group\": \"A\"", "data-parallel groups are not simulated"),
      (",\"placement\": {\"default\": {\"weights\": \"cxl:0\"}}", "only the accelerator's own"),
      (",\"enable_attn_offloading\": true", "is not simulated"),
      (",\"tp_size\": 2", "expected one tp_size"),
      (",\"dtype\": \"fp8\"", "has no variant fp8"),
    ] {
      let (program, _) = try Self.run(["cluster.json": Self.cluster(more)])
      #expect(program.exitCode == 2, "\(more): \(program.errors)")
      #expect(program.errors.contains(problem), "\(more): \(program.errors)")
    }
    let experts = "{\"model_type\": \"llama\", \"num_experts\": 8}"
    #expect(
      try Self.run(["configs/model/toy.json": experts]).program.errors.contains(
        "mixture-of-experts models are not simulated"))
  }

  @Test(arguments: [
    ("meta.yaml", nil, "meta.yaml: no such file"),
    ("tp1/attention.csv", nil, "tp1/attention.csv: no such file"),
    ("tp1/dense.csv", "layer,tokens,time_us\nembedding,1,10\n", "has no rows for 'layernorm'"),
    ("tp1/dense.csv", "layer,tokens,time_us\nembedding,1", "dense.csv:2: row has 2 fields"),
    ("tp1/per_sequence.csv", "layer,sequences,time_us\nlm_head,1,5\nlm_head,2,fast\n", "csv:3"),
    (
      "tp1/attention.csv", "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us\n16,0,0,0,30\n",
      "n_decode: has no rows"
    ),
    (
      "tp1/attention.csv", "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us\n0,0,1,16,8\n",
      "prefill_chunk: has no rows"
    ),
  ])
  func damagedProfilesAreNamed(file: String, text: String?, problem: String) throws {
    let (program, csv) = try Self.run(["perf/Toy/toy/bf16/\(file)": text])
    #expect(program.exitCode == 2, "\(program.errors)")
    #expect(program.errors.contains("perf/Toy/toy/bf16/\(file)"), "\(program.errors)")
    #expect(program.errors.contains(problem), "\(program.errors)")
    #expect(csv.isEmpty)
  }

  @Test func missingDataIsNamed() throws {
    let elsewhere = try Self.run([:], ["--profile-dir", "prof"]).program
    #expect(elsewhere.exitCode == 2)
    #expect(elsewhere.errors.contains("prof: has no profile of toy on Toy"))
    let gpt = try Self.run([
      "configs/model/toy.json": (Self.files["configs/model/toy.json"] ?? "")
        .replacingOccurrences(of: "llama", with: "gpt2")
    ]).program
    #expect(gpt.exitCode == 2)
    #expect(gpt.errors.contains("expected one of llama"))
    let long = try Self.run(
      ["trace.jsonl": "{\"input_toks\": 90000000, \"output_toks\": 3, \"arrival_time_ns\": 0}\n"]
    ).program
    #expect(long.exitCode == 2)
    #expect(long.errors.contains("trace.jsonl: request 0: needs KV blocks for 90000002 tokens"))
  }

  @Test func contradictoryFlagsAreExplained() throws {
    for (arguments, compat, hint) in [
      (["--policy", "p.lua"], true, "--policy cannot be combined with --compat llmservingsim"),
      (["--step-by-step"], true, "--step-by-step cannot be combined"),
      (["--request-routing-policy", "BEST"], true, "'LOAD', 'RR'"),
      (["--request-routing-policy", "RR"], false, "belongs to --compat llmservingsim"),
      (["--compat", "llmservingsim"], false, "needs --profile-dir"),
      (["--compat", "vidur"], false, "'llmservingsim'"),
    ] {
      let (program, _) = try Self.run([:], arguments, compat: compat)
      #expect(program.exitCode == 64, "\(arguments)")
      #expect(program.errors.contains(hint), "\(arguments): \(program.errors)")
    }
  }
}
