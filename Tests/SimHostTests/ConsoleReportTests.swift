import Engine
import Testing

@testable import SimHost

@Suite struct ConsoleReportTests {
  static let cluster: ClusterSpec = {
    let model = ModelSpec(
      name: "meta-llama/Llama-3.1-8B", architecture: "llama", hiddenSize: 4096, layers: 32,
      attentionHeads: 32, kvHeads: 8, headDim: 128, intermediateSize: 14336,
      vocabularySize: 128_256, maxPositionEmbeddings: 131_072, weightType: .bfloat16)
    func instance(_ name: String, _ role: InstanceRole) -> InstanceSpec {
      InstanceSpec(
        name: name, node: 0, role: role, model: model, hardware: "RTXPRO6000",
        npuMemory: MemorySpec(sizeGiB: 96, bandwidth: 1597, latency: 0))
    }
    return ClusterSpec(
      source: "configs/cluster/pd.json",
      link: LinkSpec(bandwidth: 16, latency: SimDuration(nanoseconds: 20_000)), nodes: [],
      instances: [
        instance("prefill/0", .prefill), instance("decode/0", .decode),
        instance("decode/1", .decode),
      ])
  }()

  // 36,578 blocks of 16 tokens of 128 KiB: 36,578 × 2 MiB = 71.44 GiB.
  static let run = RunDescription(
    cluster: cluster, costModels: ["roofline", "roofline", "roofline"],
    memory: Array(
      repeating: InstanceMemory(
        kvBlocks: 36_578, bytesPerBlock: 2_097_152, weightBytes: 16_060_522_496), count: 3),
    workload: WorkloadDescription(
      source: "workloads/example_trace.jsonl", format: "LLMServingSim JSONL", requests: 3,
      span: SimDuration(nanoseconds: 62_100_000_000), promptTokens: 300, outputTokens: 60),
    policy: PolicyDescription(
      name: "least_kv", version: "1.0.0", files: ["policies/least_kv.lua"],
      parameters: [.init(name: "headroom", value: "0.05")],
      hooks: [.init(hook: "route", file: "policies/least_kv.lua", calls: 0)]),
    seed: 7, notes: ["float16 takes the calibration of bfloat16"])

