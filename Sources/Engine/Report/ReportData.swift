import Foundation

/// What the page of a report draws and lists, as JSON: `report/js` knows these names.
public struct ReportData: OutputDocument {
  let runs: [RunFile]
  private let grid: TimeGrid
  private let comparison: CandidateComparisonJSON?
  private let sweep: SweepTable?

  /// - Parameter runs: one or more, in the order in which they are shown; none beside a comparison or a sweep.
  public init(
    _ runs: [RunFile], comparison: CandidateComparisonJSON? = nil, sweep: SweepTable? = nil
  ) {
    self.runs = runs
    self.comparison = comparison
    self.sweep = sweep
    grid = TimeGrid(covering: runs)
  }

  /// What each run is called: its policy, and where that is not enough its parameters, its file, its place.
  var labels: [String] {
    func areUnique(_ labels: [String]) -> Bool { Set(labels).count == labels.count }
    let policies = runs.map(\.made.policy)
    if areUnique(policies) { return policies }
    let parameters = runs.map { run in
      run.made.policy
        + (run.made.parameters.isEmpty
          ? "" : " (" + run.made.parameters.map { "\($0)=\($1)" }.joined(separator: ", ") + ")")
    }
    if areUnique(parameters) { return parameters }
    let files = runs.map { "\($0.made.policy) · \($0.path.split(separator: "/").last ?? "")" }
    if areUnique(files) { return files }
    return files.enumerated().map { "\($1) · \($0 + 1)" }
  }

  public func write(to sink: inout ByteSink) {
    var json = JSONWriter(sink)
    json.object { json in
      json.field("interval_s", grid.seconds)
      json.field("intervals", grid.count)
      json.field("window_s", grid.seconds * Double(ReportCurves.windowIntervals))
      json.array("stages", ReportCurves.stages) { json, stage in json.text(stage) }
      json.array("runs", zip(runs, labels)) { json, run in
        json.object { json in
          json.field("label", run.1)
          writeFacts(run.0, &json)
          writeOrigin(run.0, &json)
          writeCurves(ReportCurves(run: run.0, grid: grid), &json)
          if let series = run.0.series { write(series, run.0, &json) }
        }
      }
      comparison?.writeComparisons(&json)
      if let sweep { write(sweep, &json) }
    }
    json.endDocument()
    sink = json.sink
  }

  /// Means of what tables and plots show of a point.
  private func write(_ sweep: SweepTable, _ json: inout JSONWriter) {
    json.object("sweep") { json in
      json.field("file", sweep.path)
      json.array("axes", sweep.axes) { json, axis in json.text(axis) }
      json.array("points", sweep.points) { json, point in
        json.object { json in
          json.field("policy", point.policy)
          json.key("values")
          json.line(of: point.values) { json, value in json.text(value) }
          json.field("seeds", point.seeds)
          json.field("bottleneck", point.bottleneck)
          json.object("means") { json in
            for field in Self.sweepFields {
              if let mean = point.means[field] { json.field(field, mean) }
            }
          }
        }
      }
    }
  }

  private static let sweepFields = [
    "request_goodput", "slo_share", "mean_ttft_ms", "p99_ttft_ms", "mean_tpot_ms", "p99_tpot_ms",
    "p99_e2el_ms", "output_throughput",
  ]

  /// Numbers as the run's file has them.
  private func writeFacts(_ run: RunFile, _ json: inout JSONWriter) {
    json.object("numbers") { json in
      for (name, value) in run.numbers { json.field(name, value) }
    }
    json.field("bottleneck", run.bottleneck)
    json.object("conservation") { json in
      for (name, count) in run.conservation { json.field(name, count) }
    }
    json.array("rejections", run.rejections) { json, rejection in
      json.object { json in
        json.field("reason", rejection.reason)
        json.field("count", rejection.count)
      }
    }
    json.field("slo_share", run.sloShare)
    json.array("slo", run.slo) { json, objective in
      json.object { json in
        json.field("name", objective.name)
        json.field("limit_ms", objective.limit)
        json.field("share", objective.share)
      }
    }
    json.array("instances", run.instances) { json, instance in
      json.object { json in
        json.field("name", instance.name)
        json.field("role", instance.role)
        json.field("utilization", instance.utilization)
        json.field("kv_peak", instance.kvPeak)
        json.field("kv_capacity_blocks", instance.kvCapacityBlocks)
        json.field("iterations", instance.iterations)
        json.field("preemptions", instance.preemptions)
      }
    }
  }

