import Testing

@testable import Engine

@Suite struct EventQueueTests {
  /// Time, phase, id, generation: the order that the events' one number stands for.
  private struct Key: Comparable {
    var time: Int64
    var phase: EventPhase
    var id: Int32
    var generation: Int32
    var event: Event {
      Event(time: SimTime(nanoseconds: time), phase: phase, id: id, generation: generation)
    }
    static func < (a: Key, b: Key) -> Bool {
      (a.time, a.phase.rawValue, a.id, a.generation)
        < (b.time, b.phase.rawValue, b.id, b.generation)
    }
  }

  @Test(arguments: 0..<200)
  func eventsComeInTheirOrderHoweverTheyWerePushed(seed: Int) throws {
    var random = RandomStream(seed: UInt64(seed), name: "events")
    var queue = EventQueue()
    defer { queue.deallocate() }
    var waiting: [Key] = []
    // Few times and many ties; the extremes of each part among them.
    let times: [Int64] = [0, 1, 2, 1 << 40, .max - 1]
    let numbers: [Int32] = [0, 1, 2, 1 << 20, .max]
    for _ in 0..<300 {
      if random.next() % 3 > 0 {
        let key = Key(
          time: times[Int(random.next() % 5)],
          phase: [.arrival, .network, .iterationEnd][Int(random.next() % 3)],
          id: numbers[Int(random.next() % 5)], generation: numbers[Int(random.next() % 5)])
        waiting.append(key)
        queue.push(key.event)
      } else if let first = waiting.min(), let place = waiting.firstIndex(of: first) {
        waiting.remove(at: place)
        #expect(queue.nextTime == SimTime(nanoseconds: first.time))
        let popped = queue.pop(at: SimTime(nanoseconds: first.time))
        let event = try #require(popped)
        #expect(
          Key(
            time: event.time.nanoseconds, phase: event.phase, id: event.id,
            generation: event.generation) == first)
      }
    }
  }

  /// Plans that are cut: their events come earlier, or not at all. Those that had gone to the heap come as well, and are void.
  @Test(arguments: 0..<200)
  func eventsComeEarlierOrNotAtAll(seed: Int) {
    var random = RandomStream(seed: UInt64(seed), name: "cuts")
    var queue = EventQueue()
    defer { queue.deallocate() }
    let lanes = 1 + random.nextIndex(below: seed % 2 == 0 ? 10 : 100)
    var pending: [Key?] = Array(repeating: nil, count: lanes)
    var now: Int64 = 0
    for generation in 0..<400 as Range<Int32> {
      let lane = random.nextIndex(below: lanes)
      let key = Key(
        time: now + 1 + Int64(random.nextIndex(below: 1000)), phase: .iterationEnd,
        id: Int32(lane), generation: generation)
      switch (pending[lane], random.nextIndex(below: 3)) {
      case (nil, _):
        queue.push(key.event)
        pending[lane] = key
      case (let planned?, 0) where key < planned:
        queue.replace(planned.event, with: key.event)
        pending[lane] = key
      case (let planned?, 1):
        queue.remove(planned.event)
        pending[lane] = nil
      default: break
      }
      guard random.nextIndex(below: 2) == 0, let next = pending.compactMap({ $0 }).min() else {
        continue
      }
      pending[Int(next.id)] = nil
      now = next.time
      var hasCome = false
      while !hasCome, let time = queue.nextTime, let event = queue.pop(at: time) {
        #expect(!pending.contains { $0?.event == event }, "something came before its turn")
        hasCome = event == next.event
      }
      #expect(hasCome)
    }
  }
}
