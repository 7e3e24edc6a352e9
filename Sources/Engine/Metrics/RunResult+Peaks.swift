/// Peaks over whole seconds of simulated time.
///
/// Seconds are counted from the first arrival, and a request is in the system during each second that it touches:
/// the meaning of `max_concurrent_requests` and `max_output_tokens_per_s` in vLLM's serving benchmark.
extension RunResult {
  /// Most finished requests that were in the system during one second.
  ///
  /// - Complexity: O(requests), however long the run is.
  func maxConcurrentRequests(during span: (start: SimTime, length: SimDuration)) -> Int {
    let seconds = span.length.nanoseconds / 1_000_000_000
    return seconds <= 2 * Int64(records.count)
      ? mostBySecond(from: span.start, seconds: Int(seconds)) : mostBySorting(from: span.start)
  }

  /// For runs with few seconds for their requests: counts what begins and ends in each.
  func mostBySecond(from origin: SimTime, seconds: Int) -> Int {
    // A request that ends in one second is gone in the next.
    var changes = ContiguousArray<Int32>(repeating: 0, count: seconds + 2)
    for record in records
    where record.outcome == .finished && record.arrival != .never && record.end != .never {
      changes[Int(second(of: record.arrival, from: origin))] += 1
      changes[Int(second(of: record.end, from: origin)) + 1] -= 1
    }
    var present: Int32 = 0
    var peak: Int32 = 0
    for change in changes {
      present += change
      peak = max(peak, present)
    }
    return Int(peak)
  }

  func mostBySorting(from origin: SimTime) -> Int {
    var starts = ContiguousArray<UInt64>()
    var ends = ContiguousArray<UInt64>()
    for record in records where record.outcome == .finished {
      starts.append(second(of: record.arrival, from: origin))
      ends.append(second(of: record.end, from: origin))
    }
    radixSort(&starts) { $0 }
    radixSort(&ends) { $0 }
    var peak = 0
    var left = 0
    for (arrived, start) in starts.enumerated() {
      while left < ends.count, ends[left] < start { left += 1 }
      peak = max(peak, arrived + 1 - left)
    }
    return peak
  }

  /// Where the gaps of each record lie in `gaps`; empty unless they were kept.
  var gapRanges: some Sequence<Range<Int>> {
    zip(gapStarts, gapStarts.dropFirst()).lazy.map { $0..<$1 }
  }

  private func second(of moment: SimTime, from origin: SimTime) -> UInt64 {
    UInt64(clamping: (moment - origin).nanoseconds / 1_000_000_000)
  }
}
