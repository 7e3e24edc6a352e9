/// Everything a run produced: what tables, CSV and JSON are made from.
///
/// Integers and simulated time only: two equal runs give equal results.
public struct RunResult: Sendable {
  /// Requests that ended, in order of `RequestID`; empty where `digest` stands for them.
  public var records: ContiguousArray<RequestRecord> = []
  /// Statistics of a run that kept no records; nil where it kept them.
  var digest: RecordDigest? = nil
  /// Inter-token gaps of record `i`, in ns: `gaps[gapStarts[i] ..< gapStarts[i + 1]]`. Both empty unless `keepGaps` was set.
  public var gaps: ContiguousArray<Int64> = []
  public var gapStarts: ContiguousArray<Int> = []
  /// Gaps between tokens of one request over the whole run, in ns; 3 significant digits.
  public var gapHistogram = GapHistogram()
  /// Most tokens generated in one second of simulated time, counted from the first arrival; nil is not counted.
  public var maxOutputTokensPerSecond: Int? = nil
  /// Finished requests in order of completion, where that says more than their ends and ids do; else empty.
  public var completions: ContiguousArray<RequestID> = []
  /// Reasons of rejections; `RequestRecord.reason` is an index.
  public var reasons: [String] = []
  public var instances: [InstanceTotals] = []
  /// One entry for each log interval.
  public var samples: [IntervalSample] = []
  /// nil unless asked for.
  public var series: TimeSeries? = nil
  /// What faults did, in the order in which they began; empty in a run without any.
  public var faults: [FaultOutcome] = []
  /// What a policy did to instances; nil where it did nothing and none was on standby.
  public var scaling: ScalingTotals? = nil
  /// Decoding requests that a policy moved; nil where it moved none.
  public var migration: MigrationTotals? = nil
  /// Cached prefixes that a policy had copied; nil where it had none.
  public var replication: ReplicationTotals? = nil
  /// nil in a cluster without tiers of KV blocks.
  public var tiers: TierTotals? = nil
  /// Time of the last event.
  public var end = SimTime.zero
  public var iterations = 0
  public var events = 0
  /// KV books of all instances at the end: 0 in a run that finished everything.
  public var kvBlocksHeld = 0
  /// JSON text of what the policy's `done` hook returned; nil without one.
  public var policyJSON: String? = nil
  public init() {}

  /// Where the gaps of each record lie in `gaps`; empty unless they were kept.
  var gapRanges: some Sequence<Range<Int>> {
    zip(gapStarts, gapStarts.dropFirst()).lazy.map { $0..<$1 }
  }
}

/// What one instance did over a run.
public struct InstanceTotals: Sendable, Equatable {
  public var iterations = 0
  public var busy = SimDuration.zero
  public var prefillTokens = 0
  public var decodeTokens = 0
  /// Prompt tokens asked of the prefix cache, and tokens found there.
  public var prefixQueries = 0
  public var prefixHits = 0
  public var preemptions = 0
  /// Tokens computed again after preemptions.
  public var recomputedTokens = 0
  /// Tokens computed again because a fault took their KV cache.
  public var repeatedTokens = 0
  /// Time during which a fault kept it down.
  public var down = SimDuration.zero
  public var kvCapacityBlocks = 0
  /// Most blocks held by requests or promised to transfers at any instant.
  public var kvPeakBlocks = 0
  /// Bytes of weights on each accelerator.
  public var weightBytes = 0
  public var kvBytesPerBlock = 0
  /// Time during which prompts that were done here waited for blocks on the decode side, summed over requests.
  public var kvWait = SimDuration.zero
  public var bytesSent: Int64 = 0
  public var bytesReceived: Int64 = 0
  public init() {}
}

/// The cluster at the end of a log interval, and what it did during it.
public struct IntervalSample: Sendable, Equatable {
  public var time = SimTime.zero
  /// Requests whose prompt is being computed or waits on an instance; requests with their first token and not their last.
  public var prefilling = 0
  public var decoding = 0
  public var gatewayWaiting = 0
  public var prefillTokens = 0
  public var decodeTokens = 0
  /// Bytes in use on each instance's first accelerator: weights, held and reserved blocks.
  public var memoryBytes: [Int] = []
  public var running: [Int] = []
  public var waiting: [Int] = []
  public init() {}
}
