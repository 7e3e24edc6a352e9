/// The numbers that a run is judged by: what the final table and the JSON summary show.
///
/// Latencies and throughput follow vLLM's serving benchmark, over requests that finished; its benchmark time is simulated time here.
public struct RunSummary: Sendable {
  /// Of all requests, whatever is measured.
  public var conservation: Conservation
  /// Which requests all other counts and statistics are of, and how they ended.
  public var window: MeasurementWindow
  public var measured: Conservation
  /// Rejected requests for each reason, in the order in which the reasons first came up.
  public var rejections: [RejectionCount]

  /// Arrival of the first request that arrived; 0 in a run without any.
  public var firstArrival: SimTime
  /// From that arrival until the last such request ended, however it ended. Divides all throughputs.
  public var duration: SimDuration
  /// Prompt and output tokens of finished requests.
  public var promptTokens: Int
  public var outputTokens: Int

  /// Time to first token. Like all distributions here nil when no request has the quantity.
  public var ttft: Distribution?
  /// Mean gap between the tokens of a request, over requests with more than one.
  public var tpot: Distribution?
  /// Single gaps between tokens, over all requests; 3 significant digits, HdrHistogram percentiles.
  public var itl: Distribution?
  public var gapHistogram: GapHistogram
  /// From arrival to the last token.
  public var endToEnd: Distribution?
  /// From arrival to the first computed prompt token.
  public var queueing: Distribution?
  /// From the first token until the decode side had room; over requests that were handed over, as the next two.
  public var kvWait: Distribution?
  public var transfer: Distribution?
  /// From the end of the transfer until decoding began.
  public var decodeQueue: Distribution?

  /// nil where no instance was to come or go.
  public var scaling: ScalingTotals?
  /// nil where no decoding request was to move.
  public var migration: MigrationTotals?
  /// nil where no prefix was to be copied.
  public var replication: ReplicationTotals?
  /// nil in a cluster without tiers of KV blocks.
  public var tiers: TierTotals?
  /// Empty in a run without faults.
  public var faults: [FaultOutcome]
  /// Requests that faults made begin anew, or be sent anew, each as often as it did.
  public var retries: Int

  public var instances: [InstanceSummary]
  /// Most finished requests that were in the system during one second of simulated time, counted from the first arrival.
  public var maxConcurrentRequests: Int
  /// Most tokens generated in one such second; nil where the run did not count them.
  public var maxOutputTokensPerSecond: Int?
  /// nil without objectives.
  public var goodput: Goodput?
  public var bottleneck: Bottleneck
  /// nil for a run of few requests.
  public var backlog: BacklogDrift?
  /// nil for a workload that names none.
  public var tenants: TenantTable?
  public var classes: ClassTable?
}

/// How often one reason to reject was given.
public struct RejectionCount: Sendable, Equatable {
  public var reason: String
  public var count: Int
}

/// What one instance did, with its name.
public struct InstanceSummary: Sendable {
  public var name: String
  public var role: InstanceRole
  public var totals: InstanceTotals
  /// Busy time over the duration of the run.
  public var utilization: Double

  /// Most of its KV capacity that was held or promised at any instant, in 0...1.
  public var kvPeak: Double {
    share(totals.kvPeakBlocks, of: totals.kvCapacityBlocks)
  }

  /// Share of prompt tokens that its prefix cache saved, in 0...1.
  public var prefixHitShare: Double { share(totals.prefixHits, of: totals.prefixQueries) }
}

extension RunSummary {
  /// - Parameter result: of a run that kept its records, or their digest.
  /// - Parameter cluster: the cluster that ran.
  /// - Parameter injected: requests of the workload.
  /// - Parameter targets: what a good request keeps; a digest was made with the same.
  /// - Parameter window: which of them to measure; anything but all takes a run that kept its records and gaps.
  /// - Parameter kinds: tenants and classes; any takes a run that kept its records.
  public init(
    _ result: RunResult, cluster: ClusterSpec, injected: Int, targets: GoodputTargets? = nil,
    window: MeasurementWindow = .everything, kinds: RequestKinds = .none
  ) {
    let all = result.digest ?? RecordDigest(result.records, targets: targets)
    conservation = Conservation(injected: injected, all.totals)
    rejections = all.rejections(result.reasons)
    self.window = window
    var records = result.records
    let digest: RecordDigest
    if window.isEverything {
      digest = all
      measured = conservation
      gapHistogram = result.gapHistogram
    } else {
      let counts = window.contains(records)
      records = ContiguousArray(zip(records, counts).lazy.filter(\.1).map(\.0))
      digest = RecordDigest(records, targets: targets)
      measured = Conservation(injected: records.count, digest.totals)
      gapHistogram = result.gapHistogram(of: counts)
    }

    promptTokens = digest.totals.promptTokens
    outputTokens = digest.totals.outputTokens
    firstArrival = digest.totals.span.start
    duration = digest.totals.span.length
    let whole = all.totals.span

    ttft = digest.ttft
    tpot = digest.tpot
    itl = Distribution(ofNanoseconds: gapHistogram)
    endToEnd = digest.endToEnd
    queueing = digest.queueing
    kvWait = digest.kvWait
    transfer = digest.transfer
    decodeQueue = digest.decodeQueue

    scaling = result.scaling
    migration = result.migration
    replication = result.replication
    tiers = result.tiers
    faults = result.faults
    retries = all.totals.retries

    instances = zip(cluster.instances, result.instances).map { spec, totals in
      InstanceSummary(
        name: spec.name, role: spec.role, totals: totals,
        utilization: whole.length > .zero ? totals.busy.seconds / whole.length.seconds : 0)
    }
    maxConcurrentRequests = all.maxConcurrentRequests
    maxOutputTokensPerSecond = result.maxOutputTokensPerSecond
    let (promised, length) = (measured.injected, duration)
    goodput = digest.goodput.map { Goodput($0, injected: promised, duration: length) }
    backlog = all.backlog
    tenants = kinds.haveTenants ? TenantTable(records) { kinds[$0]?.tenant } : nil
    classes = ClassTable(records, kinds: kinds, targets: targets)
    bottleneck = .notSaturated
    bottleneck = Bottleneck(of: self)
  }

  /// `count` in each second of the run; 0 for a run without duration.
  public func rate(_ count: Int) -> Double {
    duration > .zero ? Double(count) / duration.seconds : 0
  }

  public var preemptions: Int { total(\.preemptions) }
  public var recomputedTokens: Int { total(\.recomputedTokens) }
  /// Tokens whose KV faults took, and those of them that were computed again.
  public var lostTokens: Int { faults.reduce(0) { $0 + $1.lostTokens } }
  public var repeatedTokens: Int { total(\.repeatedTokens) }

  /// Share of prompt tokens that prefix caches saved, over all instances, in 0...1.
  public var prefixHitShare: Double { share(total(\.prefixHits), of: total(\.prefixQueries)) }

  /// Sum over all instances.
  public func total(_ count: KeyPath<InstanceTotals, Int>) -> Int {
    instances.reduce(0) { $0 + $1.totals[keyPath: count] }
  }
}

private func share(_ part: Int, of whole: Int) -> Double {
  whole > 0 ? Double(part) / Double(whole) : 0
}
