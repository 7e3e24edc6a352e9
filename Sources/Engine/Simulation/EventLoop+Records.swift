/// Records of a run that keeps none: each goes to the tally, and to the observer, once it and all before it have ended.
extension EventLoop {
  /// Gives a request that arrives its record.
  @inline(__always)
  mutating func openRecord(_ id: Int) {
    if state.pointee.tally == nil { return }
    if state.pointee.records.isFull { makeRoomForRecords() }
    assert(state.pointee.records.end == id)
    state.pointee.records.open()
  }

  /// So that records go by the hundred, a window that is more than half full of requests under way grows.
  private mutating func makeRoomForRecords() {
    let state = self.state
    let capacity = state.pointee.records.end - state.pointee.records.first
    letEndedRecordsGo()
    if state.pointee.records.end - state.pointee.records.first > capacity / 2 {
      state.pointee.records.grow()
    }
  }

  /// Ends with the run: nothing is left of the window.
  mutating func letRecordsGo() throws(SimulationError) {
    if state.pointee.tally == nil { return }
    letEndedRecordsGo()
    guard state.pointee.records.first == state.pointee.trace.count else {
      throw .brokenLaw("request \(state.pointee.records.first) has no record at the end of the run")
    }
  }

  private mutating func letEndedRecordsGo() {
    let state = self.state
    // Out of the state while it is written to: in place, each record would cost a copy of it.
    guard var tally = state.pointee.tally.take() else { return }
    while true {
      let ended = state.pointee.records.ended
      if ended.isEmpty { break }
      for place in ended.indices { tally.add(ended[place]) }
      if state.pointee.keepsPastEnds {
        for place in ended.indices { state.pointee.pastEnds.append(ended[place].end) }
      }
      if tellsRecords { observer.ended(ended, reasons: reasons) }
      state.pointee.records.close(ended.count)
    }
    state.pointee.tally = consume tally
  }
}

extension Scenario {
  /// Whether a run that need not keep its records does let them go.
  ///
  /// They are kept where their statistics take more than one look at each: for a part of the requests, by tenant or by class,
  /// and where nobody knows before when the last one arrives, as in sessions.
  public var canLetRecordsGo: Bool { spanOfArrivals != nil }

  /// What gathers the statistics of a run that keeps no records; nil for one that keeps them.
  var tally: RecordTally? {
    guard !options.keepRecords, let span = spanOfArrivals else { return nil }
    return RecordTally(
      expected: workload.requests.count, arrivals: span, targets: options.targets)
  }

  /// Moments of the first and of the last arrival; nil where records are kept in any case.
  private var spanOfArrivals: (first: SimTime, last: SimTime)? {
    guard !options.keepGaps, options.window.isEverything, workload.traits.isEmpty,
      let first = workload.requests.first?.arrival
    else { return nil }
    var last = first
    for request in workload.requests {
      guard !request.followsPrevious, request.arrival >= last else { return nil }
      last = request.arrival
    }
    return (first, last)
  }
}
