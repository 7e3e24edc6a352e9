/// A run as a Chrome trace, for https://ui.perfetto.dev: written while it goes on.
///
/// Process 1 holds the requests: a span each, with its stages within. Every instance is a process with one track of
/// iterations and two counters. Arrows lead from the iteration that computed the end of a prompt to the one that began
/// decoding it elsewhere. Rejections, preemptions, and faults with their ends are instants. Times are simulated, in µs with
/// three decimals, which is exact. Processes and threads have numbers of their own, none of them 0, which Linux's importers
/// take for the idle task.
///
/// Source: the Trace Event Format,
/// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
public final class ChromeTrace {
  private let file: OutputFile
  private let gzip: GzipWriter?
  private let path: String
  private let window: ClosedRange<SimTime>
  private var sink: ByteSink
  private var isFirst = true
  private var isFinished = false

  /// Opens the file under another name, which it loses when it is whole.
  ///
  /// - Parameter path: packed with gzip where it ends in `.gz`; SIGPIPE must then be ignored.
  /// - Parameter window: what lies outside of it is left out; nil is all.
  public init(
    path: String, cluster: ClusterSpec, window: ClosedRange<SimTime>?, inputs: [String] = []
  ) throws(OutputError) {
    try OutputFile.check([path], inputs: inputs)
    self.path = path
    self.window = window ?? .zero ... .never
    file = try OutputFile.open(path)
    do {
      gzip = path.hasSuffix(".gz") ? try GzipWriter(output: file.descriptor, path: path) : nil
    } catch {
      file.abandon()
      throw error
    }
    sink = ByteSink(descriptor: gzip?.input ?? file.descriptor)
    sink.write("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[")
    name("process_name", process: Self.requests, "requests")
    for (index, spec) in cluster.instances.enumerated() {
      let process = Self.process(of: InstanceID(index))
      name("process_name", process: process, spec.name)
      name("thread_name", process: process, "iterations")
    }
  }

  private static let requests = 1

  private static func process(of instance: InstanceID) -> Int {
    instance.isNone ? requests : Int(instance.index) + 2
  }

  deinit {
    guard !isFinished else { return }
    _ = gzip?.finish()
    file.abandon()
  }

  public func iterationEnded(_ event: IterationEvent) {
    guard event.end >= window.lowerBound, event.start <= window.upperBound else { return }
    let process = Self.process(of: event.instance)
    let kind =
      event.prefills == 0 ? "decode" : event.decodes == 0 ? "prefill" : "mixed"
    begin("X", kind, process: process, at: event.start)
    sink.write(",\"dur\":")
    sink.write(microseconds: (event.end - event.start).nanoseconds)
    arguments([
      ("prefill_tokens", event.prefillTokens), ("prefills", event.prefills),
      ("decodes", event.decodes),
    ])
    counter(
      "KV blocks", process: process, at: event.end,
      [("used", event.kvUsed), ("reserved", event.kvReserved)])
    counter(
      "requests", process: process, at: event.end,
      [("running", event.running), ("waiting", event.waiting)])
  }

  public func preempted(_ request: RequestID, on instance: InstanceID, at now: SimTime) {
    guard window.contains(now) else { return }
    instant(
      "preempted \(request.index)", process: Self.process(of: instance), at: now, scope: "t")
  }

  /// Writes the requests, and gives the file its name.
  public func finish(_ result: RunResult) throws(OutputError) {
    for record in result.records { write(record, result.reasons) }
    for fault in result.faults { write(fault, end: result.end) }
    sink.write("\n]}\n")
    sink.flush()
    isFinished = true
    let isPacked = gzip?.finish() ?? true
    // What gzip has to say is on stderr; the commonest reason is a full disk.
    try file.finish(failure: sink.failure != 0 ? sink.failure : isPacked ? 0 : 28)
  }

  // MARK: Requests

