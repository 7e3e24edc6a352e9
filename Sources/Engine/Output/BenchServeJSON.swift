/// A run as `vllm bench serve --save-result --save-detailed` writes one, so that scripts for that read it.
///
/// Has vLLM's fields only. Differences: there is no date, since the same run gives the same bytes, and no generated text. The
/// arrays hold the requests that were measured.
///
/// Source: vLLM, https://github.com/vllm-project/vllm, vllm/benchmarks/serve.py.
public struct BenchServeJSON: OutputDocument {
  private let summary: SummaryJSON

  /// - Parameter result: of a run that kept its gaps.
  public init(_ summary: RunSummary, description: RunDescription, result: RunResult) {
    self.summary = SummaryJSON(summary, description: description, result: result)
  }

  public func write(to sink: inout ByteSink) {
    let description = summary.description
    var json = JSONWriter(sink)
    json.object { json in
      json.field("endpoint_type", "simhost")
      json.field("backend", "simhost")
      json.field("label", description.policy.name)
      let model = description.cluster.instances.first?.model.name ?? ""
      json.field("model_id", model)
      json.field("tokenizer_id", model)
      summary.writeBenchmarkFields(&json)
      summary.writeArrays(&json, isMeasured: true)
    }
    json.endDocument()
    sink = json.sink
  }
}
