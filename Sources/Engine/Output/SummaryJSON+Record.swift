/// What `simhost report` needs besides the summary. Moments are nanoseconds since the simulation began.
extension SummaryJSON {
  func writeRecord(_ json: inout JSONWriter) {
    writeRequests(&json)
    json.object("itl_histogram") { json in
      let bins = Array(summary.gapHistogram.bins)
      json.key("value_ns")
      json.line(of: bins) { json, bin in json.number(Int(clamping: bin.value)) }
      json.key("count")
      json.line(of: bins) { json, bin in json.number(Int(clamping: bin.count)) }
    }
    if let series = result.series { writeSeries(series, &json) }
  }

  /// A column for each property, with an entry for each request that arrived or not; `null` is "not reached".
  private func writeRequests(_ json: inout JSONWriter) {
    func column(
      _ name: String, _ json: inout JSONWriter, _ entry: (RequestRecord) -> Int?
    ) {
      json.key(name)
      json.line(of: result.records) { json, record in json.number(entry(record)) }
    }
    json.object("requests") { json in
      json.key("outcome")
      json.line(of: result.records) { json, record in json.text(record.outcome.rawValue) }
      if !summary.window.isEverything {
        json.key("measured")
        json.line(of: summary.window.contains(result.records)) { json, isMeasured in
          json.number(isMeasured ? 1 : 0)
        }
      }
      for (name, moment) in Self.moments {
        column(name, &json) { record in
          let time = record[keyPath: moment]
          return time == .never ? nil : Int(time.nanoseconds)
        }
      }
      column("receipt_ns", &json) { Int($0.receipt.nanoseconds) }
      column("kv_bytes", &json) { $0.transferStart == .never ? nil : Int($0.kvBytes) }
      column("prompt_tokens", &json) { Int($0.promptTokens) }
      column("output_tokens", &json) { Int($0.outputTokens) }
    }
  }

  /// The moments of a request's life in their order, and that of its first token, whoever gave it. A finished one has all
  /// but those of a hand-off that it did without.
  static var moments: [(name: String, of: KeyPath<RequestRecord, SimTime>)] {
    [
      ("arrival_ns", \.arrival), ("prefill_start_ns", \.prefillStart),
      ("prefill_end_ns", \.promptEnd), ("transfer_start_ns", \.handOffStart),
      ("transfer_end_ns", \.transferEnd), ("decode_start_ns", \.decodeStart), ("end_ns", \.end),
      ("first_token_ns", \.firstToken),
    ]
  }

  /// Counts of blocks and requests at each moment; tokens and busy time since the beginning of the run.
  private func writeSeries(_ series: TimeSeries, _ json: inout JSONWriter) {
    json.object("series") { json in
      json.key("time_ns")
      json.line(of: series.moments) { json, moment in json.number(Int(moment.time.nanoseconds)) }
      json.key("gateway_waiting")
      json.line(of: series.moments) { json, moment in json.number(moment.gatewayWaiting) }
      json.key("transfers")
      json.line(of: series.moments) { json, moment in json.number(moment.transfers) }
      json.array("instances", summary.instances.indices) { json, index in
        json.object { json in
          json.field("name", summary.instances[index].name)
          for (name, value) in Self.instanceColumns {
            json.key(name)
            json.line(of: series.moments) { json, moment in
              json.number(value(moment.instances[index]))
            }
          }
        }
      }
    }
  }

  static var instanceColumns: [(name: String, of: (InstanceMoment) -> Int)] {
    [
      ("kv_used", { $0.kvUsed }), ("kv_reserved", { $0.kvReserved }),
      ("kv_in_flight", { $0.kvInFlight }), ("running", { $0.running }),
      ("waiting", { $0.waiting }), ("prefill_tokens", { $0.prefillTokens }),
      ("decode_tokens", { $0.decodeTokens }),
      ("busy_ns", { Int($0.busy.nanoseconds) }),
    ]
  }
}
