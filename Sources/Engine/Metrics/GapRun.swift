/// Gaps between tokens that fall into one bin of a histogram, one after the other: the iterations of a steady batch take
/// nearly the same time, so most gaps cost a comparison here and not a search for their bin.
///
/// The histogram is then as if each gap had been recorded by itself: a bin only knows its count, and the extremes are kept.
struct GapRun {
  private var bin = 0
  private var lower: UInt64 = 1
  private var upper: UInt64 = 0
  private var count: UInt64 = 0
  private var least: UInt64 = 0
  private var most: UInt64 = 0

  @inline(__always)
  mutating func add(_ gap: SimDuration, count more: Int, to histogram: inout GapHistogram) {
    let value = UInt64(truncatingIfNeeded: max(0, gap.nanoseconds))
    if value < lower || value > upper { open(value, &histogram) }
    count &+= UInt64(truncatingIfNeeded: more)
    least = min(least, value)
    most = max(most, value)
  }

  /// Adds the gaps between moments that come one after the other, as long as those lie before `limit` and these fall into
  /// the present bin.
  ///
  /// - Parameter start: the moment before the first.
  /// - Returns: how many were added, each `more` times.
  @inline(__always)
  mutating func add(
    upTo moments: Slice<UnsafeBufferPointer<SimTime>>, from start: SimTime, before limit: SimTime,
    count more: Int
  ) -> Int {
    var taken = moments.startIndex
    var previous = start
    var (least, most) = (least, most)
    while taken < moments.endIndex, moments.base[taken] < limit {
      let moment = moments.base[taken]
      let value = UInt64(bitPattern: moment.nanoseconds &- previous.nanoseconds)
      guard value >= lower, value <= upper else { break }
      least = min(least, value)
      most = max(most, value)
      previous = moment
      taken &+= 1
    }
    let number = taken &- moments.startIndex
    (self.least, self.most) = (least, most)
    count &+= UInt64(truncatingIfNeeded: number &* more)
    return number
  }

  private mutating func open(_ value: UInt64, _ histogram: inout GapHistogram) {
    close(into: &histogram)
    bin = GapHistogram.bin(of: value)
    (lower, upper) = GapHistogram.range(ofBin: bin)
    (least, most) = (value, value)
  }

  /// Records what is in the run, and empties it.
  mutating func close(into histogram: inout GapHistogram) {
    guard count > 0 else { return }
    histogram.record(count, in: bin, least: least, most: most)
    count = 0
    (lower, upper) = (1, 0)
  }
}
