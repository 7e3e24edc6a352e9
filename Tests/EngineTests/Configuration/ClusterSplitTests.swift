import Testing

@testable import Engine

@Suite struct ClusterSplitTests {
  @Test func splitsAreRead() {
    #expect(ClusterSplit("3:5") == ClusterSplit(prefill: 3, decode: 5))
    #expect(ClusterSplit("8M")?.mixed == 8)
    #expect(ClusterSplit("8M")?.text == "8M" && ClusterSplit("3:5")?.text == "3:5")
    for text in ["", "3", "0:1", "1:0", "1:2:3", "-1:3", "0M", "M", "3:5M", "1:9999", "a:b"] {
      #expect(ClusterSplit(text) == nil, "\(text)")
    }
  }

  @Test func rangesGoInStepsOfOne() {
    func texts(_ range: String) -> [String]? { ClusterSplit.range(range)?.map(\.text) }
    #expect(texts("1:3..3:1") == ["1:3", "2:2", "3:1"])
    #expect(texts("3:1..1:1") == ["3:1", "2:1", "1:1"])
    #expect(texts("1:1..3:3") == ["1:1", "2:2", "3:3"])
    #expect(texts("2:2..2:2") == ["2:2"])
    for range in ["1:3", "1:3..3:2", "1:3..", "..1:3", "8M..9M", "1:1..2:2..3:3"] {
      #expect(texts(range) == nil, "\(range)")
    }
  }

  @Test func rolesAreGivenOutInOrder() throws {
    let cluster = try MetricsFixture.cluster.split(ClusterSplit(prefill: 2, decode: 3))
    #expect(
      cluster.instances.map(\.name)
        == ["prefill/0", "prefill/1", "decode/0", "decode/1", "decode/2"])
    #expect(cluster.instances.map(\.role) == [.prefill, .prefill, .decode, .decode, .decode])
    let mixed = try MetricsFixture.cluster.split(#require(ClusterSplit("2M")))
    #expect(mixed.instances.map(\.name) == ["mixed/0", "mixed/1"])
  }

  @Test func instancesThatDifferKeepTheirNumber() throws {
    var cluster = MetricsFixture.cluster
    cluster.instances[1].hardware = "OTHER"
    let swapped = try cluster.split(ClusterSplit(prefill: 1, decode: 1))
    #expect(swapped.instances.map(\.hardware) == ["TESTGPU", "OTHER"])
    let error = #expect(throws: InputError.self) {
      try cluster.split(ClusterSplit(prefill: 1, decode: 2))
    }
    #expect(error?.problem.contains("not alike") == true)
    cluster.instances[1].kvType = .fp8
    #expect(throws: InputError.self) { try cluster.split(ClusterSplit(prefill: 1, decode: 1)) }
  }

  @Test func acceleratorsOfARoleAreReplaced() {
    var cluster = MetricsFixture.cluster
    let memory = MemorySpec(sizeGiB: 40, bandwidth: 1000, latency: 0)
    cluster.replaceHardware(with: "NEW", memory: memory, of: .decode)
    #expect(cluster.instances.map(\.hardware) == ["TESTGPU", "NEW"])
    #expect(cluster.instances[1].npuMemory == memory)
    cluster.replaceHardware(with: "ALL", memory: memory)
    #expect(cluster.instances.map(\.hardware) == ["ALL", "ALL"])
  }
}
