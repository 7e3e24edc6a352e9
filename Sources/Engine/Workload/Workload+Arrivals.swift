/// Changes of the arrival times of a whole workload. Later calls of a session stay behind its
/// first.
extension Workload {
  /// Orders requests and sessions by arrival; those at the same instant keep their order.
  mutating func sortByArrival() {
    let heads = requests.indices.filter { !requests[$0].followsPrevious }
    let isSorted = zip(heads, heads.dropFirst()).allSatisfy {
      requests[$0].arrival <= requests[$1].arrival
    }
    if isSorted { return }
    let order = heads.sorted {
      (requests[$0].arrival, $0) < (requests[$1].arrival, $1)
    }
    var sorted = RequestList()
    sorted.reserveCapacity(requests.count)
    for head in order {
      sorted.append(requests[head])
      var next = head + 1
      while next < requests.count, requests[next].followsPrevious {
        sorted.append(requests[next])
        next += 1
      }
    }
    requests = sorted
    notes.append("requests sorted by arrival")
  }

  /// Moves all arrivals so that the first is at 0.
  mutating func startAtZero(file: String) throws(InputError) {
    guard let first = requests.map(\.arrival).min(), first != .zero else { return }
    for index in requests.indices {
      let wait = requests[index].arrival - first
      guard wait.nanoseconds <= WorkloadBuilder.maxTime else {
        throw InputError(
          file: file, problem: "its arrivals span more than 100 years",
          expected: "a span within 100 years")
      }
      requests[index].arrival = .zero + wait
    }
    notes.append("arrivals count from the first row")
  }

  /// Replaces all arrivals by draws from a process; sessions arrive as one.
  mutating func replaceArrivals(_ process: ArrivalProcess, seed: UInt64, file: String)
    throws(InputError)
  {
    var times = ArrivalTimes(process, seed: seed)
    var arrival = SimTime.zero
    for index in requests.indices {
      if !requests[index].followsPrevious {
        guard let next = times.next() else {
          throw InputError(
            file: file, problem: "has more requests than the arrival rate yields in 100 years",
            suggestion: "raise the last rate")
        }
        arrival = next
      }
      requests[index].arrival = arrival
    }
    notes.append("arrivals replaced: \(process)")
  }

  /// Divides all arrival times by `factor`; waits between calls of a session stay.
  mutating func speedUp(by factor: Double, file: String) throws(InputError) {
    for index in requests.indices {
      let time = (Double(requests[index].arrival.nanoseconds) / factor).rounded()
      guard let time = Int64(exactly: time), (0...WorkloadBuilder.maxTime).contains(time) else {
        throw InputError(
          file: file, problem: "a speed-up of \(factor) puts arrivals beyond 100 years",
          expected: "a larger factor")
      }
      requests[index].arrival = SimTime(nanoseconds: time)
    }
    notes.append("arrival times divided by \(factor)")
  }
}
