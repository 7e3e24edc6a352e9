/// Max-min fairness by progressive filling: all flows grow together until a port is full, its flows stop, the others go on.
///
/// Source: Bertsekas and Gallager, *Data Networks*, 2nd edition, section 6.5.2.
enum FairShare {
  /// - Parameter flows: places in `rates`, with a port out and a port in for each.
  /// - Parameter capacity: of every port, in bytes per nanosecond.
  /// - Complexity: O(flows × full ports)
  static func divide(
    _ flows: [(flow: Int, from: Int, to: Int)], ports: Int, capacity: Double,
    into rates: inout [Double]
  ) {
    // Ports out are 0 ..< ports, ports in follow.
    var left = [Double](repeating: capacity, count: 2 * ports)
    var users = [Int](repeating: 0, count: 2 * ports)
    for flow in flows {
      users[flow.from] += 1
      users[ports + flow.to] += 1
    }
    var open = flows
    while !open.isEmpty {
      // The port that fills first, the lowest of equals.
      var tightest = -1
      var share = Double.infinity
      for port in users.indices where users[port] > 0 {
        let part = left[port] / Double(users[port])
        if part < share { (tightest, share) = (port, part) }
      }
      var others: [(flow: Int, from: Int, to: Int)] = []
      for flow in open {
        guard flow.from == tightest || ports + flow.to == tightest else {
          others.append(flow)
          continue
        }
        rates[flow.flow] = share
        for port in [flow.from, ports + flow.to] {
          left[port] = max(0, left[port] - share)
          users[port] -= 1
        }
      }
      open = others
    }
  }
}
