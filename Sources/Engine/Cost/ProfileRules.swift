/// How a profile bundle is read between and beyond its measured points.
///
/// `.reference` follows LLMServingSim 2.0 to the nanosecond, weaknesses included. `.native` is what we believe; inside
/// the measured grid both agree.
public struct ProfileRules: Sendable, Equatable {
  /// Beyond the last token or sequence count.
  public enum Extrapolation: Sendable {
    /// Slope of the last two points: noise decides when they are close.
    case lastTwoPoints
    /// Least-squares slope over the upper half of the axis.
    case upperHalf
  }
  /// Which row of the skew table a batch takes.
  public enum SkewChunk: Sendable {
    /// Only prefill token counts that were profiled; all others take the default.
    case exact
    /// The nearest profiled count.
    case nearest
  }
  /// What stands for the context of several prompts in one batch.
  public enum PrefillContext: Sendable {
    /// The sum of their contexts, as if every token attended to all of it.
    case summed
    /// The context with which one prompt of as many tokens visits as many pairs of query and key. Chunks longer than
    /// were profiled are cut into equal pieces.
    case pairs
  }
  /// What stands for a combination of prefill tokens and decode count that was not profiled.
  public enum AbsentSlice: Sendable {
    /// The nearest one by Euclidean distance of the two counts.
    case nearest
    /// The line through the two largest decode counts that were profiled with that many prefill tokens.
    case extrapolated
  }

  public var extrapolation: Extrapolation
  public var skewChunk: SkewChunk
  public var prefillContext: PrefillContext
  public var absentSlice: AbsentSlice
  /// Drops the fraction of memory bandwidths in GB/s and of latencies in ns.
  public var wholeBandwidths: Bool
  /// Takes the times of all-reduces from the profile where it has them, not from the cluster's link.
  public var measuredAllReduce: Bool

  public static let reference = ProfileRules(
    extrapolation: .lastTwoPoints, skewChunk: .exact, prefillContext: .summed,
    absentSlice: .nearest, wholeBandwidths: true, measuredAllReduce: false)
  public static let native = ProfileRules(
    extrapolation: .upperHalf, skewChunk: .nearest, prefillContext: .pairs,
    absentSlice: .extrapolated, wholeBandwidths: false, measuredAllReduce: true)
}
