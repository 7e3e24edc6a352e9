/// The table of requests that LLMServingSim writes: same columns, order of rows and line ends, whole nanoseconds.
///
/// One row for each finished request: those that ended on instance 0 in order of completion, then those of instance 1,
/// and so on. `ITL` lists the gaps that the run kept (`keepGaps`); without them it is `[]`.
///
/// Source: https://github.com/casys-kaist/LLMServingSim
public struct LLMServingSimCSV: OutputDocument {
  static let header =
    "instance id,request id,model,input,output,arrival,end_time,latency,queuing_delay,TTFT,TPOT,ITL"

  /// Where `queuing_delay` ends.
  public enum QueueingEnd: Sendable {
    /// With the first iteration that computes some of the prompt.
    case firstChunk
    /// With the last one, as in LLMServingSim's own files.
    case lastChunk
  }

  private let result: RunResult
  private let cluster: ClusterSpec
  private let queueingEnd: QueueingEnd

  public init(
    _ result: RunResult, cluster: ClusterSpec, queueingEnd: QueueingEnd = .firstChunk
  ) {
    self.result = result
    self.cluster = cluster
    self.queueingEnd = queueingEnd
  }

  public func write(to sink: inout ByteSink) {
    sink.write(Self.header)
    sink.endRow()
    let models = cluster.instances.map { instance in
      var field = ByteSink()
      field.write(field: instance.model.name)
      return field.text
    }
    for row in rowsInOrder() {
      let record = result.records[row]
      let instance = Int(record.lastInstance.index)
      guard let ttft = record.timeToFirstToken?.nanoseconds,
        let latency = record.endToEnd?.nanoseconds
      else { continue }
      sink.write(instance)
      sink.write(ByteSink.comma)
      sink.write(Int64(record.id.index))
      sink.write(ByteSink.comma)
      sink.write(models.indices.contains(instance) ? models[instance] : "")
      for value in [
        Int64(record.promptTokens), Int64(record.outputTokens), record.arrival.nanoseconds,
        record.end.nanoseconds, latency, queueing(record), ttft,
        record.outputTokens > 1 ? (latency - ttft) / Int64(record.outputTokens - 1) : 0,
      ] {
        sink.write(ByteSink.comma)
        sink.write(value)
      }
      writeGaps(of: row, to: &sink)
      sink.endRow()
    }
  }

  private func queueing(_ record: RequestRecord) -> Int64 {
    switch queueingEnd {
    case .firstChunk: record.queueing?.nanoseconds ?? 0
    case .lastChunk: (record.lastPrefillStart - record.arrival).nanoseconds
    }
  }

  private func writeGaps(of row: Int, to sink: inout ByteSink) {
    sink.write(",\"[")
    if result.gapStarts.count == result.records.count + 1 {
      let range = result.gapStarts[row]..<result.gapStarts[row + 1]
      for index in range {
        sink.row(most: RowCursor.widestNumber + 2) { row in
          if index > range.lowerBound {
            row.put(ByteSink.comma)
            row.put(UInt8(ascii: " "))
          }
          row.put(result.gaps[index])
        }
      }
    }
    sink.write("]\"")
  }

  /// Finished records by instance, then in order of completion: by end, then by id unless the run says more.
  private func rowsInOrder() -> ContiguousArray<Int> {
    var rows = ContiguousArray(result.completions.map { Int($0.index) })
    if rows.isEmpty {
      for (row, record) in result.records.enumerated() where record.outcome == .finished {
        rows.append(row)
      }
      radixSort(&rows) { UInt64(clamping: result.records[$0].end.nanoseconds) }
    }
    radixSort(&rows) { UInt64(clamping: result.records[$0].lastInstance.index) }
    return rows
  }
}
