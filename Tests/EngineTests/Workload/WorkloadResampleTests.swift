import Testing

@testable import Engine

@Suite struct WorkloadResampleTests {
  /// Requests of different lengths at growing gaps, with sessions of three calls in between.
  private static func workload(_ count: Int) -> Workload {
    var workload = Workload(source: "test", format: "test")
    var arrival = SimTime(nanoseconds: 5)
    for index in 0..<count {
      var request = WorkloadRequest(
        arrival: arrival, promptTokens: 100 + index, outputTokens: 1 + index % 7)
      if index % 5 == 0 { request.session = Int32(index) }
      workload.requests.append(request)
      if index % 5 == 0 {
        for turn in 1...2 {
          request.turn = Int32(turn)
          request.followsPrevious = true
          request.toolDelay = SimDuration(nanoseconds: Int64(turn))
          workload.requests.append(request)
        }
      }
      arrival = arrival + SimDuration(nanoseconds: Int64(10 + index * index))
    }
    return workload
  }

  private static func gaps(_ workload: Workload) -> [Int64] {
    let times = workload.requests.filter { !$0.followsPrevious }.map(\.arrival)
    return zip(times, times.dropFirst()).map { ($1 - $0).nanoseconds }
  }

  @Test func gapsAndRequestsAreThoseOfTheTrace() throws {
    for count in [1, 2, 3, 10, 61] {
      let trace = Self.workload(count)
      for seed in 0..<20 as Range<UInt64> {
        let (sample, origins) = try trace.resampled(seed: seed)
        #expect(origins.sorted() == (0..<Int32(trace.requests.count)).map { $0 })
        #expect(Self.gaps(sample).sorted() == Self.gaps(trace).sorted(), "seed \(seed)")
        #expect(sample.requests.first?.arrival == trace.requests[0].arrival)
        for (request, origin) in zip(sample.requests, origins) {
          var original = trace.requests[Int(origin)]
          original.arrival = request.arrival
          #expect(request == original)
        }
        // Calls of a session stay behind its first, in order.
        for (place, request) in sample.requests.enumerated() where request.followsPrevious {
          #expect(origins[place] == origins[place - 1] + 1)
        }
      }
    }
  }

  @Test func aSeedIsASample() throws {
    let trace = Self.workload(61)
    let first = try trace.resampled(seed: 1)
    #expect(try trace.resampled(seed: 1).workload.requests == first.workload.requests)
    #expect(try trace.resampled(seed: 2).origins != first.origins)
    // Blocks of four: most requests keep the neighbour that they had.
    let neighbours = zip(first.origins, first.origins.dropFirst()).count { $0 + 1 == $1 }
    #expect(neighbours > 61 / 2)
  }

  @Test func drawnArrivalsLeaveTheOrderAndScaleWithTheRate() throws {
    let trace = Self.workload(61)
    let slow = try trace.resampled(seed: 3, arrivals: ArrivalProcess(parsing: "2"))
    let fast = try trace.resampled(seed: 3, arrivals: ArrivalProcess(parsing: "4"))
    #expect(try trace.resampled(seed: 3).origins == slow.origins)
    for (a, b) in zip(slow.workload.requests, fast.workload.requests) {
      #expect(abs(a.arrival.nanoseconds - 2 * b.arrival.nanoseconds) <= 2)
    }
  }

  @Test func requestsAreDealtAgainUntilThereAreEnough() throws {
    var trace = Self.workload(20)
    let process = try ArrivalProcess(parsing: "2")
    #expect(throws: InputError.self) {
      try trace.resampled(seed: 0, arrivals: process, least: 100)
    }
    trace.requests.removeAll { $0.followsPrevious }
    let (sample, origins) = try trace.resampled(seed: 0, arrivals: process, least: 50)
    #expect(sample.requests.count == 50 && origins.count == 50)
    #expect(Set(origins[..<20]).count == 20 && Set(origins[20..<40]).count == 20)
    for (a, b) in zip(sample.requests, sample.requests.dropFirst()) {
      #expect(a.arrival <= b.arrival)
    }
  }
}
