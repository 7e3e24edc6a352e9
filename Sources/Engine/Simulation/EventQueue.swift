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
  private var order: UInt128 {
    UInt128(UInt64(bitPattern: time.nanoseconds)) << 64 | UInt128(rank)
  }

  @inline(__always)
  static func < (a: Event, b: Event) -> Bool { a.order < b.order }
}

/// Pending events: a few for each instance, and the next arrival.
///
/// The next of them lie in order, the first at the end, so that taking it costs nothing, and adding one a few moves in one
/// cache line or two. Where there are more, those behind lie in a heap.
struct EventQueue {
  /// Most events in order. guess: what 8 instances need, and moves of all of them still cost less than the heap.
  private static let most = 32

  private var near = Pile<Event>(capacity: most + 1)
  /// None of these comes before any of `near`, and there are none while that is empty.
  private var far = PlainHeap<Event>()

  func deallocate() {
    near.deallocate()
    far.deallocate()
  }

  var nextTime: SimTime? { near.last?.time }

  var first: Event? { near.last }

  mutating func push(_ event: Event) {
    if let first = far.first, !(event < first) { return far.push(event) }
    var place = near.count
    near.append(event)
    while place > 0, near[place - 1] < event {
      near[place] = near[place - 1]
      place -= 1
    }
    near[place] = event
    if near.count > Self.most { moveAway() }
  }

  /// Has `old`, which is pending, come earlier, as `new`. Where it lies in the heap it stays, and must be void.
  mutating func replace(_ old: Event, with new: Event) {
    guard var place = near.firstIndex(of: old) else { return push(new) }
    while place + 1 < near.count, new < near[place + 1] {
      near[place] = near[place + 1]
      place += 1
    }
    near[place] = new
  }

  /// Takes an event off that will not come. Where it lies in the heap it stays, and must be void.
  mutating func remove(_ event: Event) {
    guard let place = near.firstIndex(of: event) else { return }
    near.remove(at: place)
    if near.isEmpty { fetch() }
  }

  /// The first event, if it is due at `time`.
  @inline(__always)
  mutating func pop(at time: SimTime) -> Event? {
    guard let first = near.last, first.time == time else { return nil }
    near.removeLast()
    if near.isEmpty { fetch() }
    return first
  }

  /// Moves the later half to the heap.
  private mutating func moveAway() {
    let moved = Self.most / 2
    for place in 0..<moved { far.push(near[place]) }
    for place in moved..<near.count { near[place - moved] = near[place] }
    near.removeLast(moved)
  }

  /// Has the next events of the heap in order.
  private mutating func fetch() {
    let fetched = min(far.count, Self.most / 2)
    guard fetched > 0 else { return }
    let places = near.extend(by: fetched)
    for place in places.indices.reversed() {
      if let event = far.pop() { places[place] = event }
    }
  }
}
