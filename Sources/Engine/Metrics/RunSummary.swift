/// The numbers that a run is judged by: what the final table and the JSON summary show.
///
/// Latencies and throughput follow vLLM's serving benchmark, over requests that finished; its benchmark time is simulated time here.
public struct RunSummary: Sendable {
  public var conservation: Conservation
  /// Rejected requests for each reason, in the order in which the reasons first came up.
  public var rejections: [RejectionCount]

  /// Arrival of the first request that arrived; 0 in a run without any.
  public var firstArrival: SimTime
  /// From that arrival until the last request ended, however it ended. Divides all throughputs.
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
  /// From arrival to the last token.
  public var endToEnd: Distribution?
  /// From arrival to the first computed prompt token.
  public var queueing: Distribution?
  /// From the first token until the decode side had room; over requests that were handed over, as the next two.
  public var kvWait: Distribution?
  public var transfer: Distribution?
  /// From the end of the transfer until decoding began.
  public var decodeQueue: Distribution?

  public var instances: [InstanceSummary]
  /// Most finished requests that were in the system during one second of simulated time, counted from the first arrival.
  public var maxConcurrentRequests: Int
  /// Most tokens generated in one such second; nil where the run did not count them.
  public var maxOutputTokensPerSecond: Int?
  /// nil without objectives.
  public var goodput: Goodput?
  public var bottleneck: Bottleneck
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
  /// - Parameter result: of a run that kept its records.
  /// - Parameter cluster: the cluster that ran.
  /// - Parameter injected: requests of the workload.
  public init(
    _ result: RunResult, cluster: ClusterSpec, injected: Int, targets: GoodputTargets? = nil
  ) {
    let records = result.records
    conservation = Conservation(injected: injected, records: records)
    rejections = RejectionCount.count(result)

    var arrival = SimTime.never
    var end = SimTime.zero
    (promptTokens, outputTokens) = (0, 0)
    for record in records {
      arrival = min(arrival, record.arrival)
      if record.end != .never { end = max(end, record.end) }
      guard record.outcome == .finished else { continue }
      promptTokens += Int(record.promptTokens)
      outputTokens += Int(record.outputTokens)
    }
    firstArrival = arrival == .never ? .zero : arrival
    let duration = max(.zero, end - firstArrival)
    self.duration = duration

    ttft = records.distribution { $0.timeToFirstToken }
    endToEnd = records.distribution { $0.endToEnd }
    tpot = records.distribution { $0.nanosecondsPerOutputToken }
    itl = Distribution(ofNanoseconds: result.gapHistogram)
    queueing = records.distribution { $0.queueing }
    kvWait = records.distribution { $0.kvWait }
    transfer = records.distribution { $0.transfer }
    decodeQueue = records.distribution { $0.transferStart == .never ? nil : $0.decodeQueue }

    instances = zip(cluster.instances, result.instances).map { spec, totals in
      InstanceSummary(
        name: spec.name, role: spec.role, totals: totals,
        utilization: duration > .zero ? totals.busy.seconds / duration.seconds : 0)
    }
    maxConcurrentRequests = result.maxConcurrentRequests(from: firstArrival)
    maxOutputTokensPerSecond = result.maxOutputTokensPerSecond
    goodput = targets.map {
      Goodput($0, records: records, injected: injected, duration: duration)
    }
    bottleneck = .notSaturated
    bottleneck = Bottleneck(of: self)
  }

  /// `count` in each second of the run; 0 for a run without duration.
  public func rate(_ count: Int) -> Double {
    duration > .zero ? Double(count) / duration.seconds : 0
  }

  public var preemptions: Int { total(\.preemptions) }
  public var recomputedTokens: Int { total(\.recomputedTokens) }

  /// Share of prompt tokens that prefix caches saved, over all instances, in 0...1.
  public var prefixHitShare: Double { share(total(\.prefixHits), of: total(\.prefixQueries)) }

  /// Sum over all instances.
  public func total(_ count: KeyPath<InstanceTotals, Int>) -> Int {
    instances.reduce(0) { $0 + $1.totals[keyPath: count] }
  }
}

extension RejectionCount {
  static func count(_ result: RunResult) -> [RejectionCount] {
    var counts = result.reasons.map { RejectionCount(reason: $0, count: 0) }
    var unknown = 0
    for record in result.records where record.outcome == .rejected {
      if counts.indices.contains(Int(record.reason)) {
        counts[Int(record.reason)].count += 1
      } else {
        unknown += 1
      }
    }
    if unknown > 0 { counts.append(RejectionCount(reason: "no reason given", count: unknown)) }
    return counts.filter { $0.count > 0 }
  }
}

extension ContiguousArray<RequestRecord> {
  /// Of the finished requests that have the quantity.
  func distribution(of quantity: (RequestRecord) -> SimDuration?) -> Distribution? {
    var samples = ContiguousArray<Int64>()
    samples.reserveCapacity(count)
    for record in self where record.outcome == .finished {
      if let sample = quantity(record) { samples.append(sample.nanoseconds) }
    }
    return Distribution(ofWholeNanoseconds: samples)
  }

  func distribution(of nanoseconds: (RequestRecord) -> Double?) -> Distribution? {
    var samples = ContiguousArray<Double>()
    samples.reserveCapacity(count)
    for record in self where record.outcome == .finished {
      if let sample = nanoseconds(record) { samples.append(sample) }
    }
    return Distribution(ofNanoseconds: samples)
  }
}

private func share(_ part: Int, of whole: Int) -> Double {
  whole > 0 ? Double(part) / Double(whole) : 0
}
