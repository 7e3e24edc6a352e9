/// Mooncake's open traces: milliseconds, and one id for each 512 tokens of the prompt. An id stands
/// for its block and all before it. Without ids, nothing is known of the content.
///
/// Source: https://github.com/kvcache-ai/Mooncake, FAST25-release/traces.
struct MooncakeReader: TraceReader {
  static let blockTokens = 512
  static let format = TraceFormat(
    name: "Mooncake JSONL", syntax: .jsonLines,
    required: ["timestamp", "input_length", "output_length"], optional: ["hash_ids"],
    arrivalKey: "timestamp",
    makeReader: { _ in MooncakeReader() })

  private static let keys = JSONKeys(required: format.required, optional: format.optional)

  mutating func read(_ line: Span<UInt8>, into builder: inout WorkloadBuilder) throws(InputError) {
    builder.workload.contentUnit = MooncakeReader.blockTokens
    let request = try line.withUnsafeBufferPointer { bytes throws(InputError) in
      var json = JSONLine(bytes)
      return try MooncakeReader.request(&json, &builder)
    }
    try builder.addRow(request)
  }

  private static func request(_ json: inout JSONLine, _ builder: inout WorkloadBuilder)
    throws(InputError) -> WorkloadRequest
  {
    let contentStart = builder.workload.content.count
    var arrival: Int64 = 0
    var (prompt, output) = (0, 0)
    var ids: Int?
    var seen: UInt64 = 0
    try json.beginObject(builder)
    while let key = try json.nextKey(keys, &seen, builder) {
      switch key {
      case 0: arrival = try json.time("timestamp", unit: 6, builder)
      case 1: prompt = try json.tokens("input_length", builder)
      case 2: output = try json.tokens("output_length", builder)
      default: ids = try json.ids("hash_ids", into: &builder)
      }
    }
    try json.finish(builder)
    let blocks = (prompt + blockTokens - 1) / blockTokens
    if let ids, ids != blocks {
      throw builder.error(
        "hash_ids", "holds \(ids) ids",
        expected: "\(blocks), one for each \(blockTokens) of \(prompt) prompt tokens")
    }
    var request = WorkloadRequest(
      arrival: SimTime(nanoseconds: arrival), promptTokens: prompt, outputTokens: output)
    request.contentStart = Int32(contentStart)
    request.contentCount = Int32(ids ?? 0)
    return request
  }
}
