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

  /// What stands for the spread of the decode contexts, between their mean and their longest.
  ///
  /// Profiles measured batches of two contexts, one short and one long. The variance of any batch with the same shortest,
  /// mean and longest is at most that of such a batch.
  /// Source: Bhatia and Davis 2000, https://doi.org/10.1080/00029890.2000.12005203.
  public enum Spread: Sendable {
    /// As if the batch were one of two contexts: the whole measured correction.
    case twoContexts
    /// The measured correction times the share of the largest possible variance that the batch has.
    case variance
  }

  public var extrapolation: Extrapolation
  public var skewChunk: SkewChunk
  public var prefillContext: PrefillContext
  public var absentSlice: AbsentSlice
  public var spread: Spread
  /// Drops the fraction of memory bandwidths in GB/s and of latencies in ns.
  public var wholeBandwidths: Bool
  /// Takes the times of all-reduces from the profile where it has them, not from the cluster's link.
  public var measuredAllReduce: Bool

  public static let reference = ProfileRules(
    extrapolation: .lastTwoPoints, skewChunk: .exact, prefillContext: .summed,
    absentSlice: .nearest, spread: .twoContexts, wholeBandwidths: true, measuredAllReduce: false)
  public static let native = ProfileRules(
    extrapolation: .upperHalf, skewChunk: .nearest, prefillContext: .pairs,
    absentSlice: .extrapolated, spread: .variance, wholeBandwidths: false, measuredAllReduce: true)
}
