/// A table of requests with what was measured of each: DistServe's, or one's own with the columns
/// `arrival_s,prompt_tokens,output_tokens,ttft_ms,tpot_ms,latency_ms` (`tpot_ms` may be missing).
///
/// Arrivals and lengths are read as a trace is; a second pass reads the times.
struct RequestTableReader {
  let path: String

  /// Largest difference between `tpot_ms` and what the other columns say, ms and relative. Guess: rounding of files.
  private static let roundingMilliseconds = 0.02
  private static let rounding = 0.01

  func read() throws(InputError) -> MeasuredRun {
    let trace = try Workload.load(path: path)
    guard RequestLogReader.formats.contains(where: { $0.name == trace.format }) else {
      throw InputError(
        file: path, line: 1, key: "latency_ms", problem: "column is missing: this is a trace",
        expected: "a measured run, such as columns \(RequestLogReader.ownColumns)")
    }
    var table = try NumberTable.open(path, separator: UInt8(ascii: ","))
    let (ttft, latency) = (try table.column("ttft_ms"), try table.column("latency_ms"))
    let tpot = table.columns.firstIndex(of: "tpot_ms")
    var builder = MeasuredRunBuilder(source: path, format: trace.format)
    for request in trace.requests {
      guard let row = try table.next() else { break }
      for (column, key) in [(ttft, "ttft_ms"), (latency, "latency_ms")] where row[column] > 1e12 {
        throw table.error(key, "is \(row[column])", expected: "milliseconds of one request")
      }
      let arrival = request.arrival.nanoseconds
      let failure = table.error("latency_ms", "")
      try builder.add(
        promptTokens: Int(request.promptTokens), outputTokens: Int(request.outputTokens),
        arrival: arrival, firstToken: arrival + Int64((row[ttft] * 1e6).rounded()),
        end: arrival + Int64((row[latency] * 1e6).rounded())
      ) { problem, expected in
        var error = failure
        (error.problem, error.expected) = (problem, expected)
        return error
      }
      guard let tpot, request.outputTokens > 1 else { continue }
      let gap = (row[latency] - row[ttft]) / Double(request.outputTokens - 1)
      guard abs(row[tpot] - gap) <= Self.roundingMilliseconds + Self.rounding * gap else {
        throw table.error(
          "tpot_ms", "is \(row[tpot])",
          expected: "(latency_ms - ttft_ms) / (output tokens - 1), which is \(gap)")
      }
    }
    return try builder.finish(notes: trace.notes)
  }
}
