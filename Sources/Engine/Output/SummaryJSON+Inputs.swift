extension SummaryJSON {
  /// Everything needed to run the same again.
  func writeInputs(_ json: inout JSONWriter) {
    json.object("run") { json in
      json.field("seed", description.seed)
      json.field("iterations", result.iterations)
      if description.firstToken != .prefill {
        json.field("first_token", description.firstToken.rawValue)
      }
      json.object("cluster") { json in
        json.field("source", description.cluster.source)
        let transfer = description.cluster.kvTransfer
        if transfer != KVTransferSpec() {
          json.field("kv_transfer", transfer.mode.rawValue)
          json.field("handshake_ns", Int(transfer.handshake.nanoseconds))
        }
        json.array("cost_models", zip(description.cluster.instances, description.costModels)) {
          json, instance in
          json.object { json in
            json.field("instance", instance.0.name)
            json.field("hardware", instance.0.hardware)
            json.field("model", instance.0.model.name)
            json.field("tp_size", instance.0.tpSize)
            json.field("cost_model", instance.1)
            if let platform = instance.0.platform { json.field("platform", platform.name) }
          }
        }
      }
      json.array("platforms", platforms) { json, platform in
        json.object { json in
          json.field("name", platform.name)
          json.field("source", platform.source)
          json.array("settings", platform.settings) { json, setting in json.text(setting) }
        }
      }
      json.object("workload") { json in
        json.field("source", description.workload.source)
        json.field("format", description.workload.format)
        json.field("requests", description.workload.requests)
        json.field("span_ns", Int(description.workload.span.nanoseconds))
      }
      json.object("policy") { json in
        let policy = description.policy
        json.field("name", policy.name)
        json.field("version", policy.version)
        json.array("files", policy.files) { json, file in json.text(file) }
        json.array("sources", policy.sources) { json, source in
          json.object { json in
            json.field("file", source.path)
            json.field("sha256", source.sha256)
          }
        }
        json.object("parameters") { json in
          for parameter in policy.parameters { json.field(parameter.name, parameter.value) }
        }
        json.array("hooks", policy.hooks) { json, hook in
          json.object { json in
            json.field("hook", hook.hook)
            json.field("file", hook.file)
            json.field("calls", hook.calls)
          }
        }
      }
      json.array("arguments", description.arguments) { json, argument in json.text(argument) }
      json.array("notes", description.notes) { json, note in json.text(note) }
    }
  }

  /// Each platform once, in the order of the instances that name it.
  private var platforms: [PlatformSpec] {
    description.cluster.instances.compactMap(\.platform).reduce(into: []) { known, platform in
      if !known.contains(platform) { known.append(platform) }
    }
  }

  /// One entry for each request, in the order of the trace: seconds, and 0 where a request did not get that far.
  ///
  /// `itls` is left out when the run kept no gaps, and where the histogram of the record stands for them.
  ///
  /// - Parameter isMeasured: leaves out the requests beyond the measurement window.
  func writeArrays(_ json: inout JSONWriter, isMeasured: Bool = false) {
    let window = isMeasured ? summary.window : .everything
    let counts = window.contains(result.records)
    func line(_ name: String, _ entry: (inout JSONWriter, RequestRecord) -> Void) {
      json.key(name)
      json.line(of: zip(result.records, counts).lazy.filter(\.1).map(\.0), entry)
    }
    line("input_lens") { json, record in json.number(Int(record.promptTokens)) }
    line("output_lens") { json, record in
      json.number(record.outcome == .finished ? Int(record.outputTokens) : 0)
    }
    line("ttfts") { json, record in json.number(record.timeToFirstToken?.seconds ?? 0) }
    line("latencies") { json, record in json.number(record.endToEnd?.seconds ?? 0) }
    line("start_times") { json, record in
      json.number(record.arrival == .never ? 0 : record.arrival.seconds)
    }
    line("errors") { json, record in json.text(error(of: record)) }
    if !recorded, result.gapStarts.count == result.records.count + 1 {
      json.key("itls")
      json.line(of: zip(result.gapRanges, counts).lazy.filter(\.1).map(\.0)) { json, range in
        json.line(of: result.gaps[range]) { json, gap in
          json.number(SimDuration(nanoseconds: gap).seconds)
        }
      }
    }
  }

  private func error(of record: RequestRecord) -> String {
    guard record.outcome != .finished else { return "" }
    let reason = Int(record.reason)
    guard result.reasons.indices.contains(reason) else { return record.outcome.rawValue }
    return "\(record.outcome.rawValue): \(result.reasons[reason])"
  }
}
