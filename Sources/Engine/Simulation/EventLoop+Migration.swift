/// Decoding requests that move to other instances with their KV cache, as the policy wants.
///
/// Source: Llumnix, OSDI 2024, https://www.usenix.org/conference/osdi24/presentation/sun-biao, section 4.2: stages that
/// overlap with decoding, blocks promised stage by stage, a last stage without decoding, and a way back at any point.
extension EventLoop {
  /// What the hook that has just run asked for begins.
  mutating func beginMigrations() {
    let state = self.state
    state.pointee.migrations.isAsked = false
    for place in state.pointee.migrations.active.indices
    where state.pointee.migrations.active[place].stage == .asked {
      let target = Int(state.pointee.migrations.active[place].target.index)
      // The plan may have counted on blocks that are gone.
      if !state.pointee.planHasItsBlocks(target) { interrupt(target, decides: false) }
    }
    let asked = state.pointee.migrations.active.filter { $0.stage == .asked }
    for migration in asked {
      guard let place = state.pointee.migrations.place(of: migration.slot) else { continue }
      goOn(place)
    }
  }

  /// Sends what is promised, or lets the request go.
  private mutating func goOn(_ place: Int) {
    let migration = state.pointee.migrations.active[place]
    if isNearlyThere(place) {
      letGo(place)
    } else if migration.stages + 1 < state.pointee.cluster.migration.maxStages {
      beginStage(place, .copying)
    } else {
      abortMigration(of: migration.slot, .tooManyStages)
    }
  }

  /// Is so little left to send that decoding can stop for it?
  private func isNearlyThere(_ place: Int) -> Bool {
    let migration = state.pointee.migrations.active[place]
    let limits = state.pointee.instances[Int(migration.source.index)].limits
    let most = state.pointee.cluster.migration.lastStageBlocks * limits.blockSize
    return migration.sending - migration.sent <= most
  }

  /// The iteration under way is the request's last one where it is; one that ends right now is, unless that has been worked
  /// off.
  private mutating func letGo(_ place: Int) {
    let state = self.state
    let isBefore = state.pointee.stage == .before
    state.pointee.migrations.active[place].stage = .leaving
    state.pointee.migrations.active[place].leavesAfter =
      isBefore ? SimTime(nanoseconds: now.nanoseconds - 1) : now
    state.pointee.migrations.hasLeavers = true
    // In the middle of a plan that end has no event of its own yet.
    let source = Int(state.pointee.migrations.active[place].source.index)
    if isBefore { interrupt(source, decides: true) }
  }

  /// Sends the tokens from `sent` to `sending`: a question for their blocks and its answer first, and before the first
  /// stage the connection.
  private mutating func beginStage(_ place: Int, _ stage: Migration.Stage) {
    let state = self.state
    state.pointee.migrations.active[place].stage = stage
    state.pointee.migrations.active[place].stages += 1
    state.pointee.migrations.totals.stages += 1
    let migration = state.pointee.migrations.active[place]
    let (source, target) = (Int(migration.source.index), Int(migration.target.index))
    let bytes =
      Int64(migration.sending - migration.sent)
      * state.pointee.bytesPerToken(from: source, to: target)
    count(bytes, of: migration)
    let latency = state.pointee.network.latency(from: Int32(source), to: Int32(target))
    let handshake = migration.stages == 1 ? state.pointee.cluster.kvTransfer.handshake : .zero
    state.pointee.network.begin(
      tag: migration.slot, from: migration.source, to: migration.target, bytes: bytes,
      after: handshake + latency + latency, now: now)
    scheduleNetwork()
  }

  private func count(_ bytes: Int64, of migration: Migration) {
    state.pointee.lanes[Int(migration.source.index)].totals.bytesSent += bytes
    state.pointee.lanes[Int(migration.target.index)].totals.bytesReceived += bytes
    state.pointee.migrations.totals.bytes += bytes
  }

  /// A part of the request's KV cache has arrived.
  mutating func stageEnded(_ slot: Int32) throws(SimulationError) {
    let state = self.state
    guard let place = state.pointee.migrations.place(of: slot) else { return }
    if state.pointee.migrations.active[place].stage == .last { return try complete(place) }
    state.pointee.migrations.active[place].sent = state.pointee.migrations.active[place].sending
    let tokens = state.pointee.tokensThere(slot)
    state.pointee.migrations.active[place].sending = tokens
    guard isNearlyThere(place) || promise(tokens, room: tokens, to: place) else {
      return abortMigration(of: slot, .noRoom)
    }
    goOn(place)
  }

  /// Blocks at the destination for so many tokens of the request, and free ones for `room`.
  private mutating func promise(_ tokens: Int, room: Int, to place: Int) -> Bool {
    let state = self.state
    let migration = state.pointee.migrations.active[place]
    let target = Int(migration.target.index)
    state.pointee.catchUp(target)
    guard
      state.pointee.instances[target].extendPromise(
        migration.slot, toTokens: tokens, room: room, rows)
    else { return false }
    if !state.pointee.planHasItsBlocks(target) { interrupt(target, decides: false) }
    return true
  }

