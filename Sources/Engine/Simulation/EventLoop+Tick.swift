/// When the policy's `tick` is due.
struct Ticks {
  /// `.never` without the hook, and while ticking pauses.
  var next = SimTime.never
  var interval = SimDuration.zero
  /// Ticks in a row that found the whole cluster idle.
  var idle = 0

  /// After so many idle ticks, ticking pauses until the next event: what waits then is not waiting for a tick, and a run
  /// must end. guess: no controller needs ten thousand looks at an idle cluster.
  static let mostIdle = 10_000
}

/// Calls of `tick` at fixed intervals of simulated time, as long as requests are to come or are there.
extension EventLoop {
  mutating func startTicking() {
    guard hooks.contains(.tick), let interval = policy.tickInterval, interval > .zero else {
      return
    }
    ticks.interval = interval
    ticks.next = after(interval)
  }

  private func after(_ interval: SimDuration) -> SimTime {
    now.nanoseconds <= Int64.max - interval.nanoseconds ? now + interval : .never
  }

  /// When something happens next; nil when nothing will. Ticks and faults alone are nothing once all requests have ended.
  @inline(__always)
  var nextInstant: SimTime? {
    mutating get {
      if !faults.schedule.isEmpty || state.pointee.movesBlocks { dropVoidEvents() }
      let other = min(ticks.next, faults.schedule.next, state.pointee.scaling.nextStart)
      guard let event = events.nextTime else {
        let mayHelp = other != .never && state.pointee.requests.active > 0
        return mayHelp ? other : nil
      }
      return min(event, other)
    }
  }

  mutating func tick() throws(SimulationError) {
    // What ends right now has ended, whether it has an event of its own or stands in the middle of a plan.
    state.pointee.stage = max(state.pointee.stage, .outcomes)
    try asking { (policy: inout P, world) throws(PolicyError) in try policy.tick(world) }
    parkedMayMove = parkedMayMove || hasParked
    let isIdle =
      endedInstances.isEmpty && dirtyInstances.isEmpty && networkTime == .never
      && (0..<state.pointee.instanceCount).allSatisfy { state.pointee.lanes[$0].isIdle }
    ticks.idle = isIdle ? ticks.idle + 1 : 0
    ticks.next = ticks.idle < Ticks.mostIdle ? after(ticks.interval) : .never
  }

  /// Ticking that paused goes on with the first event.
  mutating func resumeTicking() {
    guard ticks.next == .never, ticks.interval > .zero else { return }
    ticks.idle = 0
    ticks.next = after(ticks.interval)
  }
}
