/// LLMServingSim's workloads: nanoseconds, optional token ids, and sessions of calls that wait for
/// one another.
///
/// A line is a request, or a session with its calls in `sub_requests`. A call follows its
/// predecessor's end by the predecessor's `tool_duration_ns`. Ids of the output are used only
/// together with those of the prompt.
///
/// Source: https://github.com/casys-kaist/LLMServingSim, workloads.
struct LLMServingSimReader: TraceReader {
  static let format = TraceFormat(
    name: "LLMServingSim JSONL", syntax: .jsonLines, required: ["arrival_time_ns"],
    optional: [
      "input_toks", "output_toks", "input_tok_ids", "output_tok_ids", "sub_requests", "session_id",
      "priority", "class", "tenant", "ttft_slo_s", "tpot_slo_s", "deadline_s",
    ], arrivalKey: "arrival_time_ns",
    makeReader: { _ in LLMServingSimReader() })

  private static let lineKeys = JSONKeys(required: format.required, optional: format.optional)
  private static let callKeys = JSONKeys(
    required: ["input_toks", "output_toks"],
    optional: ["input_tok_ids", "output_tok_ids", "tool_duration_ns"])

  /// Most calls of a session; a guess.
  static let maxCalls = 100_000

  /// One call as its keys come in.
  private struct Call {
    var prompt: Int?
    var output: Int?
    var toolDelay: Int64 = 0
    var contentStart = 0
    var promptIDs: Int?
    var outputIDs: Int?
    /// Where the output's ids begin, when they stand before the prompt's.
    var skippedOutputIDs: Int?
  }

  private var calls: [Call] = []

  mutating func read(_ line: Span<UInt8>, into builder: inout WorkloadBuilder) throws(InputError) {
    try line.withUnsafeBufferPointer { bytes throws(InputError) in
      if let plain = PlainRequestLine(bytes) {
        try builder.add(
          WorkloadRequest(
            arrival: SimTime(nanoseconds: plain.arrival), promptTokens: plain.prompt,
            outputTokens: plain.output))
        return
      }
      var json = JSONLine(bytes)
      try readLine(&json, &builder)
    }
  }

  private mutating func readLine(_ json: inout JSONLine, _ builder: inout WorkloadBuilder)
    throws(InputError)
  {
    var arrival: Int64 = 0
    var name: String?
    var plain = Call()
    var traits = RequestTraits()
    var isSession = false
    var isPlain = false
    var seen: UInt64 = 0
    try json.beginObject(builder)
    while let key = try json.nextKey(LLMServingSimReader.lineKeys, &seen, builder) {
      switch key {
      case 0: arrival = try json.time("arrival_time_ns", unit: 0, builder)
      case 5:
        isSession = true
        try readCalls(&json, &builder)
      case 6: name = try json.name("session_id", builder)
      case 7...12: try LLMServingSimReader.readTrait(key - 7, of: &traits, &json, builder)
      default:
        isPlain = true
        try LLMServingSimReader.readValue(key - 1, of: &plain, &json, &builder)
      }
    }
    let end = json.position
    let start = SimTime(nanoseconds: arrival)
    let traitsIndex = builder.index(of: traits)
    if isSession {
      if isPlain {
        throw builder.error("sub_requests", "stands beside the keys of a single request")
      }
      try addSession(named: name, at: start, traits: traitsIndex, &builder)
    } else {
      var request = try LLMServingSimReader.request(plain, at: start, &json, &builder)
      request.traits = traitsIndex
      if let name { (request.session, request.turn) = builder.nextTurn(ofSession: name) }
      try builder.add(request)
    }
    json.position = end
    try json.finish(builder)
  }

  private static func readTrait(
    _ key: Int, of traits: inout RequestTraits, _ json: inout JSONLine, _ builder: WorkloadBuilder
  ) throws(InputError) {
    func seconds(_ key: String) throws(InputError) -> SimDuration {
      SimDuration(nanoseconds: try json.time(key, unit: 9, builder))
    }
    switch key {
    case 0:
      let number = try json.integer("priority", builder)
      guard let priority = Int32(exactly: number) else {
        throw builder.error(
          "priority", "is \(number)", expected: "a whole number of at most 2147483647")
      }
      traits.priority = priority
    case 1: traits.className = try json.name("class", builder)
    case 2: traits.tenant = try json.name("tenant", builder)
    case 3: traits.ttftTarget = try seconds("ttft_slo_s")
    case 4: traits.tpotTarget = try seconds("tpot_slo_s")
    default: traits.deadline = try seconds("deadline_s")
    }
  }

