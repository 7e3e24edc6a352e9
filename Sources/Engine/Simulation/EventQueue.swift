/// What happens first among events of one instant, and why.
enum EventPhase: UInt8, Comparable {
  /// Requests come in first, so that the iteration formed at this instant can hold them.
  case arrival = 0
  /// Then what has travelled arrives, for the same reason.
  case network = 1
  /// Then iterations end. What follows from their ends is worked off once all of them are known.
  case iterationEnd = 2

  static func < (a: EventPhase, b: EventPhase) -> Bool { a.rawValue < b.rawValue }
}

/// Something that will happen. The order is total: time, phase, id, generation.
struct Event: Comparable, BitwiseCopyable {
  var time: SimTime
  /// Phase, id and generation in one number that sorts as they do.
  private var rank: UInt64
  /// Of an arrival: 0, or 1 + the slot of a request that was told to come back. Else: the plan that it belongs to; an event
  /// of an earlier plan is void.
  private(set) var generation: Int32

  /// - Parameter id: request, 0, or instance.
  init(time: SimTime, phase: EventPhase, id: Int32, generation: Int32) {
    self.time = time
    self.generation = generation
    rank = UInt64(phase.rawValue) << 32 | UInt64(UInt32(bitPattern: id))
  }

  var phase: EventPhase { EventPhase(rawValue: UInt8(truncatingIfNeeded: rank >> 32)) ?? .arrival }
  var id: Int32 { Int32(truncatingIfNeeded: rank) }

  @inline(__always)
  static func < (a: Event, b: Event) -> Bool {
    if a.time != b.time { return a.time < b.time }
    return a.rank != b.rank ? a.rank < b.rank : a.generation < b.generation
  }
}

/// Pending events: a few for each instance, and the next arrival.
///
/// A heap with four children a node, in plain memory: events are few, so most of a min-max heap's work is not needed.
struct EventQueue {
  private var events = Pile<Event>(capacity: 64)

  func deallocate() { events.deallocate() }

  var nextTime: SimTime? { events.count > 0 ? events[0].time : nil }

  var first: Event? { events.count > 0 ? events[0] : nil }

  mutating func push(_ event: Event) {
    var place = events.count
    events.append(event)
    while place > 0 {
      let parent = (place - 1) >> 2
      guard event < events[parent] else { break }
      events[place] = events[parent]
      place = parent
    }
    events[place] = event
  }

  /// The first event, if it is due at `time`.
  mutating func pop(at time: SimTime) -> Event? {
    guard events.count > 0, events[0].time == time else { return nil }
    let first = events[0]
    let last = events[events.count - 1]
    events.removeLast()
    if events.count > 0 { sink(last) }
    return first
  }

  /// Puts an event into the place of the first.
  private mutating func sink(_ event: Event) {
    let count = events.count
    var place = 0
    while true {
      let child = 4 * place + 1
      guard child < count else { break }
      var least = child
      for other in (child + 1)..<max(child + 1, min(child + 4, count))
      where events[other] < events[least] {
        least = other
      }
      guard events[least] < event else { break }
      events[place] = events[least]
      place = least
    }
    events[place] = event
  }
}
