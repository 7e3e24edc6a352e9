/// The series of a comparison, a row for each second.
public struct SeriesCSV: OutputDocument {
  private let comparison: Comparison

  public init(_ comparison: Comparison) { self.comparison = comparison }

  public func write(to sink: inout ByteSink) {
    let measured = comparison.measuredSeries
    let simulated = comparison.simulatedSeries
    sink.write("t_s,measured_output_tokens,simulated_output_tokens,measured_running,")
    sink.write("simulated_running,measured_waiting,simulated_waiting")
    sink.endRow()
    let columns = [
      measured.outputTokens, simulated.outputTokens, measured.running, simulated.running,
      measured.waiting, simulated.waiting,
    ]
    for second in 0..<comparison.seconds {
      sink.write(second + 1)
      for (index, values) in columns.enumerated() {
        sink.write(ByteSink.comma)
        // A quantity that was not counted stays empty; one that has ended is 0.
        if columns[index & ~1].isEmpty { continue }
        sink.write("\(values.indices.contains(second) ? values[second] : 0)")
      }
      sink.endRow()
    }
  }
}
