import Testing

@testable import Engine

@Suite struct WorkloadOptionsTests {
  static let mixed = """
    {"input_toks":1,"output_toks":1,"arrival_time_ns":30}
    {"session_id":"s","arrival_time_ns":10,"sub_requests":[{"input_toks":2,"output_toks":1,"tool_duration_ns":4},{"input_toks":3,"output_toks":1}]}
    {"input_toks":4,"output_toks":1,"arrival_time_ns":10}
    {"input_toks":5,"output_toks":1,"arrival_time_ns":0}
    """

  @Test func sortingKeepsSessionsTogetherAndTiesInTheOrderOfTheFile() throws {
    var options = WorkloadLoadOptions()
    options.sortArrivals = true
    let workload = try TraceFixture.load(Self.mixed, options: options)
    #expect(workload.requests.map(\.promptTokens) == [5, 2, 3, 4, 1])
    #expect(workload.requests.map(\.followsPrevious) == [false, false, true, false, false])
    #expect(workload.arrivals == [0, 10, 10, 10, 30])
    #expect(workload.notes == ["requests sorted by arrival"])
  }

  @Test func sortingASortedTraceChangesAndSaysNothing() throws {
    var options = WorkloadLoadOptions()
    options.sortArrivals = true
    let text = WorkloadErrorTests.vidur + "0,1,1\n1,2,2\n"
    #expect(try TraceFixture.load(text, options: options).notes.isEmpty)
    #expect(try TraceFixture.load(text, options: options).lengths == [[1, 1], [2, 2]])
  }

  @Test func aSortedTraceStartsAtItsEarliestRow() throws {
    var options = WorkloadLoadOptions()
    options.sortArrivals = true
    let workload = try TraceFixture.load(
      WorkloadErrorTests.azure + "2023-11-16 18:17:05,1,1\n2023-11-16 18:17:03,2,2\n",
      options: options)
    #expect(workload.arrivals == [0, 2_000_000_000])
    #expect(workload.lengths == [[2, 2], [1, 1]])
  }

  @Test func theLimitCountsSessionsAsOne() throws {
    var options = WorkloadLoadOptions()
    options.sortArrivals = true
    options.limit = 2
    let workload = try TraceFixture.load(Self.mixed, options: options)
    #expect(workload.requests.map(\.promptTokens) == [2, 3, 1])
  }

  @Test func whatLiesBehindTheLimitIsNotRead() throws {
    var options = WorkloadLoadOptions()
    options.limit = 1
    let workload = try TraceFixture.load(
      WorkloadErrorTests.vidur + "0,1,1\nrubbish", options: options)
    #expect(workload.requests.count == 1)
  }

  @Test func speedUpDividesArrivalsAndLeavesToolTimes() throws {
    var options = WorkloadLoadOptions()
    options.sortArrivals = true
    options.speedup = 2
    let workload = try TraceFixture.load(Self.mixed, options: options)
    #expect(workload.arrivals == [0, 5, 5, 5, 15])
    #expect(workload.requests[2].toolDelay.nanoseconds == 4)
  }

  @Test func drawnArrivalsReplaceThoseOfTheTraceAndNeedNoOrder() throws {
    var options = WorkloadLoadOptions()
    options.arrivals = try ArrivalProcess(parsing: "0:1,2:10", gaps: .constant)
    let workload = try TraceFixture.load(Self.mixed, options: options)
    // One a second until second 2, then one every 0.1 s.
    #expect(workload.requests.map(\.promptTokens) == [1, 2, 3, 4, 5])
    #expect(
      workload.arrivals == [
        1_000_000_000, 2_000_000_000, 2_000_000_000, 2_100_000_000, 2_200_000_000,
      ])
  }

  @Test func aRateThatEndsIsTooFewForTheTrace() throws {
    var options = WorkloadLoadOptions()
    options.arrivals = try ArrivalProcess(parsing: "0:1,2:0", gaps: .constant)
    #expect(TraceFixture.error(Self.mixed, options: options) != nil)
  }
}
