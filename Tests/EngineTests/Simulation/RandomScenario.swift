@testable import Engine

/// Scenarios drawn from a seed: small clusters under pressure, so that every rule has something to do.
struct RandomScenario {
  var random: RandomStream

  /// A stream of its own, so that scenarios of one seed differ in nothing but their platforms.
  private var platformRandom: RandomStream
  private var transferRandom: RandomStream
  private var migrationRandom: RandomStream

  init(seed: Int) {
    random = RandomStream(seed: UInt64(seed), name: "scenario")
    platformRandom = RandomStream(seed: UInt64(seed), name: "platform")
    transferRandom = RandomStream(seed: UInt64(seed), name: "transfer")
    migrationRandom = RandomStream(seed: UInt64(seed), name: "migration")
  }

  /// 256 bytes of KV for each token at two bytes a number.
  static let model = ModelSpec(
    name: "test/tiny", architecture: "llama", hiddenSize: 64, layers: 2, attentionHeads: 4,
    kvHeads: 2, headDim: 16, intermediateSize: 128, vocabularySize: 512,
    maxPositionEmbeddings: 4096, weightType: .bfloat16)

  /// An instance with room for `blocks` KV blocks.
  static func instance(
    _ name: String, _ role: InstanceRole, blocks: Int, limits: SchedulerLimits = SchedulerLimits()
  ) -> InstanceSpec {
    var spec = InstanceSpec(
      name: name, node: 0, role: role, model: model, hardware: "TEST",
      npuMemory: MemorySpec(sizeGiB: 1, bandwidth: 1, latency: 0), memoryUtilization: 1,
      limits: limits)
    let probe = KVCapacity(spec)
    let bytes = probe.weightBytes + blocks * probe.bytesPerToken * limits.blockSize
    spec.npuMemory.sizeGiB = (Double(bytes) + 1) / 1_073_741_824
    precondition(KVCapacity(spec).blocks == blocks)
    return spec
  }

  static func cluster(_ instances: [InstanceSpec], link: LinkSpec? = nil) -> ClusterSpec {
    ClusterSpec(
      source: "test",
      link: link ?? LinkSpec(bandwidth: 1, latency: SimDuration(nanoseconds: 2000)),
      nodes: [NodeSpec(cpuMemory: MemorySpec(sizeGiB: 1, bandwidth: 1, latency: 0))],
      instances: instances)
  }

  mutating func pick<T>(_ choices: [T]) -> T { choices[random.nextIndex(below: choices.count)] }
  mutating func number(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + random.nextIndex(below: range.count)
  }
  mutating func chance(_ probability: Double) -> Bool { random.nextUnit() < probability }

  mutating func limits() -> SchedulerLimits {
    var limits = SchedulerLimits()
    limits.maxNumSeqs = pick([1, 2, 3, 8, 64])
    limits.maxNumBatchedTokens = pick([16, 33, 64, 256, 2048])
    limits.longPrefillTokenThreshold = pick([0, 0, 7, 32])
    limits.blockSize = pick([1, 3, 4, 16])
    limits.enableChunkedPrefill = chance(0.8)
    limits.enablePrefixCaching = chance(0.7)
    limits.reserveFullISL = chance(0.5)
    return limits
  }

  mutating func cluster() -> ClusterSpec {
    var instances: [InstanceSpec] = []
    func add(_ role: InstanceRole) {
      let limits = limits()
      let tokens = pick([100, 150, 300, 2000])
      instances.append(
        Self.instance(
          "\(role.rawValue)/\(instances.count)", role, blocks: tokens / limits.blockSize,
          limits: limits))
    }
    if chance(0.7) {
      for _ in 0..<number(1...3) { add(.prefill) }
      for _ in 0..<number(1...3) { add(.decode) }
    }
    if instances.isEmpty || chance(0.2) { for _ in 0..<number(1...2) { add(.mixed) } }
    let link = LinkSpec(
      bandwidth: pick([0.01, 1, 100]), latency: SimDuration(nanoseconds: Int64(pick([0, 1000]))))
    return Self.cluster(instances, link: link)
  }

  mutating func workload(count: Int) -> Workload {
    var workload = Workload(source: "test", format: "random")
    var time: Int64 = 0
    let spacing = pick([0, 500, 5_000, 40_000])
    let hasContent = chance(0.7)
    workload.contentUnit = pick([1, 1, 8])
    let prefixes = (0..<3).map { index in
      (0..<40).map { UInt32(1000 * index + $0) }
    }
    var isSession = false
    for index in 0..<count {
      // Equal times are likely on purpose: order at one instant is what goes wrong first.
      if !isSession { time += Int64(number(0...2) * spacing) }
      let prompt = number(1...pick([8, 60, 140]))
      let output = number(1...pick([1, 10, 60]))
      var request = WorkloadRequest(
        arrival: SimTime(nanoseconds: time), promptTokens: prompt, outputTokens: output)
      if hasContent, chance(0.8) {
        let known = chance(0.5) ? prompt + output : prompt
        let entries = (known + workload.contentUnit - 1) / workload.contentUnit
        var content = prefixes[number(0...2)]
        while content.count < entries { content.append(UInt32(number(0...5))) }
        request.contentStart = Int32(workload.content.count)
        request.contentCount = Int32(entries)
        workload.content.append(contentsOf: content[..<entries])
      }
      if isSession {
        request.followsPrevious = true
        request.toolDelay = SimDuration(nanoseconds: Int64(pick([0, 1000, 70_000])))
        request.turn = workload.requests[index - 1].turn + 1
      }
      isSession = chance(0.2)
      workload.requests.append(request)
    }
    return workload
  }

