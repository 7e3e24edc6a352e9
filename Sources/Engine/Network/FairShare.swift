/// Max-min fairness by progressive filling: all flows grow together until a link is full, its flows stop, the others go on.
///
/// Keeps its tables from one division to the next, so that none allocates; they end with `deallocate`.
/// Source: Bertsekas and Gallager, *Data Networks*, 2nd edition, section 6.5.2.
struct FairShare {
  /// A flow that wants a rate: its place among the flows, and its links among the hops.
  struct Demand {
    var flow: Int
    var firstHop: Int
    var hops: Int
  }

  /// Of each link, in bytes per nanosecond; then what it has left, and how many flows without a rate use it. Between two
  /// divisions nobody uses any.
  private let capacity: UnsafeMutablePointer<Double>
  private let left: UnsafeMutablePointer<Double>
  private let users: UnsafeMutablePointer<Int32>
  private var open = Pile<Demand>()

  init(capacities: [Double]) {
    let links = capacities.count
    capacity = .allocate(capacity: links)
    for (link, rate) in capacities.enumerated() { (capacity + link).initialize(to: rate) }
    left = .allocate(capacity: links)
    left.initialize(repeating: 0, count: links)
    users = .allocate(capacity: links)
    users.initialize(repeating: 0, count: links)
  }

  /// From the next division on. 0 is a link that carries nothing.
  func setCapacity(_ link: Int32, _ rate: Double) { capacity[Int(link)] = rate }

  func deallocate() {
    capacity.deallocate()
    left.deallocate()
    users.deallocate()
    open.deallocate()
  }

  /// Gives each flow its rate by place; the others keep theirs.
  /// - Parameter hops: links of all flows, one flow's behind the other's.
  /// - Complexity: O(hops × full links)
  mutating func divide(
    _ flows: Pile<Demand>, over hops: Pile<Int32>, into rates: Pile<Double>
  ) {
    if flows.count == 1 {
      rates[flows[0].flow] = idleRate(hops, flows[0])
      return
    }
    open.removeAll()
    for flow in flows {
      open.append(flow)
      for hop in flow.firstHop..<flow.firstHop + flow.hops {
        let link = Int(hops[hop])
        left[link] = capacity[link]
        users[link] += 1
      }
    }
    while !open.isEmpty {
      let (tightest, share) = tightestLink(hops)
      var kept = 0
      for place in open.indices {
        let flow = open[place]
        if uses(tightest, flow, hops) {
          rates[flow.flow] = share
          for hop in flow.firstHop..<flow.firstHop + flow.hops { use(Int(hops[hop]), share) }
        } else {
          open[kept] = flow
          kept += 1
        }
      }
      open.removeLast(open.count - kept)
    }
  }

  /// What a flow gets that is alone.
  func idleRate(_ hops: Pile<Int32>, _ flow: Demand) -> Double {
    var rate = Double.infinity
    for hop in flow.firstHop..<flow.firstHop + flow.hops {
      rate = min(rate, capacity[Int(hops[hop])])
    }
    return rate
  }

  private func uses(_ link: Int, _ flow: Demand, _ hops: Pile<Int32>) -> Bool {
    for hop in flow.firstHop..<flow.firstHop + flow.hops where Int(hops[hop]) == link {
      return true
    }
    return false
  }

  /// The link that fills first, the lowest of equals, and what each of its flows gets.
  private func tightestLink(_ hops: Pile<Int32>) -> (link: Int, share: Double) {
    var tightest = Int.max
    var share = Double.infinity
    for flow in open {
      for hop in flow.firstHop..<flow.firstHop + flow.hops {
        let link = Int(hops[hop])
        let part = left[link] / Double(users[link])
        if part < share || (part == share && link < tightest) { (tightest, share) = (link, part) }
      }
    }
    return (tightest, share)
  }

  private func use(_ link: Int, _ share: Double) {
    left[link] = max(0, left[link] - share)
    users[link] -= 1
  }
}
