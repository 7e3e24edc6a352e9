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
  /// Phase, id and generation in one number that sorts as they do: 2, 31 and 31 bits.
  private var rank: UInt64

  /// - Parameter id: request, 0, or instance; not negative.
  /// - Parameter generation: not negative.
  init(time: SimTime, phase: EventPhase, id: Int32, generation: Int32) {
    self.time = time
    rank =
      UInt64(phase.rawValue) << 62 | UInt64(UInt32(bitPattern: id)) << 31
      | UInt64(UInt32(bitPattern: generation & .max))
  }

  var phase: EventPhase { EventPhase(rawValue: UInt8(truncatingIfNeeded: rank >> 62)) ?? .arrival }
  var id: Int32 { Int32(truncatingIfNeeded: rank >> 31) & .max }
  /// Of an arrival: 0, or 1 + the slot of a request that was told to come back. Else: the plan that it belongs to; an event
  /// of an earlier plan is void.
  var generation: Int32 { Int32(truncatingIfNeeded: rank) & .max }

  /// One number for the whole order, so that a comparison is two subtractions and no branch. Times are not negative.
  @inline(__always)
  fileprivate var order: UInt128 {
    UInt128(UInt64(bitPattern: time.nanoseconds)) << 64 | UInt128(rank)
  }

  @inline(__always)
  static func < (a: Event, b: Event) -> Bool { a.order < b.order }
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
    let order = event.order
    var place = 0
    while true {
      var child = 4 * place + 1
      guard child < count else { break }
      let end = min(child + 4, count)
      var (least, lowest) = (child, events[child].order)
      child += 1
      // Selected, not branched on: which child comes first is anyone's guess.
      while child < end {
        let other = events[child].order
        let isLower = other < lowest
        least = isLower ? child : least
        lowest = isLower ? other : lowest
        child += 1
      }
      guard lowest < order else { break }
      events[place] = events[least]
      place = least
    }
    events[place] = event
  }
}