  mutating func cost() -> IterationCost {
    .linear(
      LinearCost(
        base: pick([1000, 1500]), perPrefillToken: pick([0, 10, 100]),
        perDecodeRequest: pick([0, 5, 500]), perThousandContextTokens: pick([0, 700])))
  }

  /// nil for half of all instances; any quantities for the others.
  mutating func platform() -> PlatformSpec? {
    guard platformRandom.nextUnit() < 0.5 else { return nil }
    var platform = PlatformSpec(source: "test", name: "random")
    platform.schedulesAsynchronously = platformRandom.nextUnit() < 0.7
    let times = PlatformSpec.quantities.filter { $0.key.hasSuffix("_us") }
    for quantity in times where platformRandom.nextUnit() < 0.3 {
      platform[keyPath: quantity.path] = [0.1, 1, 5][platformRandom.nextIndex(below: 3)]
    }
    if platformRandom.nextUnit() < 0.5 { platform.graphSizes = [1, 2, 8, 20] }
    return platform
  }

  /// How KV caches travel; what every cluster does by default, for a third of them.
  mutating func transfer() -> KVTransferSpec {
    let modes = KVTransferSpec.Mode.allCases
    let times = [0, 700, 9_000]
    return KVTransferSpec(
      mode: modes[transferRandom.nextIndex(below: modes.count)],
      handshake: SimDuration(
        nanoseconds: Int64(times[transferRandom.nextIndex(below: times.count)])))
  }

  /// Spreads the instances over nodes behind a described network; half of all clusters have one link instead.
  mutating func addNetwork(to cluster: inout ClusterSpec) {
    func draw(_ count: Int) -> Int { transferRandom.nextIndex(below: count) }
    guard draw(2) == 0 else { return }
    func link() -> LinkSpec {
      LinkSpec(
        bandwidth: [0.01, 1, 100][draw(3)],
        latency: SimDuration(nanoseconds: Int64([0, 900][draw(2)])))
    }
    let nodes = 1 + draw(3)
    cluster.nodes = Array(repeating: cluster.nodes[0], count: nodes)
    for index in cluster.instances.indices { cluster.instances[index].node = draw(nodes) }
    cluster.network = NetworkSpec(
      intraNode: NetworkSpec.IntraNode(link: link(), total: draw(2) == 0 ? nil : 0.5),
      nic: NetworkSpec.NIC(perNode: 1 + draw(3), link: link()),
      leaf: draw(2) == 0
        ? nil
        : NetworkSpec.Switch(
          nodes: 1 + draw(2), oversubscription: [1, 3][draw(2)],
          latency: SimDuration(nanoseconds: 200)))
  }

  /// How decoding requests move, where a policy wants it.
  mutating func migration() -> MigrationSpec {
    var migration = MigrationSpec()
    migration.lastStageBlocks = [0, 1, 3, 16][migrationRandom.nextIndex(below: 4)]
    migration.maxStages = [1, 2, 3, 20][migrationRandom.nextIndex(below: 4)]
    return migration
  }

  mutating func scenario() -> Scenario {
    var cluster = cluster()
    cluster.kvTransfer = transfer()
    cluster.migration = migration()
    addNetwork(to: &cluster)
    for index in cluster.instances.indices { cluster.instances[index].platform = platform() }
    var options = RunOptions()
    options.check = true
    options.keepGaps = true
    options.firstToken = transferRandom.nextUnit() < 0.5 ? .prefill : .decode
    options.logInterval = SimDuration(nanoseconds: Int64(pick([7_000, 50_000])))
    return Scenario(
      cluster: cluster,
      costs: cluster.instances.map { instance in
        let device = cost()
        guard let platform = instance.platform else { return device }
        return .platform(PlatformCost(device: device, platform: platform, instance: instance))
      },
      workload: workload(count: number(1...60)), options: options)
  }
}

extension RunResult {
  /// Everything that outputs are made from, as text: equal runs have equal texts.
  var fingerprint: String {
    var text = ""
    for record in records { text += "\(record)\n" }
    text += "\(gaps) \(gapStarts) \(reasons) \(end) \(iterations) \(kvBlocksHeld)\n"
    for sample in samples { text += "\(sample)\n" }
    for instance in instances { text += "\(instance)\n" }
    for value in gapHistogram.bins { text += "\(value.value):\(value.count) " }
    return text
  }
}

/// The first line in which two runs differ; nil when they are equal.
func firstDifference(_ a: RunResult, _ b: RunResult) -> String? {
  if a.fingerprint == b.fingerprint { return nil }
  let (left, right) = (a.fingerprint.split(separator: "\n"), b.fingerprint.split(separator: "\n"))
  for (l, r) in zip(left, right) where l != r { return "\(l)\n\(r)" }
  return "\(left.count) lines and \(right.count)"
}
