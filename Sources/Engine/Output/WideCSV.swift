/// One row for each request of the run, whatever became of it, with every stage of its life.
///
/// Times are milliseconds with six decimals, which is exact to the nanosecond; an empty field is a stage that was not
/// reached. `arrival_ms`, `admit_ms`, `first_token_ms`, `end_ms` and the two last are moments, the others lengths of time. For a
/// finished request with more than one token,
/// `e2e_ms = (admit_ms − arrival_ms) + prefill_queue_ms + prefill_ms + kv_wait_ms + kv_transfer_ms + decode_queue_ms + decode_ms`.
///
/// `tpot_ms` is rounded down to whole nanoseconds. `slo_ok` is 1 or 0 where the run has objectives. `class` is always
/// empty: requests have no class yet. `retries` is empty in a run without faults; stages of a request that began anew are
/// those of its last try, and what was before counts as waiting at the gateway.
public struct WideCSV: OutputDocument {
  static let columns = [
    "request_id", "session_id", "class", "arrival_ms", "admit_ms", "prefill_inst",
    "prefill_queue_ms", "prefill_ms", "first_token_ms", "kv_wait_ms", "kv_bytes",
    "kv_transfer_ms", "decode_inst", "decode_queue_ms", "decode_ms", "end_ms", "prompt_tokens",
    "cached_tokens", "output_tokens", "ttft_ms", "tpot_ms", "e2e_ms", "preemptions", "retries",
    "slo_ok", "outcome", "reason", "prefill_token_ms", "decode_token_ms",
  ]

  private let result: RunResult
  private let cluster: ClusterSpec
  private let targets: GoodputTargets?
  private let session: (RequestID) -> String?

  /// - Parameter session: name of a request's session; nil is none.
  public init(
    _ result: RunResult, cluster: ClusterSpec, targets: GoodputTargets? = nil,
    session: @escaping (RequestID) -> String? = { _ in nil }
  ) {
    self.result = result
    self.cluster = cluster
    self.targets = targets
    self.session = session
  }

  public func write(to sink: inout ByteSink) {
    sink.write(Self.columns.joined(separator: ","))
    sink.endRow()
    let words = Words(result, cluster: cluster)
    for record in result.records {
      writeRow(record, words, to: &sink)
      sink.endRow()
    }
  }

  /// Texts that rows repeat, as the bytes of their fields; an index of −1 is an empty field.
  private struct Words {
    private let instances: ContiguousArray<ContiguousArray<UInt8>>
    private let reasons: ContiguousArray<ContiguousArray<UInt8>>
    private let outcomes: ContiguousArray<ContiguousArray<UInt8>>

    init(_ result: RunResult, cluster: ClusterSpec) {
      func fields(_ texts: [String]) -> ContiguousArray<ContiguousArray<UInt8>> {
        ContiguousArray(
          texts.map { text in
            var field = ByteSink()
            field.write(field: text)
            return ContiguousArray(field.text.utf8)
          })
      }
      instances = fields(cluster.instances.map(\.name))
      reasons = fields(result.reasons)
      outcomes = fields(Outcome.allCases.map(\.rawValue))
    }

    func write(_ instance: InstanceID, to sink: inout ByteSink) {
      write(Int(instance.index), of: instances, to: &sink)
    }

    func write(_ outcome: Outcome, reason: Int32, to sink: inout ByteSink) {
      let place =
        switch outcome {
        case .finished: 0
        case .rejected: 1
        case .cancelled: 2
        case .unfinished: 3
        }
      write(place, of: outcomes, to: &sink)
      write(Int(reason), of: reasons, to: &sink)
    }

    private func write(
      _ place: Int, of texts: ContiguousArray<ContiguousArray<UInt8>>, to sink: inout ByteSink
    ) {
      sink.write(ByteSink.comma)
      if texts.indices.contains(place) { sink.write(texts[place]) }
    }
  }

  private func writeRow(_ record: RequestRecord, _ words: Words, to sink: inout ByteSink) {
    let isHandedOver = record.transferStart != .never
    sink.write(Int64(record.id.index))
    text(session(record.id), to: &sink)
    text(nil, to: &sink)
    moment(record.arrival, to: &sink)
    moment(record.routed, to: &sink)
    words.write(record.prefillInstance, to: &sink)
    length(record.prefillQueue, to: &sink)
    length(record.prefill, to: &sink)
    moment(record.firstToken, to: &sink)
    length(record.kvWait, to: &sink)
    count(isHandedOver ? record.kvBytes : nil, to: &sink)
    length(record.transfer, to: &sink)
    words.write(record.decodeInstance, to: &sink)
    length(record.decodeQueue, to: &sink)
    length(record.decode, to: &sink)
    moment(record.end, to: &sink)
    count(Int64(record.promptTokens), to: &sink)
    count(Int64(record.cachedTokens), to: &sink)
    count(Int64(record.outputTokens), to: &sink)
    length(record.timeToFirstToken, to: &sink)
    length(tokenTime(record), to: &sink)
    length(record.endToEnd, to: &sink)
    count(Int64(record.preemptions), to: &sink)
    count(result.faults.isEmpty ? nil : Int64(record.retries), to: &sink)
    count(targets.map { $0.areMet(by: record) ? 1 : 0 }, to: &sink)
    words.write(record.outcome, reason: record.reason, to: &sink)
    moment(record.promptEnd, to: &sink)
    moment(record.decodeToken, to: &sink)
  }

  private func tokenTime(_ record: RequestRecord) -> SimDuration? {
    guard record.outputTokens > 1, let generation = record.generation else { return nil }
    return SimDuration(nanoseconds: generation.nanoseconds / Int64(record.outputTokens - 1))
  }

  private func moment(_ time: SimTime, to sink: inout ByteSink) {
    sink.write(ByteSink.comma)
    if time != .never { sink.write(milliseconds: time.nanoseconds) }
  }

  private func length(_ duration: SimDuration?, to sink: inout ByteSink) {
    sink.write(ByteSink.comma)
    if let duration { sink.write(milliseconds: duration.nanoseconds) }
  }

  private func count(_ value: Int64?, to sink: inout ByteSink) {
    sink.write(ByteSink.comma)
    if let value { sink.write(value) }
  }

  private func text(_ field: String?, to sink: inout ByteSink) {
    sink.write(ByteSink.comma)
    if let field { sink.write(field: field) }
  }
}
