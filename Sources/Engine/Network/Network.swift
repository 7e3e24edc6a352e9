/// KV caches on their way over the links of a topology. Flows that share a link share it max-min fairly.
///
/// A flow that is alone takes `latency + ceil(bytes / bandwidth of its narrowest link)`. Rates change only when a flow starts or ends, and a
/// flow whose rate stays keeps the end that was predicted, so nothing drifts.
struct Network {
  let topology: Topology
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
      sum += max(0, flow.ready - sent) + Double(flow.held)
    }
    return sum
  }

  /// Begins a transfer at `now`; its first byte leaves after the delay and the latency.
  ///
  /// - Parameter held: how many of the bytes are not computed yet; they come with `compute`.
  mutating func begin(
    tag: Int32, from: InstanceID, to: InstanceID, bytes: Int64, held: Int64 = 0,
    after delay: SimDuration = .zero, now: SimTime
  ) {
    let start = now + delay + topology.latency(from: from.index, to: to.index)
    let isAlone = flows.isEmpty && held == 0
    flows.append(
      Flow(
        id: nextID, tag: tag, from: from.index, to: to.index, ready: Double(bytes - held),
        held: held, rate: 0, since: start, start: start, end: .never, wake: start))
    nextID += 1
    // The rate of a flow that is alone is foreseen, so that nobody need wake for its first byte. Another flow that starts
    // before it takes that back.
    if start == now || isAlone { share(start) }
  }

  /// The next `bytes` of a stream are computed from `start` to `end`, layer by layer.
  ///
  /// - Parameter rest: bytes of the stream from the beginning of those on.
  mutating func compute(
    tag: Int32, bytes: Int64, rest: Int64, from start: SimTime, to end: SimTime, layers: Int,
    now: SimTime
  ) {
    guard let place = flows.firstIndex(where: { $0.tag == tag }) else { return }
    let isIdle = flows[place].start <= now && flows[place].rate == 0
    let latency = topology.latency(from: flows[place].from, to: flows[place].to)
    flows[place].begin(
      Flow.Chunk(
        bytes: bytes, start: start + latency, duration: end - start,
        layers: Int64(max(1, layers))),
      rest: rest)
    guard isIdle else { return }
    flows[place].release(now)
    flows[place].wake = flows[place].nextLayer
    if flows[place].ready > 0 {
      flows[place].since = now
      share(now)
    }
  }

  /// Links carry what they were made for divided by `factor` from now on; infinity is nothing.
  mutating func slow(_ links: [Int32], by factor: Double, now: SimTime) {
    for link in links {
      fairShare.setCapacity(link, topology.capacities[Int(link)] / factor)
    }
    share(now)
  }

  /// Ends a transfer before its time. Returns the bytes that were not sent.
  mutating func cancel(tag: Int32, now: SimTime) -> Int64 {
    guard let place = flows.firstIndex(where: { $0.tag == tag }) else { return 0 }
    flows[place].settle(now)
    let left = flows[place].held + Int64(flows[place].ready.rounded(.up))
    for next in (place + 1)..<max(place + 1, flows.count) { flows[next - 1] = flows[next] }
    flows.removeLast(1)
    share(now)
    return left
  }

  /// Time of the next change: a first byte, a layer, or the last byte that is ready.
  var nextEvent: SimTime? {
    guard !flows.isEmpty else { return nil }
    var next = SimTime.never
    for flow in flows { next = min(next, flow.rate > 0 ? flow.end : flow.wake) }
    return next == .never ? nil : next
  }

  /// Moves on to `now`, which is not later than `nextEvent`. Adds the tags of flows that have ended, in order of start.
  mutating func advance(to now: SimTime, ended: inout Pile<Int32>) {
    var kept = 0
    for place in flows.indices {
      let hasSentAll = flows[place].rate > 0 && flows[place].end <= now
      if hasSentAll, flows[place].held == 0 {
        ended.append(flows[place].tag)
        continue
      }
      if kept < place { flows[kept] = flows[place] }
      if hasSentAll {
        flows[kept].ready = 0
        flows[kept].rate = 0
        flows[kept].since = now
      }
      if flows[kept].rate == 0, flows[kept].start <= now {
        flows[kept].release(now)
        flows[kept].since = max(flows[kept].since, now)
        flows[kept].wake = flows[kept].nextLayer
      }
      kept += 1
    }
    flows.removeLast(flows.count - kept)
    share(now)
  }

  /// Divides the links anew among flows that have something to send.
  private mutating func share(_ now: SimTime) {
    hops.removeAll()
    // Most transfers are alone, or nobody is left when one has ended.
    if flows.count <= 1 {
      if !flows.isEmpty { run(0, at: rateAlone(flows[0], now), now) }
      return
    }
    demands.removeAll()
    rates.removeAll()
    for (place, flow) in flows.enumerated() {
      rates.append(0)
      guard flow.wantsRate(now) else { continue }
      let first = hops.count
      topology.appendPath(from: flow.from, to: flow.to, to: &hops)
      demands.append(FairShare.Demand(flow: place, firstHop: first, hops: hops.count - first))
    }
    fairShare.divide(demands, over: hops, into: rates)
    for place in flows.indices { run(place, at: rates[place], now) }
  }

  private mutating func rateAlone(_ flow: Flow, _ now: SimTime) -> Double {
    guard flow.wantsRate(now) else { return 0 }
    topology.appendPath(from: flow.from, to: flow.to, to: &hops)
    return fairShare.idleRate(hops, FairShare.Demand(flow: 0, firstHop: 0, hops: hops.count))
  }

  /// The flow goes on at another rate from `now`; one that stays keeps its end.
  private mutating func run(_ place: Int, at rate: Double, _ now: SimTime) {
    if rate == flows[place].rate { return }
    if now < flows[place].start {
      // Its rate was foreseen, and may be another when it starts.
      flows[place].rate = 0
      return
    }
    flows[place].settle(now)
    flows[place].rate = rate
    if rate == 0 {
      // A link on its way carries nothing: only what is computed moves it on.
      flows[place].release(now)
      flows[place].wake = flows[place].nextLayer
    }
    flows[place].end =
      now + SimDuration(nanoseconds: Network.nanoseconds(flows[place].ready, at: rate))
  }

  /// Rounded up, so that nothing arrives early; saturates far beyond any run.
  private static func nanoseconds(_ bytes: Double, at rate: Double) -> Int64 {
    let time = (bytes / rate).rounded(.up)
    return time < 1e18 ? Int64(time) : 1_000_000_000_000_000_000
  }
}
