/// The summary of a run as JSON, with the field names of vLLM's serving benchmark, so that scripts made for that read it.
///
/// Holds simulated facts only, no host time: the same run gives the same bytes. Our own fields follow vLLM's.
/// With `detailed`, arrays with one entry for each request stand at the end, in seconds as vLLM has them. With `recorded`
/// follows what reports are made from: the moments of each request, and the cluster over time.
public struct SummaryJSON: OutputDocument {
  let summary: RunSummary
  let description: RunDescription
  let result: RunResult
  private let detailed: Bool
  let recorded: Bool

  public init(
    _ summary: RunSummary, description: RunDescription, result: RunResult, detailed: Bool = false,
    recorded: Bool = false
  ) {
    self.summary = summary
    self.description = description
    self.result = result
    self.detailed = detailed
    self.recorded = recorded
  }

  public func write(to sink: inout ByteSink) {
    var json = JSONWriter(sink)
    json.object { json in
      writeBenchmarkFields(&json)
      writeWaits(&json)
      writeOutcomes(&json)
      writeGroups(&json)
      writeInstances(&json)
      writeInputs(&json)
      if let table = description.policy.table { json.field("policy", json: table) }
      if detailed { writeArrays(&json) }
      if recorded { writeRecord(&json) }
    }
    json.endDocument()
    sink = json.sink
  }

  /// What vLLM's benchmark writes, without those fields that the run does not know.
  func writeBenchmarkFields(_ json: inout JSONWriter) {
    for field in summary.fields {
      switch field.value {
      case .count(let count): json.field(field.name, count)
      case .real(let real): json.field(field.name, real)
      case .absent where field.name == "max_output_tokens_per_s": break
      case .absent: json.field(field.name, nil as Double?)
      }
    }
  }

  private func writeWaits(_ json: inout JSONWriter) {
    for (name, wait) in [
      ("queueing", summary.queueing), ("kv_wait", summary.kvWait),
      ("kv_transfer", summary.transfer), ("decode_queue", summary.decodeQueue),
    ] {
      json.object(name) { json in
        json.field("count", wait?.count ?? 0)
        for (statistic, value) in Distribution.statistics {
          json.field("\(statistic)_ms", wait?[keyPath: value])
        }
        json.field("p99.9_ms", wait?.p999)
      }
    }
  }

  private func writeOutcomes(_ json: inout JSONWriter) {
    let conservation = summary.conservation
    json.object("conservation") { json in
      json.field("injected", conservation.injected)
      json.field("finished", conservation.finished)
      json.field("rejected", conservation.rejected)
      json.field("cancelled", conservation.cancelled)
      json.field("unfinished", conservation.unfinished)
    }
    if !summary.window.isEverything {
      json.object("measurement") { json in
        json.field("warmup", summary.window.warmup.text)
        json.field("cooldown", summary.window.cooldown.text)
        json.field("requests", summary.measured.injected)
        json.field("left_out", conservation.injected - summary.measured.injected)
      }
    }
    json.array("rejections", summary.rejections) { json, rejection in
      json.object { json in
        json.field("reason", rejection.reason)
        json.field("count", rejection.count)
      }
    }
    if let goodput = summary.goodput {
      json.object("slo") { json in
        json.field("ttft_ms", goodput.targets.ttft)
        json.field("tpot_ms", goodput.targets.tpot)
        json.field("e2el_ms", goodput.targets.endToEnd)
        json.field("ttft_share", goodput.ttftShare)
        json.field("tpot_share", goodput.tpotShare)
        json.field("e2el_share", goodput.endToEndShare)
        json.field("share", goodput.share)
        json.field("good", goodput.good)
      }
    }
    json.field("preemptions", summary.preemptions)
    json.field("recomputed_tokens", summary.recomputedTokens)
    json.field("prefix_hit_share", summary.prefixHitShare)
    if let scaling = summary.scaling {
      json.object("scaling") { json in
        json.field("role_changes", scaling.roleChanges)
        json.field("starts", scaling.starts)
        json.field("stops", scaling.stops)
        json.field("instance_seconds", scaling.on.seconds)
      }
    }
    if let migration = summary.migration { write(migration, to: &json) }
    if let replication = summary.replication { write(replication, to: &json) }
    if let tiers = summary.tiers { write(tiers, to: &json) }
    if !summary.faults.isEmpty { writeFaults(&json) }
    json.object("bottleneck") { json in
      json.field("name", summary.bottleneck.name)
      json.field("reason", summary.bottleneck.reasons.joined(separator: ", "))
    }
    if let backlog = summary.backlog {
      json.object("backlog") { json in
        json.field("drift_per_s", backlog.slope)
        json.field("drift_share", backlog.share)
        json.field("saturated", json: backlog.isSaturated ? "true" : "false")
      }
    }
  }

  private func writeInstances(_ json: inout JSONWriter) {
    json.array("instances", summary.instances) { json, instance in
      let totals = instance.totals
      json.object { json in
        json.field("name", instance.name)
        json.field("role", instance.role.rawValue)
        json.field("iterations", totals.iterations)
        json.field("busy_ns", Int(totals.busy.nanoseconds))
        json.field("utilization", instance.utilization)
        json.field("prefill_tokens", totals.prefillTokens)
        json.field("decode_tokens", totals.decodeTokens)
        json.field("prefix_queried_tokens", totals.prefixQueries)
        json.field("prefix_hit_tokens", totals.prefixHits)
        json.field("preemptions", totals.preemptions)
        json.field("recomputed_tokens", totals.recomputedTokens)
        json.field("kv_capacity_blocks", totals.kvCapacityBlocks)
        json.field("kv_peak_blocks", totals.kvPeakBlocks)
        json.field("kv_peak", instance.kvPeak)
        json.field("kv_bytes_per_block", totals.kvBytesPerBlock)
        json.field("weight_bytes", totals.weightBytes)
        json.field("kv_wait_ns", Int(totals.kvWait.nanoseconds))
        json.field("bytes_sent", Int(totals.bytesSent))
        json.field("bytes_received", Int(totals.bytesReceived))
        if !summary.faults.isEmpty {
          json.field("repeated_tokens", totals.repeatedTokens)
          json.field("down_ns", Int(totals.down.nanoseconds))
        }
      }
    }
  }
}
