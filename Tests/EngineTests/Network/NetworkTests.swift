import Testing

@testable import Engine

/// Transfers by hand, on links of one byte a nanosecond and 100 ns of latency.
@Suite struct NetworkTests {
  static let link = LinkSpec(
    bandwidth: 1e9 / 1_073_741_824, latency: SimDuration(nanoseconds: 100))

  /// Begins each transfer at its time and returns when each of them ends.
  private func run(_ transfers: [(at: Int64, from: Int, to: Int, bytes: Int64)], instances: Int = 4)
    -> [Int64]
  {
    run(Topology(link: Self.link, instances: instances), transfers)
  }

  private func run(
    _ topology: Topology, _ transfers: [(at: Int64, from: Int, to: Int, bytes: Int64)]
  ) -> [Int64] {
    var network = Network(topology)
    defer { network.deallocate() }
    var ends = [Int64](repeating: -1, count: transfers.count)
    var next = 0
    while true {
      let start = next < transfers.count ? SimTime(nanoseconds: transfers[next].at) : .never
      let event = network.nextEvent ?? .never
      let now = min(start, event)
      guard now != .never else { return ends }
      if event == now {
        var ended = Pile<Int32>()
        defer { ended.deallocate() }
        network.advance(to: now, ended: &ended)
        for tag in ended { ends[Int(tag)] = now.nanoseconds }
      }
      if start == now {
        network.begin(
          tag: Int32(next), from: InstanceID(transfers[next].from),
          to: InstanceID(transfers[next].to), bytes: transfers[next].bytes, now: now)
        next += 1
      }
    }
  }

  @Test func aloneATransferTakesLatencyAndItsBytes() {
    #expect(run([(at: 50, from: 0, to: 1, bytes: 1000)]) == [1150])
  }