  // MARK: Leaving

  /// When all iterations of an instant have begun: who was preempted does not go, and who is to leave does so after the
  /// iteration under way, or at once where there is none.
  mutating func settleMigrations() {
    let state = self.state
    let broken = state.pointee.migrations.broken
    state.pointee.migrations.broken.removeAll()
    for slot in broken { abortMigration(of: slot, .preempted) }
    guard state.pointee.migrations.hasLeavers else { return }
    state.pointee.migrations.hasLeavers = false
    let leavers = state.pointee.migrations.active.filter { $0.stage == .leaving }
    for leaver in leavers {
      let source = Int(leaver.source.index)
      interrupt(source, decides: true)
      if !state.pointee.lanes[source].isUnderWay { depart(leaver.slot) }
    }
  }

  /// An iteration has ended: requests that were to leave after it do.
  mutating func departLeavers(of index: Int) {
    let leavers = state.pointee.migrations.active.filter {
      $0.stage == .leaving && Int($0.source.index) == index && $0.leavesAfter < now
    }
    for leaver in leavers where rows[leaver.slot].reached < rows[leaver.slot].target {
      depart(leaver.slot)
    }
  }

  /// The request stops, if there is room where it goes, and the rest of its KV cache follows.
  private mutating func depart(_ slot: Int32) {
    let state = self.state
    let rows = state.pointee.rows
    guard let place = state.pointee.migrations.place(of: slot) else { return }
    let source = Int(rows[slot].instance.index)
    let tokens = state.pointee.tokensThere(slot)
    let room = min(tokens + 1, Int(rows[slot].target) - 1)
    guard promise(tokens, room: room, to: place) else { return abortMigration(of: slot, .noRoom) }
    state.pointee.instances[source].withdraw(slot, rows)
    state.pointee.instances[source].giveUpPlace()
    state.pointee.instances[source].needsDecision = true
    rows[slot].place = .migrating
    state.pointee.migrations.active[place].sending = tokens
    state.pointee.migrations.active[place].stopped = now
    beginStage(place, .last)
    markReservations(source)
    parkedMayMove = parkedMayMove || hasParked
  }

  /// All of the request's KV cache is where it goes on.
  private mutating func complete(_ place: Int) throws(SimulationError) {
    let state = self.state
    let rows = state.pointee.rows
    let migration = state.pointee.migrations.active.remove(at: place)
    let slot = migration.slot
    let (source, target) = (Int(migration.source.index), Int(migration.target.index))
    interrupt(source, decides: true)
    interrupt(target, decides: true)
    state.pointee.migrations.totals.downtimes.append((now - migration.stopped).nanoseconds)
    rows[slot].isMigrating = false
    rows[slot].queuedAt = now
    let id = Int(rows[slot].id.index)
    state.pointee.records[id].migrations += 1
    state.pointee.records[id].decodeInstance = migration.target
    state.pointee.instances[source].pool.release(&rows[slot].held)
    state.pointee.instances[source].inflight -= 1
    state.pointee.instances[source].transfersOut -= 1
    state.pointee.adoptKeys(slot, on: target)
    state.pointee.instances[target].receive(slot, rows)
    markReservations(source)
    parkedMayMove = parkedMayMove || hasParked
    try tell(.transfer, of: slot)
  }

  // MARK: Giving up

  /// A request that is being migrated was preempted.
  mutating func breakMigration(_ slot: Int32) {
    if rows[slot].isMigrating { state.pointee.migrations.broken.append(slot) }
  }

  /// Those from or to an instance that dies, or of which only what is on its way is lost.
  mutating func abortMigrations(with id: InstanceID, onlyBytes: Bool) {
    let hit = state.pointee.migrations.active.filter {
      ($0.source == id || $0.target == id)
        && !(onlyBytes && ($0.stage == .leaving || $0.stage == .asked))
    }
    for migration in hit { abortMigration(of: migration.slot, .fault) }
  }

  /// The request stays where it is. What it was promised is free again, and what is on its way is of no use.
  mutating func abortMigration(of slot: Int32, _ reason: MigrationAbort) {
    let state = self.state
    let rows = state.pointee.rows
    guard let place = state.pointee.migrations.place(of: slot) else { return }
    let migration = state.pointee.migrations.active.remove(at: place)
    let (source, target) = (Int(migration.source.index), Int(migration.target.index))
    rows[slot].isMigrating = false
    state.pointee.migrations.totals.giveUp(reason)
    interrupt(target, decides: true)
    if migration.stage == .copying || migration.stage == .last {
      count(-state.pointee.network.cancel(tag: slot, now: now), of: migration)
      scheduleNetwork()
    }
    state.pointee.instances[source].transfersOut -= 1
    state.pointee.instances[target].withdrawPromise(slot, rows)
    state.pointee.instances[target].inflight -= 1
    markReservations(target)
    parkedMayMove = parkedMayMove || hasParked
    guard rows[slot].place == .migrating else { return }
    interrupt(source, decides: true)
    rows[slot].queuedAt = now
    state.pointee.instances[source].makeReady(slot, rows)
  }
}
