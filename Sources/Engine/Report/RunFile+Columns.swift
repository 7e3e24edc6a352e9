/// The long arrays of a run's file. Read without a node for each entry: there may be millions.
extension RunFile.Requests {
  init(_ object: JSONObject) throws(InputError) {
    let outcomes = try object.required("outcome").array()
    count = outcomes.count
    for outcome in outcomes {
      let word = try outcome.word(among: Outcome.allCases.map(\.rawValue))
      isFinished.append(word == Outcome.finished.rawValue)
    }
    isMeasured = isFinished
    if object.present("measured") != nil {
      for (row, flag) in try object.column("measured", count: count).enumerated() where flag == 0 {
        isMeasured[row] = false
      }
    }
    arrival = try object.column("arrival_ns", count: count, mayBeNull: true)
    prefillStart = try object.column("prefill_start_ns", count: count, mayBeNull: true)
    firstToken = try object.column("first_token_ns", count: count, mayBeNull: true)
    prefillEnd = try object.column("prefill_end_ns", count: count, mayBeNull: true)
    transferStart = try object.column("transfer_start_ns", count: count, mayBeNull: true)
    transferEnd = try object.column("transfer_end_ns", count: count, mayBeNull: true)
    decodeStart = try object.column("decode_start_ns", count: count, mayBeNull: true)
    end = try object.column("end_ns", count: count, mayBeNull: true)
    receipt = try object.column("receipt_ns", count: count)
    kvBytes = try object.column("kv_bytes", count: count, mayBeNull: true)
    outputTokens = try object.column("output_tokens", count: count)
    try checkOrder(object)
  }

  /// Each moment that was reached follows those before it; a finished request has its first token and its end.
  private func checkOrder(_ object: JSONObject) throws(InputError) {
    let moments = [
      ("arrival_ns", arrival), ("prefill_start_ns", prefillStart), ("prefill_end_ns", prefillEnd),
      ("transfer_start_ns", transferStart), ("transfer_end_ns", transferEnd),
      ("decode_start_ns", decodeStart), ("end_ns", end),
    ]
    for row in 0..<count {
      var last = Int64.min
      for (name, column) in moments where column[row] != Self.absent {
        guard column[row] >= last else {
          throw try object.required(name).error(
            "entry \(row) is \(column[row]), before the moment that precedes it",
            expected: "at least \(last)")
        }
        last = column[row]
      }
      if firstToken[row] != Self.absent, firstToken[row] < prefillEnd[row] {
        throw try object.required("first_token_ns").error(
          "entry \(row) is \(firstToken[row]), before the end of the prompt",
          expected: "at least \(prefillEnd[row])")
      }
      guard isFinished[row] else { continue }
      for (name, column) in [
        ("arrival_ns", arrival), ("prefill_start_ns", prefillStart),
        ("first_token_ns", firstToken), ("end_ns", end),
      ] where column[row] == Self.absent {
        throw try object.required(name).error(
          "entry \(row) is null", expected: "a moment, since the request finished")
      }
    }
  }
}

extension RunFile.Series {
  init(_ object: JSONObject, instances count: Int) throws(InputError) {
    time = try object.column("time_ns", count: nil)
    for (row, pair) in zip(time, time.dropFirst()).enumerated() where pair.0 >= pair.1 {
      throw try object.required("time_ns").error(
        "entry \(row + 1) is \(pair.1), not after the one before it")
    }
    gatewayWaiting = try object.column("gateway_waiting", count: time.count)
    transfers = try object.column("transfers", count: time.count)
    let rows = try object.required("instances").array()
    guard rows.count == count else {
      throw try object.required("instances").error(
        "is an array of \(rows.count)", expected: "\(count) entries, one for each instance")
    }
    instances = []
    for row in rows {
      let columns = try row.object()
      var read: [ContiguousArray<Int64>] = []
      for (name, _) in SummaryJSON.instanceColumns {
        read.append(try columns.column(name, count: time.count))
      }
      instances.append(read)
    }
  }
}

extension JSONObject {
  /// An array of whole numbers from 0 on; `null` is `RunFile.Requests.absent`.
  func column(
    _ key: String, count: Int?, mayBeNull: Bool = false
  ) throws(InputError) -> ContiguousArray<Int64> {
    let node = try required(key)
    guard case .array(let entries) = node.value.content else {
      throw node.error("is \(node.described)", expected: "an array of whole numbers")
    }
    guard entries.count == count ?? entries.count else {
      throw node.error("is \(node.described)", expected: "\(count ?? 0) entries")
    }
    var column = ContiguousArray<Int64>()
    column.reserveCapacity(entries.count)
    for (place, entry) in entries.enumerated() {
      switch entry.content {
      case .integer(let whole) where (0...RunFile.largest).contains(whole):
        column.append(Int64(whole))
      case .null where mayBeNull: column.append(RunFile.Requests.absent)
      default:
        let found = JSONNode(
          file: node.file, path: JSONPathStep.index(place).appended(to: node.path), value: entry)
        throw found.error(
          "is \(found.described)", expected: "a whole number from 0 to \(RunFile.largest)")
      }
    }
    return column
  }
}