  private mutating func readCalls(_ json: inout JSONLine, _ builder: inout WorkloadBuilder)
    throws(InputError)
  {
    calls.removeAll(keepingCapacity: true)
    try json.beginArray("sub_requests", builder)
    while try json.nextElement("sub_requests", builder) {
      guard calls.count < LLMServingSimReader.maxCalls else {
        throw builder.error(
          "sub_requests", "holds more than \(LLMServingSimReader.maxCalls) calls")
      }
      builder.keyPrefix = "sub_requests[\(calls.count)]."
      var call = Call()
      var seen: UInt64 = 0
      try json.beginObject(builder)
      while let key = try json.nextKey(LLMServingSimReader.callKeys, &seen, builder) {
        if key == 4 {
          call.toolDelay = try json.time("tool_duration_ns", unit: 0, builder)
        } else {
          try LLMServingSimReader.readValue(key, of: &call, &json, &builder)
        }
      }
      let end = json.position
      try LLMServingSimReader.readSkippedIDs(&call, &json, &builder)
      json.position = end
      calls.append(call)
    }
    builder.keyPrefix = ""
  }

  private static func readValue(
    _ key: Int, of call: inout Call, _ json: inout JSONLine, _ builder: inout WorkloadBuilder
  ) throws(InputError) {
    switch key {
    case 0: call.prompt = try json.tokens("input_toks", builder)
    case 1: call.output = try json.tokens("output_toks", builder)
    case 2:
      call.contentStart = builder.workload.content.count
      call.promptIDs = try json.ids("input_tok_ids", into: &builder)
    default:
      if call.promptIDs != nil {
        call.outputIDs = try json.ids("output_tok_ids", into: &builder)
      } else {
        call.skippedOutputIDs = json.position
        try json.skipValue("output_tok_ids", builder)
      }
    }
  }

  /// Reads ids of the output that stood before those of the prompt; moves `json`.
  private static func readSkippedIDs(
    _ call: inout Call, _ json: inout JSONLine, _ builder: inout WorkloadBuilder
  ) throws(InputError) {
    guard let position = call.skippedOutputIDs else { return }
    call.skippedOutputIDs = nil
    json.position = position
    call.outputIDs = try json.ids("output_tok_ids", into: &builder)
    if call.promptIDs == nil {
      throw builder.error(
        "output_tok_ids", "is there without `input_tok_ids`", expected: "both or neither")
    }
  }

  private static func request(
    _ call: Call, at arrival: SimTime, _ json: inout JSONLine, _ builder: inout WorkloadBuilder
  ) throws(InputError) -> WorkloadRequest {
    var call = call
    try readSkippedIDs(&call, &json, &builder)
    return try request(call, at: arrival, builder)
  }

  private static func request(_ call: Call, at arrival: SimTime, _ builder: WorkloadBuilder)
    throws(InputError) -> WorkloadRequest
  {
    let prompt = try positive(call.prompt, "input_toks", builder)
    let output = try positive(call.output, "output_toks", builder)
    if let ids = call.promptIDs, ids != prompt {
      throw builder.error(
        "input_tok_ids", "holds \(ids) ids", expected: "\(prompt) as `input_toks`")
    }
    if let ids = call.outputIDs, ids != output {
      throw builder.error(
        "output_tok_ids", "holds \(ids) ids", expected: "\(output) as `output_toks`")
    }
    var request = WorkloadRequest(arrival: arrival, promptTokens: prompt, outputTokens: output)
    if let promptIDs = call.promptIDs {
      request.contentStart = Int32(call.contentStart)
      request.contentCount = Int32(promptIDs + (call.outputIDs ?? 0))
    }
    return request
  }

  private static func positive(_ count: Int?, _ key: String, _ builder: WorkloadBuilder)
    throws(InputError) -> Int
  {
    guard let count else { throw builder.error(key, "is missing") }
    guard count > 0 else { throw builder.error(key, "is 0", expected: "1 token or more") }
    return count
  }

  /// Adds the calls of a session; without a name it is called after its first request.
  private func addSession(
    named name: String?, at arrival: SimTime, traits: Int32, _ builder: inout WorkloadBuilder
  ) throws(InputError) {
    guard !calls.isEmpty else {
      throw builder.error("sub_requests", "is empty", expected: "at least one call")
    }
    let session = try builder.newSession(
      named: name ?? "session_\(builder.workload.requests.count)", key: "session_id")
    var waited: Int64 = 0
    for (turn, call) in calls.enumerated() {
      builder.keyPrefix = "sub_requests[\(turn)]."
      var request = try LLMServingSimReader.request(call, at: arrival, builder)
      request.session = session
      request.turn = Int32(turn)
      request.traits = traits
      guard turn > 0 else {
        builder.keyPrefix = ""
        try builder.add(request)
        continue
      }
      let delay = calls[turn - 1].toolDelay
      waited += delay
      guard waited <= WorkloadBuilder.maxTime else {
        throw builder.error(
          "tool_duration_ns", "makes the session wait more than 100 years",
          expected: "waits within 100 years")
      }
      request.followsPrevious = true
      request.toolDelay = SimDuration(nanoseconds: delay)
      try builder.addCall(request)
    }
    builder.keyPrefix = ""
  }
}
