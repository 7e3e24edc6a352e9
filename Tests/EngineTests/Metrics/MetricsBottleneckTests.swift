import Testing

@testable import Engine

@Suite struct MetricsBottleneckTests {
  /// One request of 1,000 ms in the system that waits as asked; moments in ms.
  func bottleneck(
    queue: Int64 = 0, kvWait: Int64 = 0, transfer: Int64 = 0, decodeQueue: Int64 = 0,
    prefillPeak: Int = 10, decodePeak: Int = 10, prefillBusy: Int64 = 100, preemptions: Int = 0
  ) -> Bottleneck {
    let firstToken = queue + 50
    let handed = firstToken + kvWait + transfer
    var run = RunResult()
    run.records = [
      MetricsFixture.handedOver(
        0, arrival: 0, prefillStart: queue, firstToken: firstToken,
        transferStart: firstToken + kvWait, transferEnd: handed,
        decodeStart: handed + decodeQueue, end: 1000, prompt: 10, output: 10)
    ]
    var prefill = InstanceTotals()
    prefill.kvCapacityBlocks = 100
    prefill.kvPeakBlocks = prefillPeak
    prefill.busy = SimDuration(nanoseconds: prefillBusy * 1_000_000)
    var decode = InstanceTotals()
    decode.kvCapacityBlocks = 100
    decode.kvPeakBlocks = decodePeak
    decode.preemptions = preemptions
    run.instances = [prefill, decode]
    return RunSummary(run, cluster: MetricsFixture.cluster, injected: 1).bottleneck
  }

  @Test func largestWaitNamesIt() {
    #expect(bottleneck().name == "not saturated")
    #expect(bottleneck(kvWait: 300, transfer: 100, decodePeak: 99).name == "decode memory")
    #expect(bottleneck(kvWait: 100, transfer: 300).name == "network")
    #expect(bottleneck(transfer: 100, decodeQueue: 300).name == "decode compute")
    #expect(bottleneck(queue: 300, prefillBusy: 900).name == "prefill compute")
    #expect(bottleneck(queue: 300, prefillPeak: 96, prefillBusy: 900).name == "KV memory")
    #expect(bottleneck(queue: 300, prefillBusy: 200).name == "limits or policy")
  }

  @Test func preemptionsOfAFullDecodeSideCountWithoutAWait() {
    #expect(bottleneck(decodePeak: 100, preemptions: 4).name == "decode memory")
    #expect(bottleneck(decodePeak: 100).name == "not saturated")
  }

  @Test func reasonsHoldTheNumbers() {
    #expect(
      bottleneck(kvWait: 300, decodePeak: 99).reasons
        == ["KV peak 99 %", "30 % of latency waits for blocks", "0 preemptions"])
  }
}
