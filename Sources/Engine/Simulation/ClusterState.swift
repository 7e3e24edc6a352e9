import DequeModule

/// The whole cluster at one instant: everything that a policy may look at, and the records of what has been.
///
/// Lives behind one pointer that the simulation, the views and the steps share. Instances and lanes are plain memory, since
/// every event reads and writes them. Never copied: as in `Instance`, methods of the hot loops are `mutating` for that.
struct ClusterState<Batch: DecodeBatch>: ~Copyable {
  let cluster: ClusterSpec
  let workload: Workload
  /// The requests of `workload`, which keeps them.
  let trace: BorrowedRequests
  let options: RunOptions
  private let costModels: UnsafeMutablePointer<IterationCost>
  let costs: UnsafeMutablePointer<BorrowedCost>
  let capacities: ContiguousArray<KVCapacity>
  /// How long a token takes to its client, by the front end that took its request in.
  let receipts: ContiguousArray<SimDuration>
  var fit: Fit

  let instances: UnsafeMutablePointer<Instance<Batch>>
  let lanes: UnsafeMutablePointer<Lane>
  let instanceCount: Int
  /// Whether instances, links or transfers may fail in this run.
  var hasFaults = false
  /// Of each instance's view; see `PolicyWorld.viewVersions`.
  let versions: UnsafeMutablePointer<UInt32>
  var requests = RequestTable()
  var network: Network
  var records: RecordWindow
  /// What statistics need of the records that the window has let go; nil where records are kept.
  var tally: RecordTally?
  /// When the requests of those records ended, for policies, which may ask; empty where nobody can.
  var pastEnds = Pile<SimTime>()
  var keepsPastEnds = false
  var gaps: ContiguousArray<ContiguousArray<Int64>>
  var gapHistogram = GapHistogram()
  var tokenRate = TokenRate()

  var now = SimTime.zero
  /// Instances as routers see them, in runs that show them old state; else empty.
  var scraped: ContiguousArray<InstanceView> = []
  var scrapedAt = SimTime(nanoseconds: -1)
  var stage = InstantStage.before
  /// Instance that forms its iteration, in stage `forming`.
  var forming = 0

  /// Parked before their prompt, and between prompt and decode: in order of parking.
  var parkedPrompts: Deque<Int32> = []
  var parkedDecodes: Deque<Int32> = []
  /// On an instance without a first token; with the first and without the last.
  var prefillingCount = 0
  var decodingCount = 0
  /// Instances that take no requests at present, because of faults or by the policy's will.
  var downCount = 0
  var scaling = ScalingState()
  var migrations = MigrationState()
  var replications = ReplicationState()
  var tiers: TierState
  var endedCount = 0
  var finishedCount = 0
  var finishedOutputTokens = 0

  init(_ scenario: Scenario) {
    cluster = scenario.cluster
    workload = scenario.workload
    trace = workload.requests.borrow()
    options = scenario.options
    costModels = .allocate(capacity: cluster.instances.count)
    costModels.initialize(from: scenario.costs, count: cluster.instances.count)
    costs = .allocate(capacity: cluster.instances.count)
    for index in cluster.instances.indices {
      (costs + index).initialize(to: BorrowedCost(costModels + index))
    }
    capacities = ContiguousArray(cluster.instances.map { KVCapacity($0) })
    receipts = ContiguousArray(cluster.instances.map { $0.platform?.receipt ?? .zero })
    fit = Fit(cluster, capacities: capacities, movesAll: options.firstToken == .decode)
    tiers = TierState(cluster, capacities)
    instanceCount = cluster.instances.count
    network = Network(Topology(cluster))
    tally = scenario.tally
    records = tally == nil ? RecordWindow(keeping: workload.requests.count) : RecordWindow()
    gaps = ContiguousArray(
      repeating: [], count: options.keepGaps ? workload.requests.count : 0)
    instances = .allocate(capacity: instanceCount)
    lanes = .allocate(capacity: instanceCount)
    versions = .allocate(capacity: instanceCount)
    versions.initialize(repeating: 0, count: instanceCount)
    for (index, spec) in cluster.instances.enumerated() {
      (instances + index).initialize(
        to: Instance(
          id: InstanceID(index), role: spec.role, limits: spec.limits,
          blocks: capacities[index].blocks,
          tracksExtremes: scenario.costs[index].usesContextExtremes, keepsGaps: options.keepGaps,
          isAsynchronous: spec.platform?.schedulesAsynchronously ?? false))
      instances[index].pool.journal = tiers.journal
      (lanes + index).initialize(to: Lane())
      if spec.isStandby {
        lanes[index].condition = .off
        scaling.isUsed = true
      }
    }
    recountDown()
  }

