import Testing

@testable import Engine

/// Block counts that the reference simulator logs, and the arithmetic behind one of them.
@Suite struct KVCapacityTests {
  @Test func llama8BOn96GiB() {
    let capacity = KVCapacity(CostFixture.instance(CostFixture.llama8B))
    // 2 (keys, values) x 8 heads x 128 x 32 layers x 2 bytes = 128 KiB a token
    #expect(capacity.bytesPerToken == 131_072)
    // Embedding and head: 2 x 128,256 x 4,096. A layer: 2 x 4,096 (norms) + 4,096 x 6,144 (qkv)
    // + 4,096 x 4,096 (output) + 3 x 4,096 x 14,336 (mlp). Last norm: 4,096. Two bytes each: 15,316.5 MiB.
    #expect(capacity.weightBytes == 16_060_522_496)
    // (96 GiB x 0.9 - weights) / (16 x 128 KiB)
    #expect(capacity.blocks == 36_578)
  }

  @Test func llama8BOn24GiB() {
    var spec = CostFixture.instance(CostFixture.llama8B)
    spec.npuMemory.sizeGiB = 24
    spec.memoryUtilization = 0.833919
    #expect(KVCapacity(spec).blocks == 2588)
  }

  @Test func qwen32BOnTwoAccelerators() {
    let capacity = KVCapacity(CostFixture.instance(CostFixture.qwen32B, tpSize: 2))
    #expect(capacity.blocks == 28_614)
    #expect(capacity.totalBytesPerToken == 2 * capacity.bytesPerToken)
  }

  @Test func weightsThatLeaveNoRoomAreRefused() {
    var spec = CostFixture.instance(CostFixture.llama8B)
    spec.npuMemory.sizeGiB = 12
    #expect(throws: InputError.self) { try KVCapacity(spec).check(spec, file: "cluster.json") }
  }
}
