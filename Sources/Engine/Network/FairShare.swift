/// Max-min fairness by progressive filling: all flows grow together until a port is full, its flows stop, the others go on.
///
/// Keeps its tables from one division to the next, so that none allocates; they end with `deallocate`.
/// Source: Bertsekas and Gallager, *Data Networks*, 2nd edition, section 6.5.2.
struct FairShare {
  /// A flow that wants a rate: its place among the flows, and its port out and in.
  struct Demand {
    var flow: Int
    var from: Int
    var to: Int
  }

  /// What each port has left, and how many flows without a rate use it: ports out, then ports in. Between two
  /// divisions nobody uses any.
  private let left: UnsafeMutablePointer<Double>
  private let users: UnsafeMutablePointer<Int32>
  private let ports: Int
  /// Of every port, in bytes per nanosecond.
  private let capacity: Double
  private var open = Pile<Demand>()

  init(ports: Int, capacity: Double) {
    self.ports = ports
    self.capacity = capacity
    left = .allocate(capacity: 2 * ports)
    left.initialize(repeating: 0, count: 2 * ports)
    users = .allocate(capacity: 2 * ports)
    users.initialize(repeating: 0, count: 2 * ports)
  }

  func deallocate() {
    left.deallocate()
    users.deallocate()
    open.deallocate()
  }

  /// Gives each flow its rate by place; the others keep theirs.
  /// - Complexity: O(flows × full ports)
  mutating func divide(_ flows: Pile<Demand>, into rates: Pile<Double>) {
    if flows.count == 1 {
      rates[flows[0].flow] = capacity
      return
    }
    open.removeAll()
    for flow in flows {
      open.append(Demand(flow: flow.flow, from: flow.from, to: ports + flow.to))
      join(flow.from)
      join(ports + flow.to)
    }
    while !open.isEmpty {
      let (tightest, share) = tightestPort()
      var kept = 0
      for place in open.indices {
        let flow = open[place]
        if flow.from == tightest || flow.to == tightest {
          rates[flow.flow] = share
          use(flow.from, share)
          use(flow.to, share)
        } else {
          open[kept] = flow
          kept += 1
        }
      }
      open.removeLast(open.count - kept)
    }
  }

  /// The port that fills first, the lowest of equals, and what each of its flows gets.
  private func tightestPort() -> (port: Int, share: Double) {
    var tightest = Int.max
    var share = Double.infinity
    for flow in open {
      compare(flow.from, &tightest, &share)
      compare(flow.to, &tightest, &share)
    }
    return (tightest, share)
  }

  private func compare(_ port: Int, _ tightest: inout Int, _ share: inout Double) {
    let part = left[port] / Double(users[port])
    if part < share || (part == share && port < tightest) { (tightest, share) = (port, part) }
  }

  private func join(_ port: Int) {
    left[port] = capacity
    users[port] += 1
  }

  private func use(_ port: Int, _ share: Double) {
    left[port] = max(0, left[port] - share)
    users[port] -= 1
  }
}
