/// A KV cache on its way between two instances.
struct Flow {
  /// Order of starting; ties at one instant go by it.
  var id: Int
  /// What the owner of the flow is known by.
  var tag: Int32
  var from: Int32
  var to: Int32
  /// Bytes left at `since`.
  var remaining: Double
  /// Bytes per nanosecond from `since` on; 0 before the first byte.
  var rate: Double
  var since: SimTime
  /// When the first byte leaves.
  var start: SimTime
  /// When the last byte arrives, if nothing changes.
  var end: SimTime
}

/// KV caches on their way over the links of a topology. Flows that share a link share it max-min fairly.
///
/// A flow that is alone takes `latency + ceil(bytes / bandwidth of its narrowest link)`. Rates change only when a flow starts or ends, and a
/// flow whose rate stays keeps the end that was predicted, so nothing drifts.
struct Network {
  private let topology: Topology
  /// Flows under way, in order of starting.
  private(set) var flows = Pile<Flow>()
  private var nextID = 0
  private var fairShare: FairShare
  /// Of flows that have started, and of all flows by place; kept for the next division.
  private var demands = Pile<FairShare.Demand>()
  private var hops = Pile<Int32>()
  private var rates = Pile<Double>()

  init(_ topology: Topology) {
    self.topology = topology
    fairShare = FairShare(capacities: topology.capacities)
  }

  func deallocate() {
    flows.deallocate()
    demands.deallocate()
    hops.deallocate()
    rates.deallocate()
    fairShare.deallocate()
  }

  func latency(from: Int32, to: Int32) -> SimDuration { topology.latency(from: from, to: to) }

  /// Bytes per nanosecond between two instances over idle links.
  func idleRate(from: Int32, to: Int32) -> Double {
    var path = Pile<Int32>()
    defer { path.deallocate() }
    topology.appendPath(from: from, to: to, to: &path)
    return fairShare.idleRate(path, FairShare.Demand(flow: 0, firstHop: 0, hops: path.count))
  }

  /// Time that `bytes` take over idle links.
  func idleTime(bytes: Int64, from: Int32, to: Int32) -> SimDuration {
    latency(from: from, to: to)
      + SimDuration(
        nanoseconds: Network.nanoseconds(Double(bytes), at: idleRate(from: from, to: to)))
  }

  /// Bytes still to be sent by flows that meet a link between `from` and `to`.
  func queuedBytes(from: Int32, to: Int32, now: SimTime) -> Double {
    var path = Pile<Int32>()
    var other = Pile<Int32>()
    defer {
      path.deallocate()
      other.deallocate()
    }
    topology.appendPath(from: from, to: to, to: &path)
    var sum = 0.0
    for flow in flows {
      other.removeAll()
      topology.appendPath(from: flow.from, to: flow.to, to: &other)
      guard other.contains(where: { path.contains($0) }) else { continue }
      let sent = flow.rate * Double(max(0, (now - max(flow.since, flow.start)).nanoseconds))
      sum += max(0, flow.remaining - sent)
    }
    return sum
  }

  /// Begins a transfer at `now`; its first byte leaves after the delay and the latency.
  mutating func begin(
    tag: Int32, from: InstanceID, to: InstanceID, bytes: Int64, after delay: SimDuration = .zero,
    now: SimTime
  ) {
    let start = now + delay + topology.latency(from: from.index, to: to.index)
    flows.append(
      Flow(
        id: nextID, tag: tag, from: from.index, to: to.index, remaining: Double(bytes), rate: 0,
        since: start, start: start, end: .never))
    nextID += 1
    if start == now { share(now) }
  }

  /// Time of the next change: a first byte, or a last one.
  var nextEvent: SimTime? {
    guard !flows.isEmpty else { return nil }
    var next = SimTime.never
    for flow in flows { next = min(next, flow.rate > 0 ? flow.end : flow.start) }
    return next
  }

  /// Moves on to `now`, which is not later than `nextEvent`. Adds the tags of flows that have ended, in order of start.
  mutating func advance(to now: SimTime, ended: inout Pile<Int32>) {
    var kept = 0
    for place in flows.indices {
      if flows[place].rate > 0, flows[place].end <= now {
        ended.append(flows[place].tag)
      } else {
        if kept < place { flows[kept] = flows[place] }
        kept += 1
      }
    }
    flows.removeLast(flows.count - kept)
    share(now)
  }

  /// Divides the links anew among flows that have started.
  private mutating func share(_ now: SimTime) {
    demands.removeAll()
    hops.removeAll()
    rates.removeAll()
    for (place, flow) in flows.enumerated() {
      rates.append(0)
      guard flow.start <= now else { continue }
      let first = hops.count
      topology.appendPath(from: flow.from, to: flow.to, to: &hops)
      demands.append(FairShare.Demand(flow: place, firstHop: first, hops: hops.count - first))
    }
    fairShare.divide(demands, over: hops, into: rates)
    for place in flows.indices where rates[place] != flows[place].rate {
      let flow = flows[place]
      let sent = flow.rate * Double((now - max(flow.since, flow.start)).nanoseconds)
      flows[place].remaining = max(0, flow.remaining - sent)
      flows[place].since = now
      flows[place].rate = rates[place]
      flows[place].end =
        now
        + SimDuration(nanoseconds: Network.nanoseconds(flows[place].remaining, at: rates[place]))
    }
  }

  /// Rounded up, so that nothing arrives early; saturates far beyond any run.
  private static func nanoseconds(_ bytes: Double, at rate: Double) -> Int64 {
    let time = (bytes / rate).rounded(.up)
    return time < 1e18 ? Int64(time) : 1_000_000_000_000_000_000
  }
}
