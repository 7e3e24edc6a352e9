import Testing

@testable import Engine

@Suite struct EventQueueTests {
  /// Time, phase, id, generation: the order that the events' one number stands for.
  private struct Key: Comparable {
    var time: Int64
    var phase: EventPhase
    var id: Int32
    var generation: Int32
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
        queue.push(
          Event(
            time: SimTime(nanoseconds: key.time), phase: key.phase, id: key.id,
            generation: key.generation))
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
}
