/// The records of a run by id: of all requests, or from the first that has not ended to the last that has arrived.
///
/// Plain memory that nobody else looks at before the run ends: written without asking each time whether someone does.
/// Records of a window lie in a ring, so that their memory follows what is active.
struct RecordWindow: ~Copyable {
  private var base: UnsafeMutablePointer<RequestRecord>
  /// Of an id, its place in `base`: all bits where records are kept.
  private var mask: Int
  /// Where kept records lie; empty where there is a window.
  private var store: ContiguousArray<RequestRecord>
  /// Ids that are in the window. Where records are kept, all are from the beginning.
  private(set) var first: Int
  private(set) var end: Int

  /// Keeps all records, of `count` requests.
  init(keeping count: Int) {
    store = ContiguousArray(repeating: RequestRecord(), count: count)
    // An array of none has no memory of its own.
    let memory = count > 0 ? store.withUnsafeMutableBufferPointer { $0.baseAddress } : nil
    base = memory ?? .allocate(capacity: 1)
    mask = ~0
    first = 0
    end = count
  }

  /// A window that is empty.
  ///
  /// - Parameter capacity: a power of two. Small enough for a core's cache, and so large that records go by the hundred.
  init(capacity: Int = 1024) {
    precondition(capacity > 0 && capacity & (capacity - 1) == 0)
    store = []
    base = .allocate(capacity: capacity)
    mask = capacity - 1
    first = 0
    end = 0
  }

  deinit {
    if !isKept || end == 0 { base.deallocate() }
  }

  var isKept: Bool { mask == ~0 }

  @inline(__always)
  subscript(id: Int) -> RequestRecord {
    _read { yield base[id & mask] }
    nonmutating _modify { yield &base[id & mask] }
  }

  func contains(_ id: Int) -> Bool { id >= first && id < end }

  var isFull: Bool { end - first > mask }

  /// Takes the next id in, with a record of defaults. There must be room.
  mutating func open() {
    (base + (end & mask)).initialize(to: RequestRecord())
    end += 1
  }

  /// The records from the first on that have ended, as far as they lie side by side.
  var ended: UnsafeBufferPointer<RequestRecord> {
    let start = base + (first & mask)
    let most = min(end - first, mask + 1 - (first & mask))
    var count = 0
    while count < most, !start[count].id.isNone { count += 1 }
    return UnsafeBufferPointer(start: start, count: count)
  }

  /// Lets the first ones go.
  mutating func close(_ count: Int) {
    precondition(count >= 0 && count <= end - first)
    first += count
  }

  /// Makes room for twice as many.
  mutating func grow() {
    let larger = UnsafeMutablePointer<RequestRecord>.allocate(capacity: 2 * (mask + 1))
    let wider = 2 * mask + 1
    for id in first..<end { (larger + (id & wider)).initialize(to: base[id & mask]) }
    base.deallocate()
    base = larger
    mask = wider
  }

  /// Hands kept records over. Nothing may be written to them any more.
  mutating func take() -> ContiguousArray<RequestRecord> { exchange(&store, with: []) }
}
