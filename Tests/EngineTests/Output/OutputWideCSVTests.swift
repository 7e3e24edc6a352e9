import Testing

@testable import Engine

@Suite struct OutputWideCSVTests {
  @Test func rowTellsTheWholeLife() {
    let csv = WideCSV(
      MetricsFixture.run, cluster: MetricsFixture.cluster, targets: GoodputTargets(ttft: 50)
    ) { $0.index == 0 ? "chat,1" : nil }
    let rows = csv.text.split(separator: "\r\n")
    #expect(
      rows[0]
        == """
        request_id,session_id,class,arrival_ms,admit_ms,prefill_inst,prefill_queue_ms,prefill_ms,\
        first_token_ms,kv_wait_ms,kv_bytes,kv_transfer_ms,decode_inst,decode_queue_ms,decode_ms,\
        end_ms,prompt_tokens,cached_tokens,output_tokens,ttft_ms,tpot_ms,e2e_ms,preemptions,\
        retries,slo_ok,outcome,reason,prefill_token_ms,decode_token_ms
        """)
    #expect(
      rows[1]
        == """
        0,"chat,1",,100.000000,100.000000,prefill/0,10.000000,40.000000,150.000000,5.000000,4096,\
        5.000000,decode/0,2.000000,88.000000,250.000000,40,0,3,50.000000,50.000000,150.000000,0,\
        ,1,finished,,150.000000,
        """)
    #expect(
      rows[4]
        == """
        3,,,400.000000,,,,,,,,,,,,400.000000,7,0,0,,,,0,,0,rejected,"over ""quota"", try later",,
        """)
  }

  /// A class stands in its column, quoted where it must be, with a session and without one.
  @Test func classesHaveTheirColumn() throws {
    let kinds = RequestKinds(
      [
        .init(tenant: nil, className: "chat", targets: GoodputTargets()),
        .init(tenant: "b", className: "long, \"slow\"", targets: GoodputTargets()),
        .init(tenant: "b", className: nil, targets: GoodputTargets()),
      ],
      places: [0, 1, 2, -1])
    let csv = WideCSV(
      MetricsFixture.run, cluster: MetricsFixture.cluster,
      session: { $0.index == 1 ? "s" : nil }, kinds: kinds)
    let plain = parse(WideCSV(MetricsFixture.run, cluster: MetricsFixture.cluster).text)
    let rows = parse(csv.text)
    #expect(rows[1...4].map { $0[2] } == ["chat", "long, \"slow\"", "", ""])
    #expect(rows[1...4].map { $0[1] } == ["", "s", "", ""])
    #expect(rows.map { $0[3...] } == plain.map { $0[3...] })
  }

  /// What the table says is what the records say, to the nanosecond, for every outcome.
  @Test func rowsReadBackAsTheRecords() {
    for seed in 0..<100 as Range<UInt64> {
      let run = MetricsFixture.randomRun(seed: seed, requests: 20)
      let table = parse(WideCSV(run, cluster: MetricsFixture.cluster).text)
      #expect(table.count == run.records.count + 1)
      for (record, fields) in zip(run.records, table.dropFirst()) {
        let row = Dictionary(uniqueKeysWithValues: zip(table[0], fields))
        let place: Comment = "seed \(seed), request \(record.id.index)"
        #expect(fields.count == 29, place)
        #expect(nanoseconds(row["prefill_token_ms"]) == moment(record.promptEnd), place)
        #expect(nanoseconds(row["decode_token_ms"]) == moment(record.decodeToken), place)
        #expect(row["request_id"] == String(record.id.index), place)
        #expect(row["outcome"] == record.outcome.rawValue, place)
        #expect(nanoseconds(row["arrival_ms"]) == moment(record.arrival), place)
        #expect(nanoseconds(row["admit_ms"]) == moment(record.routed), place)
        #expect(nanoseconds(row["first_token_ms"]) == moment(record.firstToken), place)
        #expect(nanoseconds(row["end_ms"]) == moment(record.end), place)
        #expect(
          nanoseconds(row["prefill_queue_ms"]) == record.prefillQueue?.nanoseconds, place)
        #expect(nanoseconds(row["prefill_ms"]) == record.prefill?.nanoseconds, place)
        #expect(nanoseconds(row["kv_wait_ms"]) == record.kvWait?.nanoseconds, place)
        #expect(nanoseconds(row["kv_transfer_ms"]) == record.transfer?.nanoseconds, place)
        #expect(nanoseconds(row["decode_queue_ms"]) == record.decodeQueue?.nanoseconds, place)
        #expect(nanoseconds(row["decode_ms"]) == record.decode?.nanoseconds, place)
        #expect(nanoseconds(row["ttft_ms"]) == record.timeToFirstToken?.nanoseconds, place)
        #expect(nanoseconds(row["e2e_ms"]) == record.endToEnd?.nanoseconds, place)
        #expect(row["prompt_tokens"] == String(record.promptTokens), place)
        #expect(row["cached_tokens"] == String(record.cachedTokens), place)
        #expect(row["output_tokens"] == String(record.outputTokens), place)
        #expect(row["preemptions"] == String(record.preemptions), place)
        let bytes = record.transferStart == .never ? "" : String(record.kvBytes)
        #expect(row["kv_bytes"] == bytes, place)
        let reason = record.reason < 0 ? "" : run.reasons[Int(record.reason)]
        #expect(row["reason"] == reason, place)
      }
    }
  }

  private func moment(_ time: SimTime) -> Int64? { time == .never ? nil : time.nanoseconds }

  /// Six decimals of a millisecond are nanoseconds once the point is gone.
  private func nanoseconds(_ field: String?) -> Int64? {
    field.flatMap { Int64($0.filter { $0 != "." }) }
  }

  /// RFC 4180, as any spreadsheet reads it.
  private func parse(_ text: String) -> [[String]] {
    var rows: [[String]] = []
    var row: [String] = []
    var field: [UInt8] = []
    var isQuoted = false
    for byte in text.utf8 {
      switch (byte, isQuoted) {
      case (UInt8(ascii: "\""), _):
        // The second of a doubled quote opens the field again and stands for itself.
        if !isQuoted, field.last != nil || field.isEmpty == false { field.append(byte) }
        isQuoted.toggle()
      case (UInt8(ascii: ","), false):
        row.append(String(decoding: field, as: UTF8.self))
        field = []
      case (UInt8(ascii: "\r"), false): break
      case (UInt8(ascii: "\n"), false):
        row.append(String(decoding: field, as: UTF8.self))
        rows.append(row)
        (row, field) = ([], [])
      default: field.append(byte)
      }
    }
    return rows
  }
}
