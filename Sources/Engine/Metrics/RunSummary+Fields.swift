/// A number of the summary under the name that vLLM's serving benchmark gives it.
public struct SummaryField: Sendable, Equatable {
  public enum Value: Sendable, Equatable {
    case count(Int)
    case real(Double)
    /// The run has no such quantity.
    case absent
  }
  public var name: String
  public var value: Value

  /// The number; nil when absent.
  public var number: Double? {
    switch value {
    case .count(let count): Double(count)
    case .real(let real): real
    case .absent: nil
    }
  }
}

extension RunSummary {
  /// The head of the JSON summary in its order: counts, throughputs, then statistics of the latencies in milliseconds.
  ///
  /// Differences from vLLM: times are simulated; `duration` begins with the first arrival; requests that were rejected,
  /// cancelled or left unfinished are `failed`; statistics without any sample, and P99.9 of fewer than 1,000, are absent.
  /// All are of the requests within the measurement window.
  public var fields: [SummaryField] {
    var fields: [SummaryField] = []
    func add(_ name: String, _ value: SummaryField.Value) {
      fields.append(SummaryField(name: name, value: value))
    }
    add("num_prompts", .count(measured.injected))
    add("duration", .real(duration.seconds))
    add("completed", .count(measured.finished))
    add("failed", .count(measured.injected - measured.finished))
    add("total_input_tokens", .count(promptTokens))
    add("total_output_tokens", .count(outputTokens))
    add("request_throughput", .real(rate(measured.finished)))
    add("request_goodput", goodput.map { .real($0.requestsPerSecond) } ?? .absent)
    add("output_throughput", .real(rate(outputTokens)))
    add("total_token_throughput", .real(rate(promptTokens + outputTokens)))
    add("max_output_tokens_per_s", maxOutputTokensPerSecond.map { .count($0) } ?? .absent)
    add("max_concurrent_requests", .count(maxConcurrentRequests))
    for (name, distribution) in [("ttft", ttft), ("tpot", tpot), ("itl", itl), ("e2el", endToEnd)] {
      for (statistic, value) in Distribution.statistics {
        add("\(statistic)_\(name)_ms", distribution.map { .real($0[keyPath: value]) } ?? .absent)
      }
      add("p99.9_\(name)_ms", distribution?.p999.map { .real($0) } ?? .absent)
    }
    return fields
  }
}

extension Distribution {
  /// Statistics by name, in the order of vLLM's output.
  static var statistics: [(name: String, value: KeyPath<Distribution, Double>)] {
    [
      ("mean", \.mean), ("median", \.p50), ("std", \.standardDeviation), ("p50", \.p50),
      ("p90", \.p90), ("p95", \.p95), ("p99", \.p99),
    ]
  }
}
