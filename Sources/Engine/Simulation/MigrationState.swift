/// A decoding request on its way to another instance.
///
/// Its KV cache is sent in stages while it goes on decoding: each stage holds the tokens written since the one before.
/// Once little is left it stops, the rest is sent, and it goes on where it went.
struct Migration {
  enum Stage: UInt8 {
    /// Asked for by the hook that is running, or has just run.
    case asked
    /// A part of the cache is being sent.
    case copying
    /// The iteration under way is its last one where it is.
    case leaving
    /// It has stopped, and the rest is being sent.
    case last
  }

  var slot: Int32
  var source: InstanceID
  var target: InstanceID
  var stage = Stage.asked
  /// Stages begun.
  var stages = 0
  /// Tokens that the destination has, and will have after the stage under way.
  var sent: Int
  var sending: Int
  /// Leaving: it goes with the first iteration that ends later than this.
  var leavesAfter = SimTime.zero
  /// End of its last iteration where it was.
  var stopped = SimTime.never
}

/// All migrations under way, in the order in which they were asked for: a handful at any time.
struct MigrationState {
  var active: ContiguousArray<Migration> = []
  /// Requests that were preempted while they were migrating.
  var broken: ContiguousArray<Int32> = []
  /// Has the last hook asked for one?
  var isAsked = false
  /// Is there one whose request is to leave, and whose instance does not know?
  var hasLeavers = false
  var totals = MigrationTotals()

  var needSettling: Bool { hasLeavers || !broken.isEmpty }

  func place(of slot: Int32) -> Int? { active.firstIndex { $0.slot == slot } }

  func target(of slot: Int32) -> InstanceID {
    place(of: slot).map { active[$0].target } ?? .none
  }
}

extension ClusterState {
  /// Tokens of a request whose KV is there: not the one that is being computed.
  mutating func tokensThere(_ slot: Int32) -> Int {
    guard rows[slot].place == .decoding else { return Int(rows[slot].computed) }
    let index = Int(rows[slot].instance.index)
    catchUp(index)
    let computed = instances[index].batch.computed(slot, rows)
    return lanes[index].isUnderWay ? computed - 1 : computed
  }

  /// Promises blocks for what the request has now, and notes that it is to be migrated; nil when it is.
  ///
  /// The network knows of it when the hook has ended.
  mutating func ask(toMigrate request: RequestRef, to target: InstanceID) -> ActionRefusal? {
    guard requests.isActive(request) else { return .notDecoding }
    let slot = request.slot
    if rows[slot].isMigrating { return .isMigrating }
    guard rows[slot].place == .decoding || rows[slot].place == .paused else { return .notDecoding }
    let source = rows[slot].instance
    let tokens = tokensThere(slot)
    // Its last token has come, and is worked off at this instant.
    guard tokens + 1 < Int(rows[slot].target) else { return .notDecoding }
    if source == target { return .isThere }
    guard isUp(target) else { return .notUp }
    let index = Int(target.index)
    guard instances[index].role.takesDecodes else { return .doesNotDecode }
    let (here, there) = (cluster.instances[Int(source.index)], cluster.instances[index])
    guard here.model.name == there.model.name, here.kvType == there.kvType else {
      return .otherModel
    }
    let prompt = Int(rows[slot].promptTokens)
    guard fit.canStay(on: index, prompt: prompt, output: Int(rows[slot].target) - prompt) else {
      return .neverFits
    }
    catchUp(index)
    let keys = keysOnArrival(slot, on: index)
    guard let cached = instances[index].promise(slot, tokens: tokens, keys: keys, rows) else {
      return .noRoom
    }
    instances[Int(source.index)].transfersOut += 1
    rows[slot].isMigrating = true
    migrations.active.append(
      Migration(slot: slot, source: source, target: target, sent: cached, sending: tokens))
    migrations.isAsked = true
    migrations.totals.begun += 1
    return nil
  }
}