  private func writeOrigin(_ run: RunFile, _ json: inout JSONWriter) {
    json.object("made") { json in
      json.field("file", run.path)
      json.field("seed", run.made.seed)
      json.field("cluster", run.made.cluster)
      json.field("workload", run.made.workload)
      json.field("policy", run.made.policy)
      json.field("version", run.made.version)
      json.array("files", run.made.files) { json, file in json.text(file) }
      json.array("parameters", run.made.parameters) { json, parameter in
        json.line(of: [parameter.name, parameter.value]) { json, text in json.text(text) }
      }
      json.array("hooks", run.made.hooks) { json, hook in
        json.object { json in
          json.field("hook", hook.hook)
          json.field("calls", hook.calls)
        }
      }
      json.array("notes", run.made.notes) { json, note in json.text(note) }
    }
  }

  private func writeCurves(_ curves: ReportCurves, _ json: inout JSONWriter) {
    json.object("cdf") { json in
      for metric in ["ttft", "tpot", "itl", "e2el"] {
        let points = curves.distribution(metric)
        json.object(metric) { json in
          json.numbers("ms", points.map(\.value))
          json.numbers("share", points.map(\.share))
        }
      }
    }
    json.numbers("arrivals", curves.arrivals)
    json.numbers("completions", curves.completions)
    json.numbers("rolling_ttft_ms", curves.rollingTTFT)
    json.numbers("transfer_bytes_s", curves.transferRate)
    json.key("stage_ms")
    json.line(of: curves.stageMeans) { json, means in
      guard let means else { return json.number(nil as Double?) }
      json.line(of: means) { json, mean in json.number(rounded(mean)) }
    }
  }

  private func write(_ series: RunFile.Series, _ run: RunFile, _ json: inout JSONWriter) {
    json.object("series") { json in
      json.numbers("time_s", series.time.map { Double($0) / 1e9 })
      json.numbers("gateway_waiting", series.gatewayWaiting.map(Double.init))
      json.numbers("transfers", series.transfers.map(Double.init))
      let names = SummaryJSON.instanceColumns.map(\.name)
      json.array("instances", zip(run.instances, series.instances)) { json, instance in
        json.object { json in
          for (name, column) in zip(names, instance.1) {
            switch name {
            case "prefill_tokens", "decode_tokens":
              json.numbers("\(name)_s", rates(column, series.time))
            case "busy_ns": break
            default: json.numbers(name, column.map(Double.init))
            }
          }
        }
      }
    }
  }

  /// How fast a count grew before each moment, for each second.
  private func rates(
    _ counts: ContiguousArray<Int64>, _ time: ContiguousArray<Int64>
  ) -> [Double] {
    counts.indices.map { place in
      guard place > 0 else { return 0 }
      return Double(counts[place] - counts[place - 1])
        / (Double(time[place] - time[place - 1]) / 1e9)
    }
  }
}

extension JSONWriter {
  /// Numbers for plots, to six digits: more cannot be seen, and would double the page.
  fileprivate mutating func numbers(_ key: String, _ values: [Double?]) {
    self.key(key)
    line(of: values) { json, value in
      if let value, value == value.rounded(), abs(value) < 1e15 {
        json.number(Int(value))
      } else {
        json.number(value.map(rounded))
      }
    }
  }
}

/// To six significant digits.
private func rounded(_ value: Double) -> Double {
  guard value != 0, value.isFinite else { return value }
  let magnitude = 5 - Int(floor(log10(abs(value))))
  let scale = pow(10, Double(magnitude))
  let result = (value * scale).rounded() / scale
  return result.isFinite ? result : value
}
