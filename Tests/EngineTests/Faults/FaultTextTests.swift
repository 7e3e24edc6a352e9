import Testing

@testable import Engine

@Suite struct FaultTextTests {
  private static let cluster: ClusterSpec = {
    var cluster = RandomScenario.cluster([
      RandomScenario.instance("prefill/0", .prefill, blocks: 10),
      RandomScenario.instance("decode/0", .decode, blocks: 10),
      RandomScenario.instance("decode/1", .decode, blocks: 10),
    ])
    cluster.network = NetworkSpec(
      intraNode: .init(link: NetworkTests.link), nic: .init(perNode: 1, link: NetworkTests.link))
    return cluster
  }()

  private static func read(_ text: String) throws -> Fault {
    var plan = FaultPlan()
    try plan.add(text, in: cluster)
    return plan.faults[0]
  }

  @Test func faultsAreReadAsWritten() throws {
    let kill = try Self.read("t=30s kill decode/1 for 60s")
    #expect(kill.kind == .kill && kill.target == .instance(InstanceID(2)))
    #expect(kill.start.nanoseconds == 30_000_000_000)
    #expect(kill.duration?.nanoseconds == 60_000_000_000)
    #expect(kill.words == "kill decode/1 for 60s")
    #expect(try Self.read("t=0s  kill decode/1").duration == nil)
    let slow = try Self.read("t=1.5min slow prefill/0 by 2.5x for 100ms")
    #expect(slow.kind == .slow(2.5) && slow.start.nanoseconds == 90_000_000_000)
    #expect(try Self.read("t=1h slow link decode/0 by 4x").kind == .slowLink(4))
    let cut = try Self.read("t=5us cut link node/0 for 7ns")
    #expect(cut.kind == .cutLink && cut.target == .node(0) && cut.start.nanoseconds == 5000)
    #expect(try Self.read("t=1s lose transfers prefill/0").kind == .loseTransfers)
  }

  @Test(arguments: [
    ("", "ends too early; expected t=30s, as in t=30s kill decode/1 for 60s"),
    ("30s kill decode/1", "begins with \"30s\"; expected t=30s"),
    ("t=30 kill decode/1", "\"30\" is no time; expected a number with ns"),
    ("t=nans kill decode/1", "is no time"), ("t=-1s kill decode/1", "is no time"),
    ("t=1e30s kill decode/1", "is no time"),
    (
      "t=1s kil decode/1",
      "\"kil\" is no fault; expected kill, slow, cut or lose; did you mean kill?"
    ),
    (
      "t=1s kill decode/7",
      "\"decode/7\" is no instance; expected one of prefill/0, decode/0, decode/1; did you mean"
    ),
    ("t=1s kill", "ends too early; expected an instance"),
    ("t=1s kill decode/1 60s", "has \"60s\"; expected for"),
    ("t=1s kill decode/1 for 0s", "expected a number above 0"),
    ("t=1s kill decode/1 for 6s now", "\"now\" follows; expected nothing more"),
    ("t=1s slow decode/1 2x", "has \"2x\"; expected by"),
    ("t=1s slow decode/1 by 0.5x", "has \"0.5x\"; expected 1x to 1000x"),
    ("t=1s cut decode/1 for 3s", "has \"decode/1\"; expected link"),
    ("t=1s cut link decode/1", "ends too early; expected for"),
    ("t=1s cut link node/3 for 1s", "\"node/3\" is no instance or node"),
    ("t=1s lose decode/1", "has \"decode/1\"; expected transfers"),
    ("t=1s lose transfers decode/1 for 3s", "\"for\" follows"),
  ]) func whatIsWrongIsSaid(text: String, problem: String) throws {
    let error = try #require(throws: InputError.self) { try Self.read(text) }
    let words = "\(error)"
    #expect(words.hasPrefix("--fault: ") && words.contains(problem), "\(words)")
  }

  @Test(arguments: [
    ("kill", "has no every; expected kill:every=300s,for=30s"),
    ("kil:every=3s,for=1s", "did you mean kill?"),
    ("kill:every=3s", "has no for"), ("kill:every=3,for=1s", "has \"every=3\""),
    ("kill:evry=3s,for=1s", "did you mean every?"), ("slow:every=3s,for=1s,by=2", "by=1x"),
    ("lose:every=3s,for=1s", "has \"for=1s\"; expected lose:every=300s"),
    ("kill:every=3s,every=3s", "has \"every=3s\""),
  ]) func whatIsWrongWithChanceIsSaid(text: String, problem: String) throws {
    let error = try #require(throws: InputError.self) {
      var plan = FaultPlan()
      try plan.addRandom(text)
    }
    #expect("\(error)".contains(problem), "\(error)")
  }

  @Test func aFileSaysWhereItIsWrong() throws {
    var plan = FaultPlan()
    let good = #"{ "note": "x", "faults": ["t=1s kill decode/1"], "random": ["lose:every=2s"] }"#
    try plan.add(Array(good.utf8), file: "f.json", in: Self.cluster)
    #expect(plan.faults.count == 1 && plan.random.count == 1)
    for (text, problem) in [
      (#"{ "faults": ["t=1s kill decode/1",\#n"t=1s kill decode/9"] }"#, "f.json:2: faults[1]: "),
      (#"{ "fault": [] }"#, "did you mean faults?"), (#"{ "faults": [3] }"#, "expected a string"),
      (#"{ "random": ["kill"] }"#, "f.json:1: random[0]: \"kill\": has no every"),
    ] {
      let error = try #require(throws: InputError.self) {
        try plan.add(Array(text.utf8), file: "f.json", in: Self.cluster)
      }
      #expect("\(error)".contains(problem), "\(error)")
    }
  }

  /// Times between failures and to repair have the means that were asked for, and other instances do not matter.
  @Test func chanceKeepsItsMeans() throws {
    var plan = FaultPlan()
    try plan.addRandom("kill:every=90s,for=10s")
    let last = SimTime(nanoseconds: 1_000_000 * 1_000_000_000)
    let all = FaultSchedule(plan, cluster: Self.cluster, seed: 3, until: last).faults
    #expect((29_000...31_000).contains(all.count), "\(all.count)")
    let mean = all.reduce(0) { $0 + ($1.duration?.seconds ?? 0) } / Double(all.count)
    #expect(abs(mean - 10) < 0.3, "\(mean)")
    #expect(all.allSatisfy { $0.start <= last })
    #expect(zip(all, all.dropFirst()).allSatisfy { $0.start <= $1.start })
    var smaller = Self.cluster
    smaller.instances.removeLast()
    let fewer = FaultSchedule(plan, cluster: smaller, seed: 3, until: last).faults
    #expect(Array(fewer) == all.filter { $0.target != .instance(InstanceID(2)) })
    let other = FaultSchedule(plan, cluster: Self.cluster, seed: 4, until: last).faults
    #expect(other != all)
  }
}
