/// What a cluster's tiers of KV blocks did during a run.
public struct TierTotals: Sendable, Equatable {
  /// Blocks written to CPU memory, and on from there to SSDs.
  public var written = 0
  public var spilled = 0
  /// Prompts that got blocks from a tier, and the tokens that those held; those of them that came from SSDs.
  public var loads = 0
  public var loadedTokens = 0
  public var loadedTokensOfSSD = 0
  /// Loads that a fault ended.
  public var aborted = 0
  /// Time that prompts waited for their blocks, summed over them.
  public var loading = SimDuration.zero
  /// Over all links of tiers.
  public var bytesWritten: Int64 = 0
  public var bytesLoaded: Int64 = 0
  public init() {}
}
