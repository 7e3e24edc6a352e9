/// One row for each request of the run, whatever became of it, with every stage of its life.
///
/// Times are milliseconds with six decimals, which is exact to the nanosecond; an empty field is a stage that was not
/// reached. `arrival_ms`, `admit_ms`, `first_token_ms`, `end_ms` and the two last are moments, the others lengths of time. For a
/// finished request with more than one token,
/// `e2e_ms = (admit_ms − arrival_ms) + prefill_queue_ms + prefill_ms + kv_wait_ms + kv_transfer_ms + decode_queue_ms + decode_ms`.
///
/// `tpot_ms` is rounded down to whole nanoseconds. `slo_ok` is 1 or 0 where the run has objectives. `retries` is empty in a run without faults; stages of a request that began anew are
/// those of its last try, and what was before counts as waiting at the gateway. In a run that moved decoding requests,
/// `migrations` stands last: how often each was.
public struct WideCSV: OutputDocument {
  private let result: RunResult
  private let row: WideRow

  /// - Parameter session: name of a request's session; nil is none.
  /// - Parameter kinds: what names the requests' classes.
  public init(
    _ result: RunResult, cluster: ClusterSpec, targets: GoodputTargets? = nil,
    session: @escaping (RequestID) -> String? = { _ in nil }, kinds: RequestKinds = .none
  ) {
    self.result = result
    var row = WideRow(
      cluster: cluster, targets: targets, hasRetries: !result.faults.isEmpty,
      hasMigrations: result.migration != nil, session: session, kinds: kinds)
    row.learn(result.reasons)
    self.row = row
  }

  public func write(to sink: inout ByteSink) {
    row.writeHeader(to: &sink)
    for record in result.records { row.write(record, to: &sink) }
  }
}
