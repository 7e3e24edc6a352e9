extension SummaryJSON {
  /// What went wrong, and what it cost. Only of runs with faults.
  func writeFaults(_ json: inout JSONWriter) {
    json.field("retries", summary.retries)
    json.field("lost_tokens", summary.lostTokens)
    json.field("repeated_tokens", summary.repeatedTokens)
    json.array("faults", summary.faults) { json, fault in
      json.object { json in
        json.field("fault", fault.words)
        json.field("start_ns", Int(fault.start.nanoseconds))
        json.field("end_ns", Int(fault.end.nanoseconds))
        json.field("requests", fault.requests)
        json.field("retried", fault.retried)
        json.field("rejected", fault.rejected)
        json.field("lost_tokens", fault.lostTokens)
        json.field("recovery_ns", fault.recovery.map { Int($0.nanoseconds) })
      }
    }
  }
}
