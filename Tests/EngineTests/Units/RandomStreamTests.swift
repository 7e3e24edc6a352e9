import Engine
import Testing

@Suite struct RandomStreamTests {
  private func first(_ count: Int, seed: UInt64, name: String) -> [UInt64] {
    var stream = RandomStream(seed: seed, name: name)
    return (0..<count).map { _ in stream.next() }
  }

  @Test func aStreamIsItsSeedAndItsName() {
    #expect(first(8, seed: 1, name: "a") == first(8, seed: 1, name: "a"))
    #expect(first(8, seed: 1, name: "a") != first(8, seed: 2, name: "a"))
    #expect(first(8, seed: 1, name: "a") != first(8, seed: 1, name: "b"))
  }

  /// Written out from the published algorithms: xoshiro256** over a state from splitmix64, over FNV-1a of the name.
  @Test func theNumbersAreThoseOfThePublishedAlgorithm() {
    // FNV-1a of the empty name is its offset basis; with that as the seed, splitmix64 starts from 0.
    var stream = RandomStream(seed: 0xcbf2_9ce4_8422_2325, name: "")
    // The first outputs of splitmix64 from 0 are published with it: https://prng.di.unimi.it/splitmix64.c
    let state: [UInt64] = [
      0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f, 0xf88b_b8a8_724c_81ec,
    ]
    let product = state[1] &* 5
    #expect(stream.next() == ((product << 7) | (product >> 57)) &* 9)
  }

  @Test func unitsLieInTheirIntervalAndAreEven() {
    var stream = RandomStream(seed: 3, name: "unit")
    let values = (0..<100_000).map { _ in stream.nextUnit() }
    #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
    // The mean of n uniform numbers has a standard deviation of 0.289/√n, here 0.0009.
    #expect(abs(values.reduce(0, +) / 100_000 - 0.5) < 0.005)
  }

  @Test(arguments: [1, 2, 3, 7, 1000]) func indicesAreEven(bound: Int) {
    var stream = RandomStream(seed: 5, name: "index")
    var counts = [Int](repeating: 0, count: bound)
    let draws = 1000 * bound
    for _ in 0..<draws { counts[stream.nextIndex(below: bound)] += 1 }
    // Each count has a standard deviation of at most √1000 = 32; six of them are not reached by chance.
    #expect(counts.allSatisfy { abs($0 - 1000) < 190 })
  }
}
