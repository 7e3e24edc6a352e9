/// The result of `vllm bench serve --save-result --save-detailed`; `simhost --summary` writes the same fields.
///
/// Read are the arrays with an entry for each request: `input_lens`, `output_lens`, `start_times` and `ttfts` (seconds),
/// `itls` (seconds, an array for each request) or `latencies`, `errors`.
///
/// Source: https://github.com/vllm-project/vllm, vllm/benchmarks/serve.py.
struct BenchServeReader {
  let path: String

  /// 256 MiB; a guess: a million gaps take about 20 MB.
  private static let limit = 256 << 20
  private static let seconds = 0.0...1e9

  func read() throws(InputError) -> MeasuredRun {
    let bytes = try InputFile.read(path, limit: Self.limit)
    let root = try JSONDocument(bytes: bytes, file: path).root.object()
    let arrays = try Arrays(root)
    var builder = MeasuredRunBuilder(source: path, format: "vLLM bench serve")
    var failed = 0
    for index in arrays.promptTokens.indices {
      let isFailure = try arrays.errors?[index].string().isEmpty == false
      let tokens = try arrays.outputTokens[index].integer(0...WorkloadBuilder.maxTokens)
      if isFailure || tokens == 0 {
        failed += 1
        continue
      }
      func nanoseconds(_ node: JSONNode) throws(InputError) -> Int64 {
        try node.nanoseconds(Self.seconds, "seconds")
      }
      let arrival = try nanoseconds(arrays.starts[index])
      let firstToken = arrival + (try nanoseconds(arrays.firstTokens[index]))
      var end: Int64
      if let latencies = arrays.latencies {
        end = arrival + (try nanoseconds(latencies[index]))
      } else {
        end = firstToken
        for gap in try arrays.gaps[index].array() { end += try nanoseconds(gap) }
      }
      try builder.add(
        promptTokens: arrays.promptTokens[index].tokenCount(),
        outputTokens: arrays.outputTokens[index].tokenCount(),
        arrival: arrival, firstToken: firstToken, end: end
      ) { problem, expected in arrays.firstTokens[index].error(problem, expected: expected) }
    }
    var settings = MeasuredRun.Settings()
    settings.model = try root.present("model_id")?.string()
    return try builder.finish(
      settings: settings, notes: failed > 0 ? ["\(failed) failed requests left out"] : [])
  }

  /// The arrays, all of one length.
  private struct Arrays {
    var promptTokens: [JSONNode]
    var outputTokens: [JSONNode]
    var starts: [JSONNode]
    var firstTokens: [JSONNode]
    var latencies: [JSONNode]?
    var gaps: [JSONNode] = []
    var errors: [JSONNode]?

    init(_ root: JSONObject) throws(InputError) {
      let lengths = try root.requests("input_lens", count: nil)
      promptTokens = lengths
      outputTokens = try root.requests("output_lens", count: lengths.count)
      starts = try root.requests("start_times", count: lengths.count)
      firstTokens = try root.requests("ttfts", count: lengths.count)
      if root.present("latencies") != nil {
        latencies = try root.requests("latencies", count: lengths.count)
      } else {
        gaps = try root.requests("itls", count: lengths.count)
      }
      if root.present("errors") != nil {
        errors = try root.requests("errors", count: lengths.count)
      }
    }
  }
}

extension JSONObject {
  /// An array with an entry for each request.
  fileprivate func requests(_ key: String, count: Int?) throws(InputError) -> [JSONNode] {
    guard let node = present(key) else {
      throw self.node.error(
        "has no \(key)", expected: "an array with an entry for each request",
        suggestion: "run vllm bench serve with --save-result --save-detailed")
    }
    let entries = try node.array()
    guard entries.count == count ?? entries.count else {
      throw node.error(
        "is \(node.described)", expected: "\(count ?? 0) entries, as many as input_lens")
    }
    return entries
  }
}
