/// The loop of LLMServingSim: polls of idle instances.
///
/// A poll happens at the end of any node of any iteration under way, for each instance that is idle or has just finished,
/// in configuration order. It routes what has arrived, works off the iteration that ended, and starts the next one. While
/// nothing runs at all, polls are a millisecond apart.
struct ReferenceLoop {
  var observer: any RunObserver
  let cluster: ClusterSpec
  let workload: Workload
  let options: RunOptions
  var router: ReferenceRouter
  var instances: ContiguousArray<ReferenceInstance>
  /// By id.
  var requests: ContiguousArray<ReferenceRequest>
  /// Requests that have not been routed and whose arrival is known, by arrival and id.
  var pending: PendingArrivals
  var completions: ContiguousArray<RequestID> = []
  var now: SimTime
  var polls = 0
  var tokenRate = TokenRate()
  var samples: [IntervalSample] = []
  var nextSample: SimTime
  /// Prompt and other tokens computed up to the last sample.
  var sampledTokens = (prefill: 0, decode: 0)

  /// Time between polls while nothing runs, in nanoseconds.
  private static let idleTick: Int64 = 1_000_000
  /// Nanoseconds, 146 years: with the longest wait between calls of a session it still fits in 64 bits.
  private static let longestRun: Int64 = 1 << 62

  init(
    _ scenario: Scenario, _ routing: ReferenceRouting, _ observer: any RunObserver
  ) throws(InputError) {
    self.observer = observer
    cluster = scenario.cluster
    workload = scenario.workload
    options = scenario.options
    router = ReferenceRouter(routing, roles: cluster.instances.map(\.role))
    instances = []
    for (spec, cost) in zip(cluster.instances, scenario.costs) {
      guard case .profile(let cost) = cost else {
        throw InputError(
          file: cluster.source, problem: "LLMServingSim takes times from profiles only",
          expected: "a folder of profiles")
      }
      instances.append(ReferenceInstance(spec, cost: cost, link: cluster.link))
    }
    try ReferenceCluster.check(workload, on: instances, cluster)
    requests = []
    for (id, request) in workload.requests.enumerated() {
      requests.append(ReferenceRequest(request, id: id))
    }
    pending = PendingArrivals(workload)
    // The clock starts with the first arrival.
    now = pending.first ?? .zero
    tokenRate.start(at: now)
    nextSample = options.logInterval.map { SimTime.zero + $0 } ?? .never
  }

  // MARK: The loop

  mutating func run() throws {
    while completions.count < requests.count {
      takeSamples()
      var changed = false
      for index in instances.indices where instances[index].isIdle || instances[index].end == now {
        changed = try poll(index) || changed
      }
      if options.check { try checkBooks() }
      guard completions.count < requests.count else { return }
      now = try nextPoll(changed: changed)
    }
  }

  /// Asks one instance. Returns whether it did anything.
  private mutating func poll(_ index: Int) throws(InputError) -> Bool {
    polls += 1
    if polls & 0xfff == 0 {
      observer.progress(ended: completions.count, of: requests.count, at: now)
    }
    // What arrives at the very moment of an end is there in time for the next iteration.
    routeArrivals()
    let ended = !instances[index].isIdle
    if ended { try complete(index) }
    let changed = instances[index].schedule(at: now, &requests)
    if !instances[index].batch.isEmpty {
      instances[index].begin(at: now)
      guard instances[index].end.nanoseconds < Self.longestRun else {
        throw InputError(
          file: cluster.source, problem: "the run lasts longer than a century",
          expected: "profiles whose times are microseconds")
      }
    }
    return ended || changed
  }

  private mutating func routeArrivals() {
    while let id = pending.next(upTo: now) {
      let index = router.choosePrompt(instances)
      requests[id].keys = keys(of: id, on: index)
      requests[id].record.routed = now
      requests[id].record.prefillInstance = InstanceID(index)
      instances[index].enqueue(id, requests)
    }
  }

  // MARK: Time

  /// The next moment at which an instance is asked.
  private mutating func nextPoll(changed: Bool) throws(InputError) -> SimTime {
    var next = SimTime.never
    var someIsIdle = false
    var idleHasWork = false
    for instance in instances {
      next = min(next, instance.end)
      if instance.isIdle {
        someIsIdle = true
        idleHasWork = idleHasWork || instance.hasWork
      }
    }
    let soon = now + SimDuration(nanoseconds: 1)
    guard someIsIdle, let wanted = idleHasWork ? soon : pending.first.map({ max($0, soon) })
    else { return next }
    if next == .never {
      try checkProgress(changed: changed)
      let wait = (wanted - now).nanoseconds
      let ticks = (wait + Self.idleTick - 1) / Self.idleTick
      return now + SimDuration(nanoseconds: ticks * Self.idleTick)
    }
    for index in instances.indices where wanted < next && !instances[index].isIdle {
      next = min(next, instances[index].nodeEnd(notBefore: wanted))
    }
    return next
  }

  /// While nothing runs and nothing will arrive, something must have changed, or nothing ever will.
  private func checkProgress(changed: Bool) throws(InputError) {
    guard !changed, pending.first == nil else { return }
    let stuck = instances.compactMap { $0.waiting.first ?? $0.running.first }.first ?? 0
    throw InputError(
      file: workload.source, key: "request \(stuck)",
      problem: "waits for ever on \(cluster.source): nothing runs and it is never scheduled",
      suggestion: "raise max_num_batched_tokens or enable chunked prefill")
  }

  // MARK: Blocks

  /// Keys of the request's blocks on an instance; empty where contents are unknown or nothing is cached there.
  func keys(of id: Int, on index: Int) -> BlockKeys {
    let request = workload.requests[id]
    let limits = instances[index].limits
    guard limits.enablePrefixCaching, request.contentCount > 0 else { return [] }
    let start = Int(request.contentStart)
    return BlockKey.chain(
      workload.content, start..<(start + Int(request.contentCount)), unit: workload.contentUnit,
      tokens: requests[id].target, blockSize: limits.blockSize)
  }

  /// Verifies every pool against the requests that hold blocks there.
  private func checkBooks() throws {
    for (index, instance) in instances.enumerated() {
      let holdings = instance.running.map { requests[$0].held }
      if let law = instance.pool.brokenLaw(holdings: holdings) {
        throw SimulationError.brokenLaw("\(cluster.instances[index].name): \(law)")
      }
    }
  }
}
