/// `WideCSV` of a run whose records go by, for runs that have neither faults nor migrations, nor classes of requests.
///
/// The file has its name once `finish` has been called, and leaves nothing behind where it was not. Devices and pipes have
/// no such beginning: nothing may be written to them before the run has come to a good end.
public final class WideCSVStream {
  private let file: OutputFile
  private var sink: ByteSink
  private var row: WideRow
  private var isOpen = true

  /// Whether the table of `path` can be written while the run goes on.
  public static func canWrite(to path: String) -> Bool { !OutputFile.isSpecial(path) }

  /// - Parameter inputs: files of this run, which must not be overwritten.
  /// - Parameter session: name of a request's session; nil is none.
  public init(
    to path: String, inputs: [String], cluster: ClusterSpec, targets: GoodputTargets? = nil,
    session: @escaping (RequestID) -> String? = { _ in nil }
  ) throws(OutputError) {
    try OutputFile.check([path], inputs: inputs)
    file = try OutputFile.open(path)
    sink = ByteSink(descriptor: file.descriptor)
    row = WideRow(
      cluster: cluster, targets: targets, hasRetries: false, hasMigrations: false,
      session: session)
    row.writeHeader(to: &sink)
  }

  deinit {
    if isOpen { file.abandon() }
  }

  /// What a `RunObserver` is told of records that have ended.
  public func add(_ records: UnsafeBufferPointer<RequestRecord>, reasons: [String]) {
    row.learn(reasons)
    // One look at each field for all records: it counts references, and checks that nobody else is there.
    Self.write(records, row, to: &sink)
  }

  private static func write(
    _ records: UnsafeBufferPointer<RequestRecord>, _ row: WideRow, to sink: inout ByteSink
  ) {
    for place in records.indices { row.write(records[place], to: &sink) }
  }

  public func finish() throws(OutputError) {
    isOpen = false
    sink.flush()
    try file.finish(failure: sink.failure)
  }
}
