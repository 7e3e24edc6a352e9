/// A number that runs are compared by.
public struct SeedMetric: Sendable {
  /// As tables show it, such as `TTFT mean ms`.
  public var title: String
  /// As JSON and CSV have it: the summary's name where it has one.
  public var key: String
  public var largerIsBetter: Bool
  /// nil where a run has no such quantity.
  public var value: @Sendable (RunSummary) -> Double?

  /// Latencies, throughput, the share that finished, and with `targets` the share that kept them and goodput.
  public static func all(targets: GoodputTargets?) -> [SeedMetric] {
    func latency(
      _ title: String, _ key: String, _ value: @escaping @Sendable (RunSummary) -> Double?
    ) -> SeedMetric {
      SeedMetric(title: title, key: key, largerIsBetter: false, value: value)
    }
    func gain(
      _ title: String, _ key: String, _ value: @escaping @Sendable (RunSummary) -> Double?
    ) -> SeedMetric {
      SeedMetric(title: title, key: key, largerIsBetter: true, value: value)
    }
    var metrics = [
      latency("TTFT mean ms", "mean_ttft_ms") { $0.ttft?.mean },
      latency("TTFT p99 ms", "p99_ttft_ms") { $0.ttft?.p99 },
      latency("TPOT mean ms", "mean_tpot_ms") { $0.tpot?.mean },
      latency("TPOT p99 ms", "p99_tpot_ms") { $0.tpot?.p99 },
      latency("E2E mean ms", "mean_e2el_ms") { $0.endToEnd?.mean },
      latency("E2E p99 ms", "p99_e2el_ms") { $0.endToEnd?.p99 },
      gain("output tok/s", "output_throughput") { $0.rate($0.outputTokens) },
      gain("finished %", "finished_percent") {
        $0.measured.injected > 0
          ? 100 * Double($0.measured.finished) / Double($0.measured.injected) : nil
      },
    ]
    if targets != nil {
      metrics += [
        gain("SLO kept %", "slo_percent") { $0.goodput.map { 100 * $0.share } },
        gain("goodput req/s", "request_goodput") { $0.goodput?.requestsPerSecond },
      ]
    }
    return metrics
  }
}
