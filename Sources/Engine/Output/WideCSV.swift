/// One row for each request of the run, whatever became of it, with every stage of its life.
///
/// Times are milliseconds with six decimals, which is exact to the nanosecond; an empty field is a stage that was not
/// reached. `arrival_ms`, `admit_ms`, `first_token_ms`, `end_ms` and the two last are moments, the others lengths of time. For a
/// finished request with more than one token,
/// `e2e_ms = (admit_ms − arrival_ms) + prefill_queue_ms + prefill_ms + kv_wait_ms + kv_transfer_ms + decode_queue_ms + decode_ms`.
///
/// `tpot_ms` is rounded down to whole nanoseconds. `slo_ok` is 1 or 0 where the run has objectives. `class` is always
/// empty: requests have no class yet. `retries` is empty in a run without faults; stages of a request that began anew are
/// those of its last try, and what was before counts as waiting at the gateway. In a run that moved decoding requests,
/// `migrations` stands last: how often each was.
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
    if result.migration != nil { sink.write(",migrations") }
    sink.endRow()
    let words = Words(result, cluster: cluster)
    let most = (Self.columns.count + 1) * (RowCursor.widestNumber + 1) + 2 + words.widestRow
    for record in result.records {
      sink.write(Int64(record.id.index))
      sink.write(ByteSink.comma)
      if let session = session(record.id) { sink.write(field: session) }
      sink.row(most: most) { write(record, words, to: &$0) }
    }
  }

  /// What stands behind the name of the session.
  @inline(__always)
  private func write(_ record: RequestRecord, _ words: Words, to row: inout RowCursor) {
    let isHandedOver = record.transferStart != .never
    row.put(ByteSink.comma)
    moment(record.arrival, to: &row)
    moment(record.routed, to: &row)
    words.put(record.prefillInstance, to: &row)
    length(record.prefillQueue, to: &row)
    length(record.prefill, to: &row)
    moment(record.firstToken, to: &row)
    length(record.kvWait, to: &row)
    count(isHandedOver ? record.kvBytes : nil, to: &row)
    length(record.transfer, to: &row)
    words.put(record.decodeInstance, to: &row)
    length(record.decodeQueue, to: &row)
    length(record.decode, to: &row)
    moment(record.end, to: &row)
    count(Int64(record.promptTokens), to: &row)
    count(Int64(record.cachedTokens), to: &row)
    count(Int64(record.outputTokens), to: &row)
    length(record.timeToFirstToken, to: &row)
    length(tokenTime(record), to: &row)
    length(record.endToEnd, to: &row)
    count(Int64(record.preemptions), to: &row)
    count(result.faults.isEmpty ? nil : Int64(record.retries), to: &row)
    count(targets.map { $0.areMet(by: record) ? 1 : 0 }, to: &row)
    words.put(record.outcome, reason: record.reason, to: &row)
    moment(record.promptEnd, to: &row)
    moment(record.decodeToken, to: &row)
    if result.migration != nil { count(Int64(record.migrations), to: &row) }
    row.put(UInt8(ascii: "\r"))
    row.put(UInt8(ascii: "\n"))
  }

  private func tokenTime(_ record: RequestRecord) -> SimDuration? {
    guard record.outputTokens > 1, let generation = record.generation else { return nil }
    return SimDuration(nanoseconds: generation.nanoseconds / Int64(record.outputTokens - 1))
  }

  @inline(__always)
  private func moment(_ time: SimTime, to row: inout RowCursor) {
    row.put(ByteSink.comma)
    if time != .never { row.put(milliseconds: time.nanoseconds) }
  }

  @inline(__always)
  private func length(_ duration: SimDuration?, to row: inout RowCursor) {
    row.put(ByteSink.comma)
    if let duration { row.put(milliseconds: duration.nanoseconds) }
  }

  @inline(__always)
  private func count(_ value: Int64?, to row: inout RowCursor) {
    row.put(ByteSink.comma)
    if let value { row.put(value) }
  }
}

extension WideCSV {
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

    /// Bytes of one row's texts at most: two instances, an outcome and a reason.
    var widestRow: Int {
      func widest(_ texts: ContiguousArray<ContiguousArray<UInt8>>) -> Int {
        texts.lazy.map(\.count).max() ?? 0
      }
      return 2 * widest(instances) + widest(outcomes) + widest(reasons)
    }

    func put(_ instance: InstanceID, to row: inout RowCursor) {
      put(Int(instance.index), of: instances, to: &row)
    }

    func put(_ outcome: Outcome, reason: Int32, to row: inout RowCursor) {
      let place =
        switch outcome {
        case .finished: 0
        case .rejected: 1
        case .cancelled: 2
        case .unfinished: 3
        }
      put(place, of: outcomes, to: &row)
      put(Int(reason), of: reasons, to: &row)
    }

    private func put(
      _ place: Int, of texts: ContiguousArray<ContiguousArray<UInt8>>, to row: inout RowCursor
    ) {
      row.put(ByteSink.comma)
      guard texts.indices.contains(place) else { return }
      texts[place].withUnsafeBufferPointer { row.put($0) }
    }
  }
}
