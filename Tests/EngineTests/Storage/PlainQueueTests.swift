import Testing

@testable import Engine

@Suite struct PlainQueueTests {
  /// Whatever is done to it, it holds what an array would.
  @Test(arguments: 0..<200)
  func holdsWhatAnArrayWould(seed: Int) {
    var random = RandomStream(seed: UInt64(seed), name: "queue")
    var queue = PlainQueue<Int32>(capacity: 1 << random.nextIndex(below: 4))
    defer { queue.deallocate() }
    var plain: [Int32] = []
    for turn in 0..<300 as Range<Int32> {
      switch random.nextIndex(below: 8) {
      case 0, 1, 2:
        queue.append(turn)
        plain.append(turn)
      case 3:
        queue.prepend(turn)
        plain.insert(turn, at: 0)
      case 4, 5:
        if plain.isEmpty { break }
        queue.removeFirst()
        plain.removeFirst()
      case 6:
        if plain.isEmpty { break }
        let place = random.nextIndex(below: plain.count)
        queue.remove(at: place)
        plain.remove(at: place)
      default:
        if random.nextIndex(below: 10) > 0 { break }
        queue.removeAll()
        plain.removeAll()
      }
      #expect(Array(queue) == plain)
      #expect(queue.count == plain.count)
      #expect(queue.first == plain.first)
    }
  }
}