  /// When a request ended whose record has gone.
  func pastEnd(_ id: RequestID) -> SimTime? {
    pastEnds.indices.contains(Int(id.index)) ? pastEnds[Int(id.index)] : nil
  }

  func deallocate() {
    requests.deallocate()
    pastEnds.deallocate()
    network.deallocate()
    tiers.deallocate()
    for index in 0..<instanceCount {
      instances[index].deallocate()
      lanes[index].ends.deallocate()
    }
    costs.deallocate()
    costModels.deinitialize(count: instanceCount)
    costModels.deallocate()
    instances.deinitialize(count: instanceCount)
    instances.deallocate()
    lanes.deinitialize(count: instanceCount)
    lanes.deallocate()
    versions.deallocate()
  }

  /// From the promise of blocks until a transfer's sender begins.
  mutating func transferDelay(from: InstanceID, to: InstanceID) -> SimDuration {
    cluster.kvTransfer.delay(latency: network.latency(from: from.index, to: to.index))
  }

  /// Bytes of a token's KV that travel from one instance to another.
  func bytesPerToken(from source: Int, to target: Int) -> Int64 {
    let capacity = capacities[target].isWholeOnEach ? capacities[target] : capacities[source]
    return Int64(capacity.totalBytesPerToken)
  }

  /// Has the run moved requests or blocks besides its hand-offs?
  var movesBlocks: Bool {
    migrations.totals.begun > 0 || replications.totals.begun > 0 || tiers.isUsed
  }

  func isUp(_ id: InstanceID) -> Bool {
    let lane = lanes + Int(id.index)
    return lane.pointee.downs == 0 && lane.pointee.condition == .up
  }

  /// Counts anew who takes no requests.
  mutating func recountDown() {
    downCount = (0..<instanceCount).count { !isUp(InstanceID($0)) }
  }

  @inline(__always)
  var rows: RequestRows { requests.rows }

  /// What routers see of the instance has changed, or is about to before they are asked again.
  @inline(__always)
  func touch(_ index: Int) { versions[index] &+= 1 }

  func ref(_ slot: Int32) -> RequestRef { RequestRef(slot: slot, id: rows[slot].id) }

  func isPrefixCached(_ instance: Int) -> Bool {
    cluster.instances[instance].limits.enablePrefixCaching
  }

  /// Is it known what the request's tokens are? Without that it never has keys.
  @inline(__always)
  private func hasContent(_ slot: Int32) -> Bool {
    trace[Int(rows[slot].id.index)].contentCount > 0
  }

  /// Keys of the request's blocks on this instance; empty where its contents are unknown or nothing is cached there.
  mutating func keys(_ slot: Int32, on instance: Int) -> BlockKeys {
    guard hasContent(slot), isPrefixCached(instance) else { return [] }
    let request = trace[Int(rows[slot].id.index)]
    let start = Int(request.contentStart)
    return BlockKey.chain(
      workload.content, start..<(start + Int(request.contentCount)), unit: workload.contentUnit,
      tokens: Int(rows[slot].target), blockSize: cluster.instances[instance].limits.blockSize)
  }

  /// Keys of the request's blocks on an instance that it may be under way to, and does not stand on yet.
  mutating func keysOnArrival(_ slot: Int32, on instance: Int) -> BlockKeys {
    if !hasContent(slot) { return [] }
    let size = isPrefixCached(instance) ? Int32(cluster.instances[instance].limits.blockSize) : -1
    return rows[slot].keyBlockSize == size ? rows[slot].keys : keys(slot, on: instance)
  }

  /// Gives the row the keys that hold on this instance, if it has others.
  mutating func adoptKeys(_ slot: Int32, on instance: Int) {
    if !hasContent(slot) { return }
    let size = isPrefixCached(instance) ? Int32(cluster.instances[instance].limits.blockSize) : -1
    guard rows[slot].keyBlockSize != size else { return }
    rows[slot].keys = keys(slot, on: instance)
    rows[slot].keyBlockSize = size
  }
}