  @Test func twoOnOneLinkGetHalfEach() {
    // Both at half the rate: 2,000 ns for 1,000 bytes each.
    #expect(
      run([(at: 0, from: 0, to: 1, bytes: 1000), (at: 0, from: 0, to: 1, bytes: 1000)])
        == [2100, 2100])
    // The shorter one takes 1,000 ns for 500 bytes; then 500 bytes of the other are left, at full rate.
    #expect(
      run([(at: 0, from: 0, to: 1, bytes: 500), (at: 0, from: 0, to: 1, bytes: 1000)])
        == [1100, 1600])
  }

  @Test func aLateJoinerSharesFromItsFirstByte() {
    // Alone until 600 (500 bytes sent), then half each: its last 500 bytes take 1,000 ns. From 1,600 on the other
    // is alone, with 500 of its 1,000 bytes left.
    #expect(
      run([(at: 0, from: 0, to: 1, bytes: 1000), (at: 500, from: 0, to: 1, bytes: 1000)])
        == [1600, 2100])
  }

  /// A transfer that is alone needs no event for its first byte; one that begins before that byte and is there sooner has it
  /// looked at again.
  @Test func whatWasForeseenHoldsUntilAnotherComes() {
    var network = Network(Topology(link: Self.link, instances: 2))
    defer { network.deallocate() }
    func time(_ nanoseconds: Int64) -> SimTime { SimTime(nanoseconds: nanoseconds) }
    // From 1,100 on, 1,000 bytes.
    network.begin(
      tag: 0, from: InstanceID(0), to: InstanceID(1), bytes: 1000,
      after: SimDuration(nanoseconds: 1000), now: time(0))
    #expect(network.nextEvent == time(2100))
    // From 300 on, alone until 1,100; its last 700 bytes at half the rate take until 2,500.
    network.begin(tag: 1, from: InstanceID(0), to: InstanceID(1), bytes: 1500, now: time(200))
    var ends: [Int32: Int64] = [:]
    var events: [Int64] = []
    while let next = network.nextEvent {
      var ended = Pile<Int32>()
      defer { ended.deallocate() }
      network.advance(to: next, ended: &ended)
      events.append(next.nanoseconds)
      for tag in ended { ends[tag] = next.nanoseconds }
    }
    #expect(events == [300, 1100, 2500, 2800])
    #expect(ends == [1: 2500, 0: 2800])
  }

  @Test func portsInAreSharedTooAndOtherPortsAreNot() {
    #expect(
      run([(at: 0, from: 0, to: 2, bytes: 1000), (at: 0, from: 1, to: 2, bytes: 1000)])
        == [2100, 2100])
    #expect(
      run([(at: 0, from: 0, to: 2, bytes: 1000), (at: 0, from: 1, to: 3, bytes: 1000)])
        == [1100, 1100])
    // Out and in are ports of their own.
    #expect(
      run([(at: 0, from: 0, to: 1, bytes: 1000), (at: 0, from: 1, to: 0, bytes: 1000)])
        == [1100, 1100])
  }

  @Test func threeOnAChain() {
    // 0→1, 0→2, 3→2: port out of 0 and port in of 2 hold two flows each, so all three run at one half.
    // The last two end first (500 bytes in 1,000 ns); then the first is alone, with 500 bytes left.
    #expect(
      run([
        (at: 0, from: 0, to: 1, bytes: 1000), (at: 0, from: 0, to: 2, bytes: 500),
        (at: 0, from: 3, to: 2, bytes: 500),
      ]) == [1600, 1100, 1100])
    // 0→1, 0→2, 0→3 and 4→3: the port out of 0 gives a third to each of its flows, and the last one gets what the port
    // in of 3 has left, two thirds: 1,000 bytes in 1,500 ns. By then each of the others has 500 bytes left: 1,500 more.
    #expect(
      run(
        [
          (at: 0, from: 0, to: 1, bytes: 1000), (at: 0, from: 0, to: 2, bytes: 1000),
          (at: 0, from: 0, to: 3, bytes: 1000), (at: 0, from: 4, to: 3, bytes: 1000),
        ], instances: 5) == [3100, 3100, 3100, 1600])
  }

  /// Four nodes with two instances each, of one and of two accelerators; a byte a nanosecond for each accelerator inside a
  /// node and 50 ns; NICs of a quarter of that and 100 ns.
  private func topology(
    nics: Int = 2, total: Double? = nil, nodesPerSwitch: Int? = nil, oversubscription: Double = 1
  ) -> Topology {
    let unit = Self.link.bandwidth
    func link(_ part: Double, _ latency: Int64) -> LinkSpec {
      LinkSpec(bandwidth: unit * part, latency: SimDuration(nanoseconds: latency))
    }
    var cluster = RandomScenario.cluster(
      (0..<8).map { index in
        var spec = RandomScenario.instance("mixed/\(index)", .mixed, blocks: 10)
        spec.node = index / 2
        spec.tpSize = index % 2 + 1
        return spec
      })
    cluster.nodes = Array(repeating: cluster.nodes[0], count: 4)
    cluster.network = NetworkSpec(
      intraNode: NetworkSpec.IntraNode(link: link(1, 50), total: total.map { unit * $0 }),
      nic: NetworkSpec.NIC(perNode: nics, link: link(0.25, 100)),
      leaf: nodesPerSwitch.map {
        NetworkSpec.Switch(
          nodes: $0, oversubscription: oversubscription, latency: SimDuration(nanoseconds: 30))
      })
    return Topology(cluster)
  }

  @Test func insideANodeTheNarrowerSideCounts() {
    // From one accelerator to two, and back: one byte a nanosecond, 50 ns.
    #expect(run(topology(), [(at: 0, from: 0, to: 1, bytes: 1000)]) == [1050])
    #expect(run(topology(), [(at: 0, from: 1, to: 0, bytes: 1000)]) == [1050])
    // Half a byte a nanosecond for everything in the node, both ways together: a quarter each.
    #expect(
      run(
        topology(total: 0.5),
        [(at: 0, from: 0, to: 1, bytes: 1000), (at: 0, from: 1, to: 0, bytes: 1000)])
        == [4050, 4050])
  }

  @Test func betweenNodesNICsCount() {
    // One of two NICs for the single accelerator: 1,000 bytes in 4,000 ns. Two accelerators of three use 4/3 NICs.
    #expect(run(topology(), [(at: 0, from: 0, to: 2, bytes: 1000)]) == [4100])
    #expect(run(topology(), [(at: 0, from: 1, to: 3, bytes: 1000)]) == [3100])
    // Both at once want 1/4 and 1/3; the node's two NICs have 1/2: a quarter each.
    #expect(
      run(
        topology(), [(at: 0, from: 0, to: 2, bytes: 1000), (at: 0, from: 1, to: 5, bytes: 1000)])
        == [4100, 4100])
    // With one NIC, an eighth each.
    #expect(
      run(
        topology(nics: 1),
        [(at: 0, from: 0, to: 2, bytes: 1000), (at: 0, from: 1, to: 5, bytes: 1000)])
        == [8100, 8100])
  }

  @Test func switchesAreOversubscribed() {
    // Two nodes a switch with 2 NICs each: an uplink of 1 byte a nanosecond over 4. One transfer takes 1/4: all of it.
    let network = topology(nodesPerSwitch: 2, oversubscription: 4)
    #expect(run(network, [(at: 0, from: 0, to: 4, bytes: 1000)]) == [4130])
    // Two from different nodes share the uplink, and a third one below the switch does not see it.
    #expect(
      run(
        network,
        [
          (at: 0, from: 0, to: 4, bytes: 1000), (at: 0, from: 2, to: 6, bytes: 1000),
          (at: 0, from: 5, to: 7, bytes: 1000),
        ]) == [8130, 8130, 3100])
  }

  /// However transfers meet, no port carries more than it can, and none stands idle while a flow waits for it alone.
  @Test(arguments: 0..<200) func sharesAreMaxMinFair(seed: Int) {
    var random = RandomScenario(seed: seed)
    let ports = random.number(2...6)
    var flows = Pile<FairShare.Demand>()
    var hops = Pile<Int32>()
    let capacities = (0..<2 * ports).map { _ in Double(random.number(1...3)) }
    for flow in 0..<random.number(1...12) {
      // From one port to another, and over up to three more links.
      var links = [random.number(0...ports - 1), ports + random.number(0...ports - 1)]
      for _ in 0..<random.number(0...3) { links.append(random.number(0...2 * ports - 1)) }
      let path = Array(Set(links)).sorted()
      flows.append(FairShare.Demand(flow: flow, firstHop: hops.count, hops: path.count))
      for link in path { hops.append(Int32(link)) }
    }
    var rates = Pile<Double>()
    for _ in flows { rates.append(0) }
    var fairShare = FairShare(capacities: capacities)
    fairShare.divide(flows, over: hops, into: rates)
    func path(_ flow: FairShare.Demand) -> [Int] {
      (flow.firstHop..<flow.firstHop + flow.hops).map { Int(hops[$0]) }
    }
    var load = [Double](repeating: 0, count: 2 * ports)
    for flow in flows { for link in path(flow) { load[link] += rates[flow.flow] } }
    #expect(zip(load, capacities).allSatisfy { $0 <= $1 + 1e-9 })
    for flow in flows {
      // Fair: some link of each flow is full, and no flow there has more.
      let isFair = path(flow).contains { link in
        load[link] >= capacities[link] - 1e-9
          && flows.allSatisfy { other in
            !path(other).contains(link) || rates[other.flow] <= rates[flow.flow] + 1e-9
          }
      }
      #expect(isFair, "flow \(flow) with \(Array(rates))")
    }
  }

  /// Together the flows into one port take as long as their bytes take at its rate, in whatever order they come.
  @Test(arguments: 0..<100) func nothingIsLostAndNothingIsFree(seed: Int) {
    var random = RandomScenario(seed: seed)
    var time: Int64 = 0
    let transfers = (0..<20).map { _ -> (at: Int64, from: Int, to: Int, bytes: Int64) in
      time += Int64(random.number(0...400))
      return (at: time, from: random.number(1...3), to: 0, bytes: Int64(random.number(1...1000)))
    }
    let ends = run(transfers)
    for (transfer, end) in zip(transfers, ends) {
      #expect(end >= transfer.at + 100 + transfer.bytes)
    }
    // A port that works whenever there is work is done with the bytes no later than one that takes them one by one.
    var queue: Int64 = 0
    for transfer in transfers { queue = max(queue, transfer.at + 100) + transfer.bytes }
    #expect(abs(ends.max()! - queue) <= 20, "each change of a rate rounds up once")
  }
}
