/// Runs a scenario: the event loop, and the policy that it asks.
///
/// The loop goes from instant to instant. At each one, events come in the order of their phases; then `settle` works off
/// what they caused: outcomes, parked requests, reservations, new iterations. One file a kind of event:
/// `+Arrival`, `+Routing`, `+Transfer`, `+Iteration`, `+Outcome`. What goes wrong comes before all else: `+Fault`.
struct EventLoop<P: Policy, Batch: DecodeBatch> {
  typealias State = ClusterState<Batch>
  var policy: P
  var observer: any RunObserver
  let tellsIterations: Bool
  let tellsRecords: Bool
  let hooks: HookSet
  /// Everything that views show. A pointer, because policies look at it while they are being asked.
  let state: UnsafeMutablePointer<State>
  var events = EventQueue()
  var eventCount = 0
  /// Next request of the trace that arrives at a time of its own.
  var nextArrival = 0
  /// Reasons of rejections, and their places.
  var reasons: [String] = []
  /// Instances to look at when this instant settles; flags of the lanes keep them unique.
  var endedInstances = Pile<Int>()
  var dirtyInstances = Pile<Int>()
  var dirtyReservations = Pile<Int>()
  /// What is being worked off: instances that form or grant, transfers, requests with a new token.
  var formingInstances = Pile<Int>()
  var grantingInstances = Pile<Int>()
  var arrivedTransfers = Pile<Int32>()
  var producers = Pile<Int32>()
  /// Requests whose first chunk has begun, and whose KV cache may be sent from then on; preempted ones that were being sent.
  var newStreams = Pile<Int32>()
  var brokenStreams = Pile<Int32>()
  var parkedMayMove = false
  var samples: [IntervalSample] = []
  var nextSample: SimTime
  /// Before this nothing is sampled: no event costs a look.
  var samplesDue = SimTime.zero
  /// nil unless the run is to leave a time series.
  var series: TimeSeries?
  /// Totals at the last sample.
  var sampledPrefillTokens = 0
  var sampledDecodeTokens = 0
  var networkGeneration: Int32 = 0
  var networkTime = SimTime.never
  var ticks = Ticks()
  var faults: FaultTracker
  /// Preemptions since anything in the cluster last came further: an arrival, a transfer, a token.
  var futilePreemptions = 0
  /// What routers could have seen of each instance last, for `--check`.
  var seenViews: [SeenView] = []
  /// The present instant, for pools whose evictions the policy chooses; nil without such a policy.
  private let poolClock: UnsafeMutablePointer<SimTime>?

  init(_ scenario: Scenario, policy: P, observer: any RunObserver) {
    self.policy = policy
    self.observer = observer
    tellsIterations = observer.watchesIterations
    tellsRecords = observer.watchesRecords
    hooks = policy.hooks
    state = .allocate(capacity: 1)
    state.initialize(to: State(scenario))
    state.pointee.keepsPastEnds = !hooks.isEmpty
    faults = FaultTracker(scenario)
    state.pointee.hasFaults = !faults.schedule.isEmpty
    nextSample = scenario.options.logInterval.map { SimTime.zero + $0 } ?? .never
    series = scenario.options.seriesMoments.map { TimeSeries(capacity: $0) }
    poolClock = hooks.contains(.evict) ? .allocate(capacity: 1) : nil
    guard let poolClock else { return }
    poolClock.initialize(to: .zero)
    for index in 0..<state.pointee.instanceCount {
      state.pointee.instances[index].pool.clock = UnsafePointer(poolClock)
    }
  }

  func deallocate() {
    for list in [
      endedInstances, dirtyInstances, dirtyReservations, formingInstances, grantingInstances,
    ] { list.deallocate() }
    arrivedTransfers.deallocate()
    producers.deallocate()
    newStreams.deallocate()
    brokenStreams.deallocate()
    events.deallocate()
    state.pointee.deallocate()
    state.deinitialize(count: 1)
    state.deallocate()
    poolClock?.deallocate()
  }

  var world: ClusterView<Batch> { ClusterView(state: state) }
  var now: SimTime { state.pointee.now }
  var rows: RequestRows { state.pointee.requests.rows }

  // MARK: The loop

