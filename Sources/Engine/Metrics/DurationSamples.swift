/// Durations in whole nanoseconds, to be sorted: four bytes each as long as none needs more.
///
/// Most waits and latencies are below 2³² ns, 4.29 s, and a run has several for each of its requests.
struct DurationSamples: Sendable {
  private var narrow: ContiguousArray<UInt32> = []
  /// All of them from the first on that is longer; empty before.
  private var wide: ContiguousArray<Int64> = []
  private let expected: Int

  /// - Parameter expected: how many may come; memory is taken as they do.
  init(expected: Int = 0) {
    self.expected = expected
    narrow.reserveCapacity(expected)
  }

  @inline(__always)
  mutating func append(_ duration: SimDuration?) {
    guard let nanoseconds = duration?.nanoseconds else { return }
    if wide.isEmpty, let short = UInt32(exactly: nanoseconds) {
      narrow.append(short)
    } else {
      appendWide(nanoseconds)
    }
  }

  private mutating func appendWide(_ nanoseconds: Int64) {
    if wide.isEmpty {
      wide.reserveCapacity(max(expected, narrow.count + 1))
      wide.append(contentsOf: narrow.lazy.map(Int64.init))
      narrow = []
    }
    wide.append(nanoseconds)
  }

  /// Their statistics; nil without any.
  consuming func distribution() -> Distribution? {
    wide.isEmpty
      ? Distribution(ofWholeNanoseconds: narrow) : Distribution(ofWholeNanoseconds: wide)
  }
}
