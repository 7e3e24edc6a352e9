/// What observers that watch single iterations are told. Nothing here changes the run.
extension EventLoop {
  /// An iteration has ended, and what it brought has not been worked off.
  mutating func reportIteration(_ index: Int) {
    let instance = state.pointee.instances + index
    var event = IterationEvent()
    event.instance = InstanceID(index)
    event.end = now
    event.start = SimTime(
      nanoseconds: now.nanoseconds - state.pointee.lanes[index].lastStep.nanoseconds)
    for chunk in instance.pointee.step.chunks { event.prefillTokens += chunk.tokens }
    event.prefills = instance.pointee.step.chunks.count
    event.decodes = instance.pointee.batch.count
    event.kvReserved = instance.pointee.reservedBlocks
    event.kvUsed = instance.pointee.pool.held - event.kvReserved
    event.running = instance.pointee.running.count
    event.waiting = instance.pointee.waitingCount
    observer.iterationEnded(event)
  }

  /// Requests have lost their blocks in the iteration that is being formed.
  mutating func reportPreemptions(_ index: Int) {
    for slot in state.pointee.instances[index].step.preempted {
      observer.preempted(state.pointee.rows[slot].id, on: InstanceID(index), at: now)
    }
  }
}