  mutating func run() throws(SimulationError) {
    if hooks.contains(.initialize) {
      try asking { (policy: inout P, world) throws(PolicyError) in try policy.initialize(world) }
    }
    scheduleNextArrival()
    startTicking()
    while let time = nextInstant {
      if time >= samplesDue { takeSamples(until: time) }
      state.pointee.now = time
      poolClock?.pointee = time
      state.pointee.stage = .before
      if faults.schedule.next == time { try takeFaults() }
      if state.pointee.scaling.nextStart == time { try finishStarts() }
      repeat {
        while let event = events.pop(at: time) { try handle(event) }
        if ticks.next == time { try tick() }
        try settle()
      } while events.nextTime == time
      if state.pointee.options.check { try checkBooks() }
    }
    try checkNothingIsLeft()
    abortReplicationsLeft()
  }

  private mutating func handle(_ event: Event) throws(SimulationError) {
    eventCount += 1
    resumeTicking()
    if eventCount & 0xfff == 0 {
      observer.progress(
        ended: state.pointee.endedCount, of: state.pointee.trace.count, at: now)
    }
    switch event.phase {
    case .arrival:
      futilePreemptions = 0
      try arrive(event)
    case .network:
      futilePreemptions = 0
      try networkChanged(event)
    case .iterationEnd: iterationEnded(event)
    }
  }

  /// Works off what the events of this instant caused.
  private mutating func settle() throws(SimulationError) {
    state.pointee.stage = max(state.pointee.stage, .outcomes)
    for index in endedInstances { try workOffOutcomes(index) }
    endedInstances.removeAll()
    repeat {
      if parkedMayMove { try askParked() }
      try grantDirtyReservations()
      try formDirtyInstances()
      try settleStreams()
      if state.pointee.migrations.needSettling { settleMigrations() }
      if state.pointee.scaling.isChanging { settleScaling() }
    } while parkedMayMove || !dirtyReservations.isEmpty || !dirtyInstances.isEmpty
    state.pointee.stage = .after
    if state.pointee.tiers.isUsed { writeJournals() }
  }

  // MARK: Marks

  /// The instance may be able to begin an iteration when this instant settles.
  @inline(__always)
  mutating func markDirty(_ index: Int) {
    guard !state.pointee.lanes[index].isDirty else { return }
    state.pointee.lanes[index].isDirty = true
    dirtyInstances.append(index)
  }

  @inline(__always)
  mutating func markReservations(_ index: Int) {
    guard !state.pointee.lanes[index].reservationsAreDirty,
      !state.pointee.instances[index].reservations.isEmpty
    else { return }
    state.pointee.lanes[index].reservationsAreDirty = true
    dirtyReservations.append(index)
  }

  /// Before an instance is changed: lets time catch up, and sees to it that the change is looked at as soon as it can be.
  ///
  /// - Parameter decides: whether the next iteration may have other members because of it.
  mutating func interrupt(_ index: Int, decides: Bool) {
    let state = self.state
    if let planned = state.pointee.cutPlan(index) {
      if state.pointee.lanes[index].isUnderWay {
        events.replace(planned, with: state.pointee.endOfPlan(index))
      } else {
        events.remove(planned)
      }
    }
    if decides { state.pointee.instances[index].needsDecision = true }
    if state.pointee.lanes[index].isIdle { markDirty(index) }
  }

  /// Asks the policy something, with the world as it is now.
  mutating func asking<Answer>(
    _ question: (inout P, ClusterView<Batch>) throws(PolicyError) -> Answer
  ) throws(SimulationError) -> Answer {
    let answer: Answer
    do { answer = try question(&policy, world) } catch { throw .policy(error) }
    if state.pointee.migrations.isAsked { beginMigrations() }
    if state.pointee.replications.isAsked { beginReplications() }
    return answer
  }

  /// Tells the policy of what has happened to a request, if it wants to know.
  mutating func tell(_ moment: RequestMoment, of slot: Int32) throws(SimulationError) {
    guard hooks.contains(moment.hook) else { return }
    let ref = state.pointee.ref(slot)
    try asking { (policy: inout P, world) throws(PolicyError) in
      try policy.observe(moment, of: ref, world)
    }
  }
}
