import Engine

/// Writes the table of a run that says nothing else while it goes on.
struct TableObserver: RunObserver {
  let table: WideCSVStream?

  mutating func sample(_ sample: IntervalSample) {}

  mutating func progress(ended: Int, of total: Int, at now: SimTime) {}

  var watchesRecords: Bool { table != nil }

  mutating func ended(_ records: UnsafeBufferPointer<RequestRecord>, reasons: [String]) {
    table?.add(records, reasons: reasons)
  }
}
