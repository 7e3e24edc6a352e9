/// Cached blocks of a prompt on their way from one instance's prefix cache to another's.
///
/// Both sides hold the blocks meanwhile: the sender what it sends, the receiver what it has already, and room for the rest.
struct Replication {
  /// What the network knows it by; negative, since requests have the other numbers, and odd.
  var tag: Int32
  var source: InstanceID
  var target: InstanceID
  /// Of all blocks from the start of the prompt on.
  var keys: BlockKeys
  var kept: KVHolding
  var incoming: KVHolding
  /// Tokens that travel.
  var tokens: Int
  var hasBegun = false
}

/// All copies under way, in the order in which they were asked for: a handful at any time.
struct ReplicationState {
  var active: ContiguousArray<Replication> = []
  /// Has the last hook asked for one?
  var isAsked = false
  private var next: Int32 = -1
  var totals = ReplicationTotals()

  mutating func nextTag() -> Int32 {
    next = next >= Int32.max - 3 ? 1 : next + 2
    return -next
  }

  func holdings(on id: InstanceID) -> [KVHolding] {
    active.flatMap { copy in
      (copy.source == id ? [copy.kept] : []) + (copy.target == id ? [copy.incoming] : [])
    }
  }

  /// Blocks that copies under way have been promised on an instance.
  func promised(on id: InstanceID) -> Int {
    active.reduce(0) { $0 + ($1.target == id ? $1.incoming.blanks : 0) }
  }
}

extension ClusterState {
  /// Has the blocks of the request's prompt that `source` has cached, and `target` lacks, copied; nil when they are.
  ///
  /// The network knows of it when the hook has ended.
  mutating func ask(toReplicate request: RequestRef, from source: InstanceID, to target: InstanceID)
    -> ActionRefusal?
  {
    guard requests.isActive(request) else { return .nothingToSend }
    if source == target { return .isThere }
    guard isReachable(source), isUp(target) else { return .notUp }
    let (from, to) = (Int(source.index), Int(target.index))
    let (here, there) = (cluster.instances[from], cluster.instances[to])
    guard here.model.name == there.model.name, here.kvType == there.kvType,
      here.limits.blockSize == there.limits.blockSize
    else { return .otherModel }
    let size = there.limits.blockSize
    let all = keysOnArrival(request.slot, on: to)
    catchUp(from)
    catchUp(to)
    let most = Int(rows[request.slot].promptTokens) / size
    let sent = instances[from].pool.lookUp(all, limit: most).hits
    let has = instances[to].pool.lookUp(all, limit: sent)
    guard isPrefixCached(from), sent > has.hits else { return .nothingToSend }
    let last = all[sent - 1]
    guard !replications.active.contains(where: { $0.target == target && $0.keys.last == last })
    else { return .isMigrating }
    // Those that wait for blocks come before what may be of use.
    guard instances[to].preemptedWaiting == 0, instances[to].reservations.isEmpty,
      sent - has.hits + has.free <= instances[to].pool.free
    else { return .noRoom }
    var copy = Replication(
      tag: replications.nextTag(), source: source, target: target,
      keys: BlockKeys(all.prefix(sent)), kept: KVHolding(), incoming: KVHolding(),
      tokens: (sent - has.hits) * size)
    instances[from].pool.share(copy.keys, hits: sent, into: &copy.kept)
    instances[from].notePeak()
    instances[to].promise(&copy.incoming, tokens: sent * size, keys: copy.keys, hits: has.hits)
    replications.active.append(copy)
    replications.isAsked = true
    replications.totals.begun += 1
    return nil
  }

  /// Does it run, whether it takes requests or not?
  private func isReachable(_ id: InstanceID) -> Bool {
    let lane = lanes + Int(id.index)
    return lane.pointee.downs == 0
      && (lane.pointee.condition == .up || lane.pointee.condition == .draining)
  }
}
