import HeapModule

/// Requests whose arrival is known and that have not been routed.
struct PendingArrivals {
  private struct Arrival: Comparable {
    var time: SimTime
    var request: Int
    static func < (a: Self, b: Self) -> Bool { (a.time, a.request) < (b.time, b.request) }
  }
  private var heap: Heap<Arrival> = []

  /// All requests of a workload but later calls of sessions.
  init(_ workload: Workload) {
    for (id, request) in workload.requests.enumerated() where !request.followsPrevious {
      heap.insert(Arrival(time: request.arrival, request: id))
    }
  }

  var first: SimTime? { heap.min?.time }

  mutating func insert(_ request: Int, at time: SimTime) {
    heap.insert(Arrival(time: time, request: request))
  }

  /// Takes the next request that has arrived at `now`; the lower id first among several.
  mutating func next(upTo now: SimTime) -> Int? {
    guard let arrival = heap.min, arrival.time <= now else { return nil }
    return heap.removeMin().request
  }
}
