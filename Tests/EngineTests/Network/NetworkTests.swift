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
    var network = Network(link: Self.link, instances: instances)
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

  /// However transfers meet, no port carries more than it can, and none stands idle while a flow waits for it alone.
  @Test(arguments: 0..<200) func sharesAreMaxMinFair(seed: Int) {
    var random = RandomScenario(seed: seed)
    let ports = random.number(2...6)
    var flows = Pile<FairShare.Demand>()
    for flow in 0..<random.number(1...12) {
      flows.append(
        FairShare.Demand(
          flow: flow, from: random.number(0...ports - 1), to: random.number(0...ports - 1)))
    }
    var rates = Pile<Double>()
    for _ in flows { rates.append(0) }
    var fairShare = FairShare(ports: ports, capacity: 1)
    fairShare.divide(flows, into: rates)
    var load = [Double](repeating: 0, count: 2 * ports)
    for flow in flows {
      load[flow.from] += rates[flow.flow]
      load[ports + flow.to] += rates[flow.flow]
    }
    #expect(load.allSatisfy { $0 <= 1 + 1e-9 })
    for flow in flows {
      // Fair: some port of each flow is full, and no flow there has more.
      let isFair = [flow.from, ports + flow.to].contains { port in
        load[port] >= 1 - 1e-9
          && flows.allSatisfy { other in
            (other.from != port && ports + other.to != port)
              || rates[other.flow] <= rates[flow.flow] + 1e-9
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
