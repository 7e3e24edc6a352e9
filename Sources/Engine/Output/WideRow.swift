/// Writes rows of `WideCSV`, whether records were kept or go by.
struct WideRow {
  static let columns = [
    "request_id", "session_id", "class", "arrival_ms", "admit_ms", "prefill_inst",
    "prefill_queue_ms", "prefill_ms", "first_token_ms", "kv_wait_ms", "kv_bytes",
    "kv_transfer_ms", "decode_inst", "decode_queue_ms", "decode_ms", "end_ms", "prompt_tokens",
    "cached_tokens", "output_tokens", "ttft_ms", "tpot_ms", "e2e_ms", "preemptions", "retries",
    "slo_ok", "outcome", "reason", "prefill_token_ms", "decode_token_ms",
  ]

  private let targets: GoodputTargets?
  private let hasRetries: Bool
  private let hasMigrations: Bool
  private let session: (RequestID) -> String?
  private let kinds: RequestKinds
  private var words: Words
  /// Bytes of a row that writing it may touch, but for the names of session and class.
  private var most: Int

  init(
    cluster: ClusterSpec, targets: GoodputTargets?, hasRetries: Bool, hasMigrations: Bool,
    session: @escaping (RequestID) -> String?, kinds: RequestKinds = .none
  ) {
    self.targets = targets
    self.hasRetries = hasRetries
    self.hasMigrations = hasMigrations
    self.session = session
    self.kinds = kinds
    words = Words(cluster)
    most = Self.most(words)
  }

  /// Takes in the texts of rejections that are new.
  mutating func learn(_ reasons: [String]) {
    if words.learn(reasons) { most = Self.most(words) }
  }

  private static func most(_ words: Words) -> Int {
    (columns.count + 1) * (RowCursor.widestNumber + 1) + 2 + words.widestRow + RowCursor.slack
  }

  func writeHeader(to sink: inout ByteSink) {
    sink.write(Self.columns.joined(separator: ","))
    if hasMigrations { sink.write(",migrations") }
    sink.endRow()
  }

  func write(_ record: RequestRecord, to sink: inout ByteSink) {
    let id = Int64(record.id.index)
    let session = session(record.id)
    let className = kinds[record.id]?.className
    guard session != nil || className != nil else {
      return sink.row(most: most) { row in
        row.put(id)
        row.put(ByteSink.comma)
        row.put(ByteSink.comma)
        write(record, to: &row)
      }
    }
    sink.write(id)
    sink.write(ByteSink.comma)
    if let session { sink.write(field: session) }
    sink.write(ByteSink.comma)
    if let className { sink.write(field: className) }
    sink.row(most: most) { write(record, to: &$0) }
  }

  /// What stands behind the name of the class.
  private func write(_ record: RequestRecord, to row: inout RowCursor) {
    let isHandedOver = record.transferStart != .never
    let arrival = row.place
    moment(record.arrival, to: &row)
    moment(record.routed, mostly: record.arrival, arrival..<row.place, to: &row)
    words.put(record.prefillInstance, to: &row)
    length(record.prefillQueue, to: &row)
    length(record.prefill, to: &row)
    let firstToken = row.place
    moment(record.firstToken, to: &row)
    let firstTokenField = firstToken..<row.place
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
    count(hasRetries ? Int64(record.retries) : nil, to: &row)
    count(targets.map { $0.areMet(by: record) ? 1 : 0 }, to: &row)
    words.put(record.outcome, reason: record.reason, to: &row)
    moment(record.promptEnd, mostly: record.firstToken, firstTokenField, to: &row)
    moment(record.decodeToken, to: &row)
    if hasMigrations { count(Int64(record.migrations), to: &row) }
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

  /// A moment that mostly is `other`, whose field stands in the row already.
  @inline(__always)
  private func moment(
    _ time: SimTime, mostly other: SimTime, _ field: Range<UnsafeMutablePointer<UInt8>>,
    to row: inout RowCursor
  ) {
    if time == other { row.put(again: field) } else { moment(time, to: &row) }
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

extension WideRow {
  /// Texts that rows repeat, as the bytes of their fields; an index of −1 is an empty field.
  struct Words {
    private let instances: ContiguousArray<FieldText>
    private var reasons: ContiguousArray<FieldText> = []
    private let outcomes: ContiguousArray<FieldText>

    init(_ cluster: ClusterSpec) {
      instances = Self.fields(cluster.instances.map(\.name))
      outcomes = Self.fields(Outcome.allCases.map(\.rawValue))
    }

    /// False where all are known.
    mutating func learn(_ reasons: [String]) -> Bool {
      guard reasons.count > self.reasons.count else { return false }
      self.reasons += Self.fields(Array(reasons[self.reasons.count...]))
      return true
    }

    private static func fields(_ texts: [String]) -> ContiguousArray<FieldText> {
      ContiguousArray(
        texts.map { text in
          var field = ByteSink()
          field.write(field: text)
          return FieldText(field.text.utf8)
        })
    }

    /// Bytes that one row's texts touch at most: two instances, an outcome and a reason.
    var widestRow: Int {
      func widest(_ texts: ContiguousArray<FieldText>) -> Int {
        (texts.lazy.map(\.count).max() ?? 0) + FieldText.width
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
      _ place: Int, of texts: ContiguousArray<FieldText>, to row: inout RowCursor
    ) {
      row.put(ByteSink.comma)
      guard texts.indices.contains(place) else { return }
      row.put(texts[place])
    }
  }
}
