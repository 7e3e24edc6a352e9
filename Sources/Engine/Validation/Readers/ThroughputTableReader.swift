/// Seconds and output throughput, with tabs between: the measured series of LLMServingSim's ISPASS'26 artefact.
///
/// Names no requests: `MeasuredRun.replay` gives the trace that was served.
struct ThroughputTableReader {
  let path: String

  func read() throws(InputError) -> MeasuredRun {
    var table = try NumberTable.open(path, separator: UInt8(ascii: "\t"))
    let (time, tokens) = (try table.column("time_s"), try table.column("throughput"))
    var run = MeasuredRun(source: path, format: "series of output throughput")
    var series = SecondSeries()
    while let row = try table.next() {
      series.set(\.outputTokens, row[tokens], second: try table.second(row[time], in: time))
    }
    guard series.outputTokens.contains(where: { $0 > 0 }) else {
      throw InputError(
        file: path, key: "throughput", problem: "is never above 0",
        expected: "a second with tokens")
    }
    run.series = series
    return run
  }
}
