/// Decisions of a run as JSON Lines: one line for each, in the order in which they were taken.
///
/// Lines are made as decisions come and kept in memory until they are written. Equal runs give equal bytes, unless the
/// host time of each call is asked for.
public final class DecisionLog: OutputDocument {
  private var json = JSONWriter(ByteSink(), isCompact: true)
  private let tellsHostTime: Bool

  public init(tellsHostTime: Bool = false) { self.tellsHostTime = tellsHostTime }

  public func write(to sink: inout ByteSink) { sink.write(json.sink.text) }

  public func add(_ decision: PolicyDecision) {
    let tellsHostTime = tellsHostTime
    json.object { json in
      json.field("time_s", decision.time.seconds)
      json.field("hook", decision.hook)
      json.field("file", decision.file)
      if let request = decision.request { json.field("request", Int(request.index)) }
      if let instance = decision.instance { json.field("instance", instance) }
      if !decision.read.isEmpty { json.object("read") { $0.fields(decision.read) } }
      if !decision.clusterRead.isEmpty {
        json.object("cluster") { $0.fields(decision.clusterRead) }
      }
      if !decision.candidates.isEmpty { json.subjects("candidates", decision.candidates) }
      if !decision.others.isEmpty { json.subjects("others", decision.others) }
      if !decision.calls.isEmpty {
        json.array("calls", decision.calls) { json, call in json.call(call) }
      }
      json.field("choice", decision.choice)
      if let decode = decision.decode { json.field("decode", decode) }
      if !decision.notes.isEmpty {
        json.key("notes")
        json.line(of: decision.notes) { $0.text($1) }
      }
      if tellsHostTime { json.field("lua_ns", decision.hostNanoseconds) }
    }
    json.endDocument()
  }
}

extension JSONWriter {
  fileprivate mutating func field(_ key: String, _ value: String?) {
    if let value { field(key, value) } else { field(key, json: "null") }
  }

  fileprivate mutating func fields(_ fields: [PolicyDecision.Field]) {
    for field in fields {
      switch field.value {
      case .none: self.field(field.name, json: "null")
      case .boolean(let value): self.field(field.name, json: value ? "true" : "false")
      case .integer(let value): self.field(field.name, value)
      case .number(let value): self.field(field.name, value)
      case .text(let value): self.field(field.name, value)
      case .list(let count): object(field.name) { $0.field("count", count) }
      case .other: continue
      }
    }
  }

  fileprivate mutating func subjects(_ key: String, _ subjects: [PolicyDecision.Subject]) {
    array(key, subjects) { json, subject in
      json.object { json in
        if let instance = subject.instance { json.field("instance", instance) }
        if let request = subject.request { json.field("request", Int(request.index)) }
        json.fields(subject.read)
        if let estimate = subject.estimate { json.field("estimate_s", estimate.seconds) }
      }
    }
  }

  fileprivate mutating func call(_ call: PolicyDecision.Call) {
    object { json in
      json.field("call", call.name)
      if let request = call.request { json.field("request", Int(request.index)) }
      if let count = call.count {
        json.field(call.name == "decode_all" ? "requests" : "tokens", count)
      }
      if let refusal = call.refusal { json.field("refused", refusal) }
    }
  }
}
