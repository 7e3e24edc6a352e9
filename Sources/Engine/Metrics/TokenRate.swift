/// Counts generated tokens by whole seconds of simulated time since the first arrival, and tells the most of one second.
///
/// What each instance generates comes in order of time, but instances lag behind one another; so each counts its present
/// second in a `Run` of its own, and only whole seconds come together here.
///
/// Source: `max_output_tokens_per_s` of vLLM's serving benchmark.
struct TokenRate {
  /// First arrival; never before it.
  private(set) var origin = SimTime.never
  /// Tokens by second. Only the largest is read, so the order of the dictionary does not matter.
  private var tokens: [Int64: Int] = [:]

  /// The second that one instance is in.
  struct Run {
    fileprivate var second: Int64 = 0
    /// End of that second; nothing fits into a new run.
    fileprivate(set) var end = SimTime(nanoseconds: .min)
    fileprivate(set) var count = 0

    /// Counts tokens that all come before its end.
    @inline(__always)
    mutating func add(_ tokens: Int) { count += tokens }
  }

  /// Seconds count from the first call.
  mutating func start(at time: SimTime) {
    if origin == .never { origin = time }
  }

  /// `count` tokens at `time`, which is not before the latest of the run.
  @inline(__always)
  mutating func add(_ count: Int, at time: SimTime, to run: inout Run) {
    if time >= run.end { turn(&run, to: time) }
    run.count += count
  }

  private mutating func turn(_ run: inout Run, to time: SimTime) {
    close(&run)
    let second: Int64 = 1_000_000_000
    run.second = (time - origin).nanoseconds / second
    run.end = origin + SimDuration(nanoseconds: (run.second + 1) * second)
  }

  /// Adds what is in the run, and empties it.
  mutating func close(_ run: inout Run) {
    if run.count > 0 { tokens[run.second, default: 0] += run.count }
    run.count = 0
  }

  /// Most tokens of one second, of all runs that were closed.
  var most: Int { tokens.values.max() ?? 0 }
}
