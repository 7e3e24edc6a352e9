import Testing

@testable import Engine

/// A list of requests says what an array of them would say, whether it holds their details or not.
@Suite struct RequestListTests {
  @Test(arguments: 0..<200)
  func isAnArray(seed: Int) {
    var random = RandomStream(seed: UInt64(seed), name: "request list")
    var list = RequestList()
    var array: [WorkloadRequest] = []
    // Details come late, early, or never.
    let share = [0, 0.02, 0.5][seed % 3]
    func request() -> WorkloadRequest {
      var request = WorkloadRequest(
        arrival: SimTime(nanoseconds: Int64(random.nextIndex(below: 1000))),
        promptTokens: 1 + random.nextIndex(below: 99), outputTokens: 1 + random.nextIndex(below: 9))
      if random.nextUnit() < share {
        request.session = Int32(random.nextIndex(below: 5))
        request.turn = 1
        request.followsPrevious = random.nextIndex(below: 2) == 0
        request.toolDelay = SimDuration(nanoseconds: 7)
      }
      return request
    }
    for _ in 0..<100 {
      switch random.nextIndex(below: 8) {
      case 0 where !array.isEmpty:
        let place = random.nextIndex(below: array.count)
        array[place] = request()
        list[place] = array[place]
      case 1 where !array.isEmpty:
        let place = random.nextIndex(below: array.count)
        array[place].arrival = .zero
        list[place].arrival = .zero
      case 2 where array.count > 2:
        let start = random.nextIndex(below: array.count)
        let end = min(array.count, start + random.nextIndex(below: 3))
        let others = (0..<random.nextIndex(below: 3)).map { _ in request() }
        array.replaceSubrange(start..<end, with: others)
        list.replaceSubrange(start..<end, with: others)
      case 3:
        array.removeAll { $0.outputTokens == 3 }
        list.removeAll { $0.outputTokens == 3 }
      default:
        array.append(request())
        list.append(array[array.count - 1])
      }
    }
    #expect(Array(list) == array)
    #expect(RequestList(array) == list)
    let borrowed = list.borrow()
    #expect(borrowed.indices.map { borrowed[$0] } == array)
    withExtendedLifetime(list) {}
  }

  @Test func differsByDetailsAlone() {
    let plain: RequestList = [WorkloadRequest(arrival: .zero, promptTokens: 1, outputTokens: 1)]
    var other = plain
    other[0].turn = 1
    #expect(other != plain)
    other[0].turn = 0
    #expect(other == plain)
  }
}
