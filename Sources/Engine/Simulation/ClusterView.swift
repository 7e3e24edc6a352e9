/// Something through which a policy looks at the cluster.
protocol ClusterWindow: PolicyWorld {
  associatedtype Batch: DecodeBatch
  var state: UnsafeMutablePointer<ClusterState<Batch>> { get }
}

/// The cluster as hooks see it: one pointer, valid during the hook.
struct ClusterView<Batch: DecodeBatch>: ClusterWindow {
  let state: UnsafeMutablePointer<ClusterState<Batch>>

  /// As it was scraped last, where the run shows old state; requests in flight are this policy's own knowledge.
  @inline(__always)
  func instanceView(_ id: InstanceID) -> InstanceView {
    let index = Int(id.index)
    guard state.pointee.scraped.indices.contains(index) else { return presentView(id) }
    var view = state.pointee.scraped[index]
    view.inflight = state.pointee.instances[index].inflight
    view.freeAt = max(view.freeAt, now)
    return view
  }
}

extension ClusterView {
  /// Nobody counts where views are old, or where faults and policies change instances at any time.
  var viewVersions: UnsafePointer<UInt32>? {
    let isCounted =
      state.pointee.scraped.isEmpty && !state.pointee.hasFaults && !state.pointee.scaling.isUsed
      && !state.pointee.movesBlocks
    return isCounted ? UnsafePointer(state.pointee.versions) : nil
  }

  /// The iteration under way changes nothing before its end. Between two planned ones everything depends on the moment.
  func viewHolds(_ id: InstanceID) -> SimTime {
    let lane = state.pointee.lanes + Int(id.index)
    if lane.pointee.isUnderWay { return lane.pointee.ends[lane.pointee.ended] }
    return lane.pointee.isIdle ? .never : .zero
  }
}

extension ClusterWindow {
  var now: SimTime { state.pointee.now }
  var instanceCount: Int { state.pointee.instanceCount }
  var gatewayWaiting: Int {
    state.pointee.parkedPrompts.count + state.pointee.parkedDecodes.count
  }

  private func instance(_ id: InstanceID) -> UnsafeMutablePointer<Instance<Batch>> {
    state.pointee.instances + Int(id.index)
  }

  func instanceFacts(_ id: InstanceID) -> InstanceFacts {
    let spec = state.pointee.cluster.instances[Int(id.index)]
    return InstanceFacts(
      name: spec.name, role: instance(id).pointee.role, node: spec.node, model: spec.model.name,
      hardware: spec.hardware, tpSize: spec.tpSize, ppSize: 1,
      kvCapacityTokens: state.pointee.capacities[Int(id.index)].blocks * spec.limits.blockSize,
      maxNumSeqs: spec.limits.maxNumSeqs, maxNumBatchedTokens: spec.limits.maxNumBatchedTokens,
      blockSize: spec.limits.blockSize)
  }

  /// In line, so that its values go straight into the struct that C reads.
  @inline(__always)
  func presentView(_ id: InstanceID) -> InstanceView {
    let index = Int(id.index)
    state.pointee.catchUp(index)
    let instance = instance(id)
    let lane = state.pointee.lanes + index
    let rows = state.pointee.rows
    let size = instance.pointee.limits.blockSize
    var view = InstanceView()
    view.busy = lane.pointee.isUnderWay
    view.waitingCount = instance.pointee.waitingCount
    view.runningCount = instance.pointee.running.count
    view.waitingPromptTokens = instance.pointee.waitingTokens
    view.runningContextTokens = instance.pointee.batch.contextTokens
    for slot in instance.pointee.prefilling {
      view.runningContextTokens += Int(rows[slot].computed)
    }
    for slot in instance.pointee.paused { view.runningContextTokens += Int(rows[slot].computed) }
    view.inflight = instance.pointee.inflight
    let reserved = instance.pointee.reservedBlocks
    view.kvUsedTokens = (instance.pointee.pool.held - reserved) * size
    view.kvReservedTokens = reserved * size
    view.kvFreeTokens = instance.pointee.pool.free * size
    view.cachedTokens = instance.pointee.pool.cached * size
    view.transfersIn = instance.pointee.transfersIn
    view.transfersOut = instance.pointee.transfersOut
    view.kvWaitingCount = instance.pointee.reservations.count
    view.lastStep = lane.pointee.lastStep
    view.condition = lane.pointee.downs > 0 ? .down : lane.pointee.condition
    view.freeAt = lane.pointee.isUnderWay ? lane.pointee.ends[lane.pointee.ended] : now
    return view
  }

