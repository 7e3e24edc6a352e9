/// A run as AIPerf's exports tell of one: statistics of each metric, and a line for each request.
///
/// As in AIPerf, `inter_token_latency` is the mean gap of a request, and only what finished has metrics. Measured requests
/// only; times are simulated, from the beginning of the simulation.
///
/// Source: AIPerf, https://github.com/ai-dynamo/aiperf, docs of its metrics and of profile_export files.
public struct AIPerfExport {
  private let summary: RunSummary
  private let result: RunResult
  private let description: RunDescription

  public init(_ summary: RunSummary, description: RunDescription, result: RunResult) {
    self.summary = summary
    self.result = result
    self.description = description
  }

  /// `profile_export_aiperf.json`
  public var statistics: some OutputDocument { Statistics(export: self) }
  /// `profile_export.jsonl`
  public var requests: some OutputDocument { Requests(export: self) }

  /// A metric of a request.
  private struct Metric: Sendable {
    var name: String
    var unit: String
    /// nil where the request has no such quantity.
    var value: @Sendable (RequestRecord) -> Double?
  }

  private static let metrics = [
    Metric(name: "time_to_first_token", unit: "ms") { $0.timeToFirstToken?.milliseconds },
    Metric(name: "inter_token_latency", unit: "ms") {
      $0.nanosecondsPerOutputToken.map { $0 / 1e6 }
    },
    Metric(name: "request_latency", unit: "ms") { $0.endToEnd?.milliseconds },
    Metric(name: "output_token_throughput_per_user", unit: "tokens/sec/user") {
      $0.nanosecondsPerOutputToken.flatMap { $0 > 0 ? 1e9 / $0 : nil }
    },
    Metric(name: "input_sequence_length", unit: "tokens") { Double($0.promptTokens) },
    Metric(name: "output_sequence_length", unit: "tokens") { Double($0.outputTokens) },
  ]

  private var measured: ContiguousArray<RequestRecord> {
    let counts = summary.window.contains(result.records)
    return ContiguousArray(
      zip(result.records, counts).lazy.filter { $0.1 && $0.0.arrival != .never }.map(\.0))
  }

  private struct Statistics: OutputDocument {
    let export: AIPerfExport

    func write(to sink: inout ByteSink) {
      let summary = export.summary
      var json = JSONWriter(sink)
      func single(_ name: String, _ unit: String, _ value: Double?, _ json: inout JSONWriter) {
        guard let value else { return }
        json.object(name) { json in
          json.field("unit", unit)
          json.field("avg", value)
        }
      }
      json.object { json in
        single("request_throughput", "requests/sec", summary.rate(summary.measured.finished), &json)
        single("request_count", "requests", Double(summary.measured.finished), &json)
        let errors = summary.measured.injected - summary.measured.finished
        single("error_request_count", "requests", errors > 0 ? Double(errors) : nil, &json)
        single("goodput", "requests/sec", summary.goodput?.requestsPerSecond, &json)
        single(
          "good_request_count", "requests", summary.goodput.map { Double($0.good) }, &json)
        single(
          "output_token_throughput", "tokens/sec", summary.rate(summary.outputTokens), &json)
        single(
          "total_token_throughput", "tokens/sec",
          summary.rate(summary.promptTokens + summary.outputTokens), &json)
        single("benchmark_duration", "sec", summary.duration.seconds, &json)
        let finished = export.measured.filter { $0.outcome == .finished }
        for metric in AIPerfExport.metrics {
          write(metric, of: ContiguousArray(finished.compactMap(metric.value)), &json)
        }
        json.object("input_config") { json in
          json.object("endpoint") { json in
            json.key("model_names")
            json.line(
              of: Array(Set(export.description.cluster.instances.map(\.model.name))).sorted()
            ) { json, name in json.text(name) }
            json.field("type", "simhost")
          }
        }
        json.field("was_cancelled", json: "false")
      }
      json.endDocument()
      sink = json.sink
    }

    private func write(
      _ metric: Metric, of samples: ContiguousArray<Double>, _ json: inout JSONWriter
    ) {
      guard !samples.isEmpty else { return }
      let sorted = ContiguousArray(samples.sorted())
      var sum = CompensatedSum()
      for sample in sorted { sum.add(sample) }
      let mean = sum.value / Double(sorted.count)
      var squares = CompensatedSum()
      for sample in sorted { squares.add((sample - mean) * (sample - mean)) }
      json.object(metric.name) { json in
        json.field("unit", metric.unit)
        json.field("avg", mean)
        for percent in [1, 5, 10, 25, 50, 75, 90, 95, 99] {
          json.field("p\(percent)", percentile(Double(percent), ofSorted: sorted))
        }
        json.field("min", sorted[0])
        json.field("max", sorted[sorted.count - 1])
        json.field("std", (squares.value / Double(sorted.count)).squareRoot())
        json.field("count", sorted.count)
      }
    }
  }

  private struct Requests: OutputDocument {
    let export: AIPerfExport

    func write(to sink: inout ByteSink) {
      var json = JSONWriter(sink, isCompact: true)
      for record in export.measured {
        json.object { json in
          json.object("metadata") { json in
            json.field("session_num", Int(record.id.index))
            json.field("x_request_id", "\(record.id.index)")
            json.field("request_start_ns", Int(record.arrival.nanoseconds))
            json.field(
              "request_end_ns",
              record.end == .never ? nil : Int((record.end + record.receipt).nanoseconds))
            json.field("benchmark_phase", "profiling")
            json.field("was_cancelled", json: "false")
          }
          json.object("metrics") { json in
            guard record.outcome == .finished else { return }
            for metric in AIPerfExport.metrics {
              guard let value = metric.value(record) else { continue }
              json.object(metric.name) { json in
                json.field("value", value)
                json.field("unit", metric.unit)
              }
            }
          }
          if record.outcome == .finished {
            json.field("error", json: "null")
          } else {
            json.object("error") { json in
              json.field("type", record.outcome.rawValue)
              let reason = Int(record.reason)
              json.field(
                "message",
                export.result.reasons.indices.contains(reason)
                  ? export.result.reasons[reason] : record.outcome.rawValue)
            }
          }
        }
        json.endDocument()
      }
      sink = json.sink
    }
  }
}