  private func write(_ record: RequestRecord, _ reasons: [String]) {
    guard record.arrival != .never else { return }
    let end = record.end == .never ? record.arrival : record.end
    guard end >= window.lowerBound, record.arrival <= window.upperBound else { return }
    let id = record.id.index
    begin("b", "request \(id)", process: Self.requests, at: record.arrival, request: id)
    arguments([
      ("prompt_tokens", Int(record.promptTokens)), ("output_tokens", Int(record.outputTokens)),
      ("cached_tokens", Int(record.cachedTokens)), ("preemptions", Int(record.preemptions)),
      ("prefill_instance", Int(record.prefillInstance.index)),
      ("decode_instance", Int(record.decodeInstance.index)),
    ])
    var last = record.arrival
    for (stage, until) in [
      ("queue", record.prefillStart), ("prefill", record.promptEnd),
      ("KV wait", record.handOffStart), ("transfer", record.transferEnd),
      ("decode queue", record.decodeStart), ("decode", record.end),
    ] {
      guard until != .never, until > last else { continue }
      begin("b", stage, process: Self.requests, at: last, request: id)
      close()
      begin("e", stage, process: Self.requests, at: until, request: id)
      close()
      last = until
    }
    begin("e", "request \(id)", process: Self.requests, at: max(last, end), request: id)
    close()
    if record.outcome == .rejected {
      let place = Int(record.reason)
      let reason = reasons.indices.contains(place) ? ": \(reasons[place])" : ""
      instant("rejected \(id)\(reason)", process: Self.requests, at: end, scope: "p")
    }
    if record.transferStart != .never { arrow(record) }
  }

  private func write(_ fault: FaultOutcome, end: SimTime) {
    let process = Self.process(of: fault.instance)
    let scope = fault.instance.isNone ? "p" : "t"
    if window.contains(fault.start) {
      instant(fault.words, process: process, at: fault.start, scope: scope)
    }
    // Those that last until the run's end have none.
    guard fault.end > fault.start, fault.end < end, window.contains(fault.end) else { return }
    instant("end of \(fault.words)", process: process, at: fault.end, scope: scope)
  }

  /// Both ends stick to the iteration that is under way at that moment, so both must be there.
  private func arrow(_ record: RequestRecord) {
    guard record.decodeStart != .never, !record.decodeInstance.isNone,
      record.lastPrefillStart != .never, window.contains(record.lastPrefillStart),
      window.contains(record.decodeStart)
    else { return }
    let id = record.id.index
    begin(
      "s", "KV transfer", process: Self.process(of: record.prefillInstance),
      at: record.lastPrefillStart, request: id)
    arguments([("bytes", Int(record.kvBytes))])
    begin(
      "f", "KV transfer", process: Self.process(of: record.decodeInstance),
      at: record.decodeStart, request: id)
    sink.write(",\"bp\":\"e\"")
    close()
  }

  // MARK: Events

  private func begin(
    _ phase: String, _ name: String, process: Int, at time: SimTime, request: Int32? = nil
  ) {
    sink.write(isFirst ? "\n{\"ph\":\"" : ",\n{\"ph\":\"")
    isFirst = false
    sink.write(phase)
    sink.write("\",\"name\":")
    var json = JSONWriter(sink)
    json.text(name)
    sink = json.sink
    sink.write(",\"pid\":")
    sink.write(process)
    sink.write(",\"tid\":")
    sink.write(process)
    sink.write(",\"ts\":")
    sink.write(microseconds: time.nanoseconds)
    if let request {
      sink.write(",\"cat\":\"request\",\"id\":\"")
      sink.write(Int(request))
      sink.write("\"")
    }
  }

  private func close() { sink.write("}") }

  private func arguments(_ values: [(String, Int)]) {
    sink.write(",\"args\":{")
    for (place, (name, value)) in values.enumerated() {
      sink.write(place == 0 ? "\"" : ",\"")
      sink.write(name)
      sink.write("\":")
      sink.write(value)
    }
    sink.write("}}")
  }

  private func counter(
    _ name: String, process: Int, at time: SimTime, _ values: [(String, Int)]
  ) {
    begin("C", name, process: process, at: time)
    arguments(values)
  }

  private func instant(_ name: String, process: Int, at time: SimTime, scope: String) {
    begin("i", name, process: process, at: time)
    sink.write(",\"s\":\"\(scope)\"")
    close()
  }

  private func name(_ kind: String, process: Int, _ name: String) {
    begin("M", kind, process: process, at: .zero)
    sink.write(",\"args\":{\"name\":")
    var json = JSONWriter(sink)
    json.text(name)
    sink = json.sink
    sink.write("}}")
  }
}
