/// Alibaba Cloud's Bailian traces of Qwen: seconds, and one id for each 16 tokens of the prompt.
/// Chats that continue another one form a session; each keeps its own arrival.
///
/// Source: https://github.com/alibaba-edu/qwen-bailian-usagetraces-anon, README.md.
struct BailianReader: TraceReader {
  static let blockTokens = 16
  static let format = TraceFormat(
    name: "Bailian JSONL", syntax: .jsonLines,
    required: ["chat_id", "parent_chat_id", "timestamp", "input_length", "output_length"],
    optional: ["hash_ids", "type", "turn"], arrivalKey: "timestamp",
    makeReader: { _ in BailianReader() })

  private static let keys = JSONKeys(required: format.required, optional: format.optional)

  /// First chat of the session that a chat belongs to.
  private var firstChats: [Int: Int] = [:]

  mutating func read(_ line: Span<UInt8>, into builder: inout WorkloadBuilder) throws(InputError) {
    builder.workload.contentUnit = BailianReader.blockTokens
    var (chat, parent) = (0, 0)
    var request = try line.withUnsafeBufferPointer { bytes throws(InputError) in
      var json = JSONLine(bytes)
      return try BailianReader.request(&json, &builder, chat: &chat, parent: &parent)
    }
    let first = parent < 0 ? chat : firstChats[parent] ?? parent
    firstChats[chat] = first
    if request.promptTokens > 0 {
      (request.session, request.turn) = builder.nextTurn(ofSession: String(first))
    }
    try builder.addRow(request)
  }

  private static func request(
    _ json: inout JSONLine, _ builder: inout WorkloadBuilder, chat: inout Int, parent: inout Int
  ) throws(InputError) -> WorkloadRequest {
    let contentStart = builder.workload.content.count
    var arrival: Int64 = 0
    var (prompt, output) = (0, 0)
    var ids: Int?
    var seen: UInt64 = 0
    try json.beginObject(builder)
    while let key = try json.nextKey(keys, &seen, builder) {
      switch key {
      case 0: chat = try json.integer("chat_id", builder)
      case 1: parent = try json.integer("parent_chat_id", builder)
      case 2: arrival = try json.time("timestamp", unit: 9, builder)
      case 3: prompt = try json.tokens("input_length", builder)
      case 4: output = try json.tokens("output_length", builder)
      case 5: ids = try json.ids("hash_ids", into: &builder)
      default: try json.skipValue(keys.names[key], builder)
      }
    }
    try json.finish(builder)
    // A last block that is not full may have no id.
    let blocks = prompt / blockTokens...(prompt + blockTokens - 1) / blockTokens
    if let ids, !blocks.contains(ids) {
      throw builder.error(
        "hash_ids", "holds \(ids) ids",
        expected: "\(blocks.upperBound), one for each \(blockTokens) of \(prompt) prompt tokens")
    }
    var request = WorkloadRequest(
      arrival: SimTime(nanoseconds: arrival), promptTokens: prompt, outputTokens: output)
    request.contentStart = Int32(contentStart)
    request.contentCount = Int32(ids ?? 0)
    return request
  }
}
