/// Most finished requests that were in the system during one second of simulated time.
///
/// Seconds are counted from the first arrival, and a request is in the system during each second that it touches:
/// the meaning of `max_concurrent_requests` in vLLM's serving benchmark.
struct Concurrency: Sendable {
  private let origin: SimTime
  /// How many more are there in each second than in the one before.
  private var changes: ContiguousArray<Int32> = []
  /// Seconds that are counted in `changes`, however long the run is.
  private let mostSeconds: Int
  /// Changes in later ones: `2 · second`, and 1 more where a request comes.
  private var late: ContiguousArray<UInt64> = []

  /// - Parameter origin: first arrival.
  /// - Parameter expected: requests that may come; memory grows with them at most.
  init(origin: SimTime, expected: Int) {
    self.init(origin: origin, mostSeconds: 2 * expected + 2)
  }

  init(origin: SimTime, mostSeconds: Int) {
    self.origin = origin
    self.mostSeconds = mostSeconds
  }

  @inline(__always)
  mutating func add(_ record: borrowing RequestRecord) {
    guard record.outcome == .finished, record.arrival != .never, record.end != .never else {
      return
    }
    change(1, in: second(of: record.arrival))
    // A request that ends in one second is gone in the next.
    change(-1, in: second(of: record.end) + 1)
  }

  @inline(__always)
  private mutating func change(_ change: Int32, in second: Int) {
    if second >= changes.count, !grow(to: second) {
      late.append(UInt64(second) << 1 | (change > 0 ? 1 : 0))
    } else {
      changes[second] += change
    }
  }

  /// False for a second beyond all that are counted.
  private mutating func grow(to second: Int) -> Bool {
    guard second < mostSeconds else { return false }
    changes.append(contentsOf: repeatElement(0, count: second + 1 - changes.count))
    return true
  }

  private func second(of moment: SimTime) -> Int {
    max(0, Int((moment - origin).nanoseconds / 1_000_000_000))
  }

  consuming func peak() -> Int {
    var present: Int32 = 0
    var peak: Int32 = 0
    for change in changes {
      present += change
      peak = max(peak, present)
    }
    // Within a second those that go come first: who is there during it is known when it is through.
    radixSort(&late) { $0 }
    for change in late {
      present += change & 1 == 1 ? 1 : -1
      peak = max(peak, present)
    }
    return Int(peak)
  }
}
