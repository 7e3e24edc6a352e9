import DequeModule

/// Queues, KV blocks and the iteration under way of one instance, as LLMServingSim keeps them.
///
/// A running request is never set aside and iterations never overlap, so the running set needs no parts.
struct ReferenceInstance {
  let role: InstanceRole
  let limits: SchedulerLimits
  let cost: ProfileCost
  /// What a prefill instance sends during an iteration; nil elsewhere.
  let sends: ProfileCost.KVSends?

  var pool: KVBlockPool
  /// In order of admission.
  var running: ContiguousArray<Int> = []
  /// Preempted requests first, then by arrival and id.
  var waiting: Deque<Int> = []

  /// The iteration under way.
  var batch: ContiguousArray<ScheduledTokens> = []
  var shape = IterationShape()
  var start = SimTime.zero
  /// `.never` while idle.
  var end = SimTime.never
  /// Ends of its nodes; empty until somebody asks.
  private var nodes: ContiguousArray<Int64> = []

  var totals = InstanceTotals()
  /// Tokens generated in the present second.
  var tokens = TokenRate.Run()

  init(_ spec: InstanceSpec, cost: ProfileCost, link: LinkSpec) {
    role = spec.role
    limits = spec.limits
    self.cost = cost
    let capacity = KVCapacity(spec)
    pool = KVBlockPool(capacity: capacity.blocks, blockSize: spec.limits.blockSize)
    sends =
      spec.role == .prefill
      ? ProfileCost.KVSends(
        bytesPerToken: Double(spec.model.cachedNumbers(ranks: 1) * spec.kvType.bytes)
          / Double(spec.tpSize), link: link)
      : nil
    totals.kvCapacityBlocks = capacity.blocks
    totals.weightBytes = capacity.weightBytes
    totals.kvBytesPerBlock = capacity.bytesPerToken * spec.limits.blockSize
  }

  var isIdle: Bool { end == .never }
  var hasWork: Bool { !running.isEmpty || !waiting.isEmpty }

  /// Starts the iteration that has been scheduled.
  mutating func begin(at now: SimTime) {
    nodes = sends == nil ? [] : cost.timeline(shape, sends: sends)
    let duration =
      nodes.last.map { SimDuration(nanoseconds: $0) } ?? cost.iterationTime(shape)
    start = now
    let (sum, overflow) = now.nanoseconds.addingReportingOverflow(duration.nanoseconds)
    end = overflow ? .never : SimTime(nanoseconds: sum)
    totals.iterations += 1
    totals.busy += duration
    totals.kvPeakBlocks = max(totals.kvPeakBlocks, pool.held)
  }

  /// The end of the first node of the iteration under way that does not end before `moment`.
  mutating func nodeEnd(notBefore moment: SimTime) -> SimTime {
    if nodes.isEmpty { nodes = cost.timeline(shape) }
    let offset = (moment - start).nanoseconds
    var low = 0
    var high = nodes.count - 1
    while low < high {
      let middle = (low + high) / 2
      if nodes[middle] < offset { low = middle + 1 } else { high = middle }
    }
    return start + SimDuration(nanoseconds: nodes[low])
  }
}