  @inline(__always)
  func requestView(_ request: RequestRef) -> RequestView? {
    guard state.pointee.requests.isActive(request) else { return nil }
    let row = state.pointee.rows[request.slot]
    let id = Int(request.id.index)
    var computed = Int(row.computed)
    var reached = Int(row.reached)
    if row.place == .decoding {
      let index = Int(row.instance.index)
      state.pointee.catchUp(index)
      computed = instance(row.instance).pointee.batch.computed(request.slot, state.pointee.rows)
      // The token that is being computed counts as computed, and not yet as generated.
      reached = state.pointee.lanes[index].isUnderWay ? computed : computed + 1
    }
    var view = RequestView()
    view.promptTokens = Int(row.promptTokens)
    view.generatedTokens = reached - view.promptTokens
    let goesOn = (view.generatedTokens > 0 && !row.isRestarted) || row.isHandedOver
    view.stage = goesOn ? .decode : .prefill
    view.arrival = state.pointee.records[id].arrival
    view.cachedTokens = Int(state.pointee.records[id].cachedTokens)
    view.computedTokens = computed
    switch row.place {
    case .gateway where view.generatedTokens == 0 || row.isRestarted, .waiting,
      .prefilling, .loading:
      view.remainingPromptTokens = max(0, reached - computed)
    default: break
    }
    view.contextTokens = reached
    view.predictedOutputTokens =
      row.predictedOutput >= 0 ? Int(row.predictedOutput) : meanOutputTokens
    view.outputTokens = Int(row.target) - view.promptTokens
    view.kvBytes = reached * bytesPerToken(row.instance)
    view.turn = Int(state.pointee.trace[id].turn)
    view.deferrals = Int(row.deferrals)
    view.preemptions = Int(row.preemptions)
    let traits = Int(state.pointee.workload.requests[id].traits)
    if traits >= 0 {
      view.priority = Int(state.pointee.workload.traits[traits].priority)
      view.ttftTarget = state.pointee.workload.traits[traits].ttftTarget
      view.tpotTarget = state.pointee.workload.traits[traits].tpotTarget
      view.deadline = row.deadline == .never ? nil : row.deadline
    }
    view.instance = row.instance
    view.prefillInstance = state.pointee.records[id].prefillInstance
    view.decodeInstance = state.pointee.records[id].decodeInstance
    if view.decodeInstance.isNone { view.decodeInstance = row.plannedDecode }
    if row.isMigrating { view.migrationTarget = state.pointee.migrations.target(of: request.slot) }
    return view
  }

  /// Mean output of the requests that have finished; 0 before the first has.
  private var meanOutputTokens: Int {
    let count = state.pointee.finishedCount
    return count == 0 ? 0 : (state.pointee.finishedOutputTokens + count / 2) / count
  }

  func bytesPerToken(_ id: InstanceID) -> Int {
    state.pointee.capacities[max(0, Int(id.index))].totalBytesPerToken
  }

  func endOfRequest(_ id: RequestID) -> SimTime? {
    if let past = state.pointee.pastEnd(id) { return past }
    guard state.pointee.records.contains(Int(id.index)) else { return nil }
    let end = state.pointee.records[Int(id.index)].end
    return end == .never ? nil : end
  }

  func sessionName(_ request: RequestRef) -> String? {
    guard state.pointee.trace.indices.contains(Int(request.id.index)) else {
      return nil
    }
    let session = Int(state.pointee.trace[Int(request.id.index)].session)
    return session < 0 ? nil : state.pointee.workload.sessionNames[session]
  }

  private func traits(_ request: RequestRef) -> RequestTraits? {
    guard state.pointee.workload.requests.indices.contains(Int(request.id.index)) else {
      return nil
    }
    let traits = Int(state.pointee.workload.requests[Int(request.id.index)].traits)
    return traits < 0 ? nil : state.pointee.workload.traits[traits]
  }

  func content(_ request: RequestRef) -> ArraySlice<UInt32> {
    guard state.pointee.trace.indices.contains(Int(request.id.index)) else { return [] }
    let row = state.pointee.trace[Int(request.id.index)]
    // What comes behind the prompt nobody knows yet.
    let units = Int(row.promptTokens) / state.pointee.workload.contentUnit
    let start = Int(row.contentStart)
    let count = min(Int(row.contentCount), units)
    return ArraySlice(state.pointee.workload.content[start..<(start + count)])
  }

  func className(_ request: RequestRef) -> String? { traits(request)?.className }
  func tenantName(_ request: RequestRef) -> String? { traits(request)?.tenant }

  func link(from: InstanceID, to: InstanceID) -> LinkView {
    state.pointee.network.view(from: from.index, to: to.index, now: now)
  }

  func waiting(_ id: InstanceID) -> ContiguousArray<RequestRef> {
    ContiguousArray(instance(id).pointee.waiting.map { state.pointee.ref($0) })
  }

  func running(_ id: InstanceID) -> ContiguousArray<RequestRef> {
    ContiguousArray(instance(id).pointee.running.map { state.pointee.ref($0) })
  }

  func requestCount(_ id: InstanceID, running: Bool) -> Int {
    running ? instance(id).pointee.running.count : instance(id).pointee.waiting.count
  }

  func copyRequests(_ id: InstanceID, running: Bool, to place: UnsafeMutablePointer<RequestRef>) {
    let rows = state.pointee.rows
    var next = place
    func add(_ slot: Int32) {
      next.initialize(to: RequestRef(slot: slot, id: rows[slot].id))
      next += 1
    }
    if running {
      for slot in instance(id).pointee.running { add(slot) }
    } else {
      for slot in instance(id).pointee.waiting { add(slot) }
    }
  }
}
