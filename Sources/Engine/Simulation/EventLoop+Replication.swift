/// Prefixes that travel from one prefix cache to another, as the policy wants.
///
/// Source: the replication of hot blocks in Mooncake, https://arxiv.org/abs/2407.00079, section 6.2.
extension EventLoop {
  /// What the hook that has just run asked for begins.
  mutating func beginReplications() {
    let state = self.state
    state.pointee.replications.isAsked = false
    for place in state.pointee.replications.active.indices
    where !state.pointee.replications.active[place].hasBegun {
      state.pointee.replications.active[place].hasBegun = true
      let copy = state.pointee.replications.active[place]
      let (source, target) = (Int(copy.source.index), Int(copy.target.index))
      // Plans may have counted on blocks that are gone.
      for index in [source, target] where !state.pointee.planHasItsBlocks(index) {
        interrupt(index, decides: false)
      }
      let bytes = Int64(copy.tokens) * state.pointee.bytesPerToken(from: source, to: target)
      count(bytes, of: copy)
      state.pointee.network.begin(
        tag: copy.tag, from: copy.source, to: copy.target, bytes: bytes,
        after: state.pointee.transferDelay(from: copy.source, to: copy.target), now: now)
    }
    scheduleNetwork()
  }

  private func count(_ bytes: Int64, of copy: Replication) {
    state.pointee.lanes[Int(copy.source.index)].totals.bytesSent += bytes
    state.pointee.lanes[Int(copy.target.index)].totals.bytesReceived += bytes
    state.pointee.replications.totals.bytes += bytes
  }

  /// The blocks are there, and can be found.
  mutating func replicationEnded(_ tag: Int32) {
    let state = self.state
    guard let place = state.pointee.replications.active.firstIndex(where: { $0.tag == tag }) else {
      return
    }
    var copy = state.pointee.replications.active.remove(at: place)
    state.pointee.replications.totals.finished += 1
    state.pointee.replications.totals.tokens += copy.tokens
    let target = Int(copy.target.index)
    state.pointee.catchUp(target)
    state.pointee.instances[target].receive(&copy.incoming, keys: copy.keys)
    letGo(&copy)
  }

  /// Those from or to an instance are of no use.
  mutating func abortReplications(with id: InstanceID) {
    abortReplications { $0.source == id || $0.target == id }
  }

  /// Those still under way when nothing else is left to happen: their links were cut, and nobody waits for them.
  mutating func abortReplicationsLeft() {
    abortReplications { _ in true }
  }

  private mutating func abortReplications(where isHit: (Replication) -> Bool) {
    let state = self.state
    let hit = state.pointee.replications.active.filter(isHit)
    state.pointee.replications.active.removeAll(where: isHit)
    for var copy in hit {
      state.pointee.replications.totals.aborted += 1
      count(-state.pointee.network.cancel(tag: copy.tag, now: now), of: copy)
      letGo(&copy)
    }
    if !hit.isEmpty { scheduleNetwork() }
  }

  /// Both sides give back what they held for a copy.
  private mutating func letGo(_ copy: inout Replication) {
    let state = self.state
    let (source, target) = (Int(copy.source.index), Int(copy.target.index))
    interrupt(source, decides: true)
    interrupt(target, decides: true)
    state.pointee.instances[source].pool.release(&copy.kept)
    state.pointee.instances[target].withdrawPromise(&copy.incoming)
    markReservations(source)
    markReservations(target)
    parkedMayMove = parkedMayMove || hasParked
  }
}
