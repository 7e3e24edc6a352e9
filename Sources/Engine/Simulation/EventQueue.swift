import HeapModule

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
struct Event: Comparable {
  var time: SimTime
  var phase: EventPhase
  /// Request, 0, or instance.
  var id: Int32
  /// Of an arrival: 0, or 1 + the slot of a request that was told to come back. Else: the plan that it belongs to; an event
  /// of an earlier plan is void.
  var generation: Int32

  static func < (a: Event, b: Event) -> Bool {
    if a.time != b.time { return a.time < b.time }
    if a.phase != b.phase { return a.phase < b.phase }
    return a.id != b.id ? a.id < b.id : a.generation < b.generation
  }
}

/// Pending events: a few for each instance, and the next arrival.
struct EventQueue {
  private var heap = Heap<Event>()

  var nextTime: SimTime? { heap.min?.time }

  mutating func push(_ event: Event) { heap.insert(event) }

  /// The first event, if it is due at `time`.
  mutating func pop(at time: SimTime) -> Event? {
    guard let first = heap.min, first.time == time else { return nil }
    return heap.removeMin()
  }
}