  @Test func startupBlockSaysWhatWillRun() {
    #expect(
      ConsoleReport().startup(Self.run)
        == """
        simhost: least_kv 1.0.0 (headroom=0.05) on 1P+2D
        cluster      configs/cluster/pd.json
        link         16.0 GiB/s, latency 20.00 us
        instance     prefill/0, meta-llama/Llama-3.1-8B, RTXPRO6000 TP1
          KV cache   585,248 tokens, 36,578 blocks of 16,
                     71.44 GiB of each accelerator at utilization 0.90
          weights    14.96 GiB of each accelerator
          cost       roofline
        2 instances  decode/0 to decode/1, meta-llama/Llama-3.1-8B, RTXPRO6000 TP1
          KV cache   585,248 tokens, 36,578 blocks of 16,
                     71.44 GiB of each accelerator at utilization 0.90
          weights    14.96 GiB of each accelerator
          cost       roofline
        policy       least_kv 1.0.0 (headroom=0.05)
          file       policies/least_kv.lua
          hooks      route
        workload     workloads/example_trace.jsonl, LLMServingSim JSONL
          requests   3 over 62.10 s, mean prompt 100 tokens, mean output 20 tokens
        seed         7
        note         float16 takes the calibration of bfloat16
        """)
  }

  @Test func intervalLineHasTheFormOfTheReference() {
    var sample = IntervalSample()
    sample.prefilling = 8
    sample.decoding = 12
    sample.prefillTokens = 6_200
    sample.decodeTokens = 1_240
    // 55.4 and 71.2 times 2^30 bytes.
    sample.memoryBytes = [59_485_297_050, 76_450_418_688]
    #expect(
      ConsoleReport().intervalLine(
        index: 15, sample: sample, interval: SimDuration(nanoseconds: 2_000_000_000))
        == "[INFO] step=15 P=8 D=12 prompt_t=3.1k tok/s decode_t=620 tok/s npu_mem=[55.4 GB, 71.2 GB]"
    )
  }

  /// Three requests, 100 ms apart, each with a first token after 50 ms and 2 further ones 20 ms apart.
  static let result: RunResult = {
    var result = RunResult()
    for id in 0..<3 {
      func at(_ milliseconds: Int) -> SimTime {
        SimTime(nanoseconds: Int64((id * 100 + milliseconds) * 1_000_000))
      }
      var record = RequestRecord()
      record.id = RequestID(id)
      record.prefillInstance = InstanceID(0)
      record.decodeInstance = InstanceID(1)
      record.promptTokens = 100
      record.outputTokens = 3
      record.arrival = at(0)
      record.routed = at(0)
      record.prefillStart = at(10)
      record.lastPrefillStart = at(10)
      record.firstToken = at(50)
      record.transferStart = at(50)
      record.transferEnd = at(52)
      record.decodeStart = at(52)
      record.end = at(90)
      result.records.append(record)
      for _ in 0..<2 { result.gapHistogram.record(20_000_000) }
    }
    var totals = InstanceTotals()
    totals.kvCapacityBlocks = 1000
    totals.kvPeakBlocks = 4
    totals.busy = SimDuration(nanoseconds: 120_000_000)
    totals.iterations = 3
    totals.prefillTokens = 300
    totals.prefixQueries = 300
    var decode = totals
    decode.kvPeakBlocks = 970
    decode.prefillTokens = 0
    decode.decodeTokens = 6
    result.instances = [totals, decode, InstanceTotals()]
    return result
  }()

  /// The law behind the numbers: throughput × duration = 3 requests; the last line balances.
  @Test func finalTableReadsTopDown() {
    let summary = RunSummary(
      Self.result, cluster: Self.cluster, injected: 3,
      targets: GoodputTargets(ttft: 400, tpot: 10))
    let costs = [
      HookCost(
        hook: "route", file: "policies/least_kv.lua", calls: 3, hostNanoseconds: 480)
    ]
    #expect(
      ConsoleReport().final(summary, Self.run, hookCosts: costs)
        == """
        least_kv 1.0.0 (headroom=0.05)   1P+2D   seed 7
        3 requests of workloads/example_trace.jsonl

                           mean       p50       p90       p95       p99     SLO     kept
        TTFT ms           50.00     50.00     50.00     50.00     50.00   <=400    100 %
        TPOT ms           20.00     20.00     20.00     20.00     20.00    <=10      0 %
        ITL ms            20.00     20.00     20.00     20.00     20.00
        E2E ms            90.00     90.00     90.00     90.00     90.00
        queueing ms       10.00     10.00     10.00     10.00     10.00
        KV wait ms            0         0         0         0         0
        transfer ms       2.000     2.000     2.000     2.000     2.000
        D queue ms            0         0         0         0         0

        instance            busy    KV peak iterations prompt tok output tok  preempted
        prefill/0           41 %      0.4 %          3        300          0          0
        decode/0            41 %       97 %          3          0          6          0
        decode/1             0 %        0 %          0          0          0          0

        throughput   10.34 req/s, output 31.03 tok/s, total 1,065.52 tok/s,
                     over 290.0 ms
        goodput      0.00 req/s, 0 % of requests kept every objective
        KV peak      prefill 0.4 %, decode 97 %
        prefix hits  0 % of prompt tokens
        preemptions  0
        rejected     0
        hooks        route 3 calls of 160 ns
        bottleneck   limits or policy: 11 % of latency waits before the prompt,
                     busy only 41 %
        injected 3 = finished 3 + rejected 0 + cancelled 0 + unfinished 0
        """)
  }

  @Test func everyLineOfTheTableFitsEightyColumns() {
    var result = Self.result
    result.records[2].end = SimTime(nanoseconds: 987_654_321_123_456)
    result.records[2].outcome = .finished
    result.instances[1].iterations = 123_456_789
    result.instances[1].decodeTokens = 98_765_432_100
    let summary = RunSummary(
      result, cluster: Self.cluster, injected: 3,
      targets: GoodputTargets(ttft: 123_456, tpot: 1e6, endToEnd: 10))
    for line in ConsoleReport().final(summary, Self.run).split(separator: "\n") {
      #expect(line.count <= 80, "\(line)")
    }
  }

  @Test func runWithoutResultsShowsDashes() {
    let summary = RunSummary(RunResult(), cluster: Self.cluster, injected: 0)
    let text = ConsoleReport().final(summary, Self.run)
    #expect(text.contains("TTFT ms               -         -         -         -         -"))
    #expect(text.contains("\ninjected 0 = finished 0"))
  }

  @Test func colorIsOnlyAddedNeverMoved() {
    let summary = RunSummary(Self.result, cluster: Self.cluster, injected: 4)
    let plain = ConsoleReport().final(summary, Self.run)
    let colored = ConsoleReport(style: ConsoleStyle(isColored: true)).final(summary, Self.run)
    #expect(colored != plain)
    #expect(colored.replacing(#/\u{1B}\[[0-9]*m/#, with: "") == plain)
  }

  @Test func manyInstancesAreCutShort() {
    var cluster = Self.cluster
    cluster.instances = Array(repeating: cluster.instances[0], count: 40)
    var result = Self.result
    result.instances = Array(repeating: InstanceTotals(), count: 40)
    let text = ConsoleReport().final(
      RunSummary(result, cluster: cluster, injected: 3), Self.run)
    #expect(text.contains("and 24 more, in the file that --summary writes"))
  }

  @Test func namesCannotMoveTheCursor() {
    var run = Self.run
    run.workload.source = "a\u{1B}[2Jb\n"
    #expect(ConsoleReport().startup(run).contains("a\\u{1b}[2Jb\\u{a},"))
  }
}
