import Engine

/// Hand-made runs for tests of metrics and outputs.
enum MetricsFixture {
  static let model = ModelSpec(
    name: "test/model", architecture: "llama", hiddenSize: 64, layers: 2, attentionHeads: 4,
    kvHeads: 2, headDim: 16, intermediateSize: 128, vocabularySize: 1000,
    maxPositionEmbeddings: 4096, weightType: .bfloat16)

  static func instance(_ name: String, _ role: InstanceRole) -> InstanceSpec {
    InstanceSpec(
      name: name, node: 0, role: role, model: model, hardware: "TESTGPU",
      npuMemory: MemorySpec(sizeGiB: 96, bandwidth: 1597, latency: 0))
  }

  /// One prefill and one decode instance.
  static let cluster = ClusterSpec(
    source: "cluster.json",
    link: LinkSpec(bandwidth: 16, latency: SimDuration(nanoseconds: 20_000)),
    nodes: [NodeSpec(cpuMemory: MemorySpec(sizeGiB: 512, bandwidth: 256, latency: 0))],
    instances: [instance("prefill/0", .prefill), instance("decode/0", .decode)])

  static func at(_ milliseconds: Int64) -> SimTime {
    SimTime(nanoseconds: milliseconds * 1_000_000)
  }

  /// A finished request that was handed over; moments in ms.
  static func handedOver(
    _ id: Int, arrival: Int64, prefillStart: Int64, firstToken: Int64, transferStart: Int64,
    transferEnd: Int64, decodeStart: Int64, end: Int64, prompt: Int32, output: Int32
  ) -> RequestRecord {
    var record = RequestRecord()
    record.id = RequestID(id)
    record.prefillInstance = InstanceID(0)
    record.decodeInstance = InstanceID(1)
    record.promptTokens = prompt
    record.outputTokens = output
    record.arrival = at(arrival)
    record.routed = at(arrival)
    record.prefillStart = at(prefillStart)
    record.lastPrefillStart = at(prefillStart)
    record.firstToken = at(firstToken)
    record.transferStart = at(transferStart)
    record.transferEnd = at(transferEnd)
    record.decodeStart = at(decodeStart)
    record.end = at(end)
    record.kvBytes = 4096
    return record
  }

  /// Four requests: two handed over, one of a single token that ended on the prefill side, one rejected.
  static let run: RunResult = {
    var single = RequestRecord()
    single.id = RequestID(2)
    single.prefillInstance = InstanceID(0)
    single.promptTokens = 20
    single.outputTokens = 1
    single.arrival = at(300)
    single.routed = at(300)
    single.prefillStart = at(300)
    single.lastPrefillStart = at(300)
    single.firstToken = at(320)
    single.end = at(320)

    var refused = RequestRecord()
    refused.id = RequestID(3)
    refused.outcome = .rejected
    refused.reason = 0
    refused.promptTokens = 7
    refused.arrival = at(400)
    refused.end = at(400)

    var result = RunResult()
    result.records = [
      handedOver(
        0, arrival: 100, prefillStart: 110, firstToken: 150, transferStart: 155,
        transferEnd: 160, decodeStart: 162, end: 250, prompt: 40, output: 3),
      handedOver(
        1, arrival: 200, prefillStart: 230, firstToken: 270, transferStart: 270,
        transferEnd: 280, decodeStart: 280, end: 1370, prompt: 60, output: 2),
      single, refused,
    ]
    // Request 0: 150 → 190 → 250 ms; request 1: 270 → 1370 ms.
    result.gaps = [40_000_000, 60_000_000, 1_100_000_000]
    result.gapStarts = [0, 2, 3, 3, 3]
    result.maxOutputTokensPerSecond = 5
    for gap in result.gaps { result.gapHistogram.record(UInt64(gap)) }
    result.reasons = ["over \"quota\", try later"]
    var prefill = InstanceTotals()
    prefill.iterations = 3
    prefill.busy = SimDuration(nanoseconds: 127_000_000)
    prefill.prefillTokens = 120
    prefill.prefixQueries = 120
    prefill.prefixHits = 30
    prefill.kvCapacityBlocks = 100
    prefill.kvPeakBlocks = 7
    var decode = InstanceTotals()
    decode.kvCapacityBlocks = 50
    decode.kvPeakBlocks = 25
    decode.preemptions = 2
    result.instances = [prefill, decode]
    result.end = at(1370)
    result.iterations = 6
    result.events = 20
    return result
  }()

  /// Records that keep the laws, with every outcome and any stage missing.
  static func randomRun(seed: UInt64, requests: Int) -> RunResult {
    var random = RandomStream(seed: seed, name: "metrics-fixture")
    var result = RunResult()
    result.reasons = ["full", "a,b\n\"c\""]
    result.gapStarts = [0]
    var clock: Int64 = 0
    for id in 0..<requests {
      clock += Int64(random.nextIndex(below: 1_000_000_000))
      var moment = clock
      func later() -> SimTime {
        moment += Int64(random.nextIndex(below: 3_000_000))
        return SimTime(nanoseconds: moment)
      }
      var record = RequestRecord()
      record.id = RequestID(id)
      record.outcome = Outcome.allCases[random.nextIndex(below: 4)]
      if record.outcome == .finished, random.nextIndex(below: 2) == 0 { record.reason = -1 }
      if record.outcome == .rejected { record.reason = Int32(random.nextIndex(below: 2)) }
      record.promptTokens = Int32(1 + random.nextIndex(below: 5000))
      record.cachedTokens = Int32(random.nextIndex(below: Int(record.promptTokens)))
      record.preemptions = Int32(random.nextIndex(below: 3))
      let isFinished = record.outcome == .finished
      let stages = isFinished ? 9 : random.nextIndex(below: 6)
      if record.outcome != .cancelled {
        record.arrival = SimTime(nanoseconds: moment)
        if stages > 0 { record.routed = later() }
        if stages > 1 { record.prefillStart = later() }
        if stages > 1 { record.lastPrefillStart = later() }
        if stages > 2 { record.firstToken = later() }
        record.prefillInstance = stages > 0 ? InstanceID(0) : .none
      }
      if isFinished {
        record.outputTokens = Int32(1 + random.nextIndex(below: 20))
        record.end = record.firstToken
        if record.outputTokens > 1 {
          if random.nextIndex(below: 3) > 0 {
            record.decodeInstance = InstanceID(1)
            record.transferStart = later()
            record.transferEnd = later()
            record.kvBytes = Int64(random.nextIndex(below: 1 << 40))
          }
          record.decodeStart = later()
          var last = record.firstToken.nanoseconds
          for _ in 1..<record.outputTokens {
            let token = later().nanoseconds
            result.gaps.append(token - last)
            last = token
          }
          record.end = SimTime(nanoseconds: last)
        }
      }
      result.records.append(record)
      result.gapStarts.append(result.gaps.count)
    }
    result.instances = [InstanceTotals(), InstanceTotals()]
    return result
  }
}
