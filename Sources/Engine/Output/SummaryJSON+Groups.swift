/// Tenants and classes, where the workload names them.
extension SummaryJSON {
  func writeGroups(_ json: inout JSONWriter) {
    if let tenants = summary.tenants {
      json.array("tenants", tenants.tenants) { json, tenant in
        json.object { json in
          json.field("tenant", tenant.name)
          json.field("requests", tenant.requests)
          json.field("completed", tenant.finished)
          json.field("output_tokens", tenant.outputTokens)
          json.field("mean_ttft_ms", tenant.finished > 0 ? tenant.ttft : nil)
          json.field("mean_e2el_ms", tenant.finished > 0 ? tenant.endToEnd : nil)
          json.field("output_tokens_per_s", tenant.speed)
        }
      }
      json.field("fairness", tenants.fairness)
    }
    if let classes = summary.classes {
      json.array("classes", classes.rows) { json, row in
        json.object { json in
          json.key("class")
          if let name = row.name { json.text(name) } else { json.number(nil as Int?) }
          json.field("requests", row.requests)
          json.field("completed", row.finished)
          for (name, values) in [("ttft", row.ttft), ("tpot", row.tpot), ("e2el", row.endToEnd)] {
            for (statistic, value) in Distribution.statistics where statistic != "median" {
              json.field("\(statistic)_\(name)_ms", values?[keyPath: value])
            }
            json.field("p99.9_\(name)_ms", values?.p999)
          }
          json.field("ttft_slo_ms", row.targets?.ttft)
          json.field("tpot_slo_ms", row.targets?.tpot)
          json.field("e2el_slo_ms", row.targets?.endToEnd)
          json.field("with_slo", row.promised)
          json.field("slo_kept", row.kept)
          json.field("slo_share", row.share)
        }
      }
    }
  }
}
