/// How a trace is read.
public struct WorkloadLoadOptions: Sendable, Equatable {
  /// Requests or sessions to read; nil is all.
  public var limit: Int? = nil
  /// Sort by arrival instead of refusing a trace that is not in order.
  public var sortArrivals = false
  /// Divides all arrival times; 2 makes requests arrive twice as fast.
  public var speedup = 1.0
  /// Arrivals drawn from this process instead of those of the trace; needed for traces that have
  /// lengths only.
  public var arrivals: ArrivalProcess? = nil
  /// Seed of those draws.
  public var seed: UInt64 = 0

  public init() {}
}

extension Workload {
  /// Reads a trace in any of the formats of `TraceFormat.all`, plain or gzip.
  ///
  /// The format is told from the first line, never from the file's name. The file is read in one
  /// pass; memory is that of the result and one line.
  ///
  /// - Throws: `InputError` with file, line and key or column.
  public static func load(
    path: String, options: WorkloadLoadOptions = WorkloadLoadOptions()
  ) throws(InputError) -> Workload {
    try options.check(file: path)
    var lines = LineReader(file: path, source: try ByteSource(path: path))
    guard let first = try lines.next() else {
      throw InputError(file: path, problem: "is empty", expected: "a trace of requests")
    }

    let isCSV: Bool
    var columns: [String] = []
    let format: TraceFormat
    switch lines.buffer[first.lowerBound] {
    case UInt8(ascii: "{"):
      isCSV = false
      let keys = try JSONLine.keys(
        of: lines.buffer.span.extracting(first), file: path, line: lines.number)
      format = try TraceFormat.recognise(keys, .jsonLines, file: path, line: lines.number)
    case UInt8(ascii: "["):
      throw InputError(
        file: path, line: lines.number, problem: "is a JSON array",
        expected: "one JSON object a line (JSONL)")
    default:
      isCSV = true
      columns = try CSVHeader.columns(
        of: lines.buffer.span.extracting(first), file: path, line: lines.number)
      format = try TraceFormat.recognise(columns, .csv, file: path, line: lines.number)
      try CSVHeader.check(columns, format, file: path, line: lines.number)
    }

    var reader = format.makeReader(columns)
    var builder = WorkloadBuilder(file: path, format: format, options: options)
    var line = isCSV ? try lines.next() : first
    while let range = line, !builder.isFull {
      builder.line = lines.number
      try reader.read(lines.buffer.span.extracting(range), into: &builder)
      line = builder.isFull ? nil : try lines.next()
    }
    return try builder.finish(format: format)
  }
}

extension WorkloadLoadOptions {
  fileprivate func check(file: String) throws(InputError) {
    guard speedup.isFinite, speedup > 0 else {
      throw InputError(
        file: file, key: "speed-up", problem: "is \(speedup)", expected: "a number above 0")
    }
    if let limit, limit < 1 {
      throw InputError(
        file: file, key: "number of requests", problem: "is \(limit)", expected: "1 or more")
    }
  }
}
