/// Durations in whole nanoseconds: four bytes each as long as none needs more.
///
/// Most waits and latencies are below 2³² ns, 4.29 s, and a run has several for each of its requests.
struct DurationSamples: ~Copyable {
  private var narrow: OwnedPile<UInt32>
  /// All of them from the first on that is longer; empty before.
  private var wide = OwnedPile<Int64>(capacity: 1)
  private let expected: Int

  /// - Parameter expected: how many may come; memory is taken as they do.
  init(expected: Int = 0) {
    self.expected = expected
    narrow = OwnedPile(capacity: expected)
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
    if wide.isEmpty { widen() }
    wide.append(nanoseconds)
  }

  private mutating func widen() {
    var all = OwnedPile<Int64>(capacity: max(expected, narrow.count + 1))
    narrow.withElements { for short in $0 { all.append(Int64(short)) } }
    wide = all
    narrow = OwnedPile(capacity: 1)
  }

  /// Their statistics; nil without any.
  consuming func distribution() -> Distribution? {
    wide.isEmpty
      ? narrow.withElements { Distribution(of: $0) } : wide.withElements { Distribution(of: $0) }
  }
}
