import Testing

@testable import Engine

@Suite struct RankedValuesTests {
  /// What is found is what would stand there after sorting: among few values and many, wide apart and alike.
  @Test func valuesAreThoseOfASort() {
    for seed in 0..<200 as Range<UInt64> {
      var random = RandomStream(seed: seed, name: "ranks")
      let count = 1 + random.nextIndex(below: seed % 10 == 0 ? 20_000 : 300)
      let width = UInt64(random.nextIndex(below: 63))
      let values = ContiguousArray(
        (0..<count).map { _ -> Int64 in
          let value = Int64(truncatingIfNeeded: random.next() >> (1 + width))
          return random.nextIndex(below: 4) == 0 ? -value : value
        })
      check(values, seed)
      check(ContiguousArray(values.map { UInt32(truncatingIfNeeded: $0) }), seed)
      check(ContiguousArray(values.map { Double($0) / 3 }), seed)
    }
  }

  private func check<Value: Rankable & Comparable>(_ values: ContiguousArray<Value>, _ seed: UInt64)
  {
    var random = RandomStream(seed: seed, name: "places")
    let places = (0...random.nextIndex(below: 12)).map { _ in
      random.nextIndex(below: values.count)
    }
    let sorted = values.sorted()
    let ranked = values.withUnsafeBufferPointer { RankedValues(places, of: $0) }
    for place in places { #expect(ranked[place] == sorted[place], "seed \(seed)") }
  }

  /// The same values in another order have the same statistics, but for how their deviations round.
  @Test func theOrderOfSamplesDoesNotCount() throws {
    for seed in 0..<50 as Range<UInt64> {
      var random = RandomStream(seed: seed, name: "order")
      let samples = ContiguousArray(
        (0..<2000).map { _ in Int64(random.nextIndex(below: 1_000_000_000)) })
      let a = try #require(Distribution(ofNanoseconds: samples))
      var b = try #require(Distribution(ofNanoseconds: ContiguousArray(samples.sorted())))
      #expect(abs(a.standardDeviation - b.standardDeviation) <= 1e-12 * a.standardDeviation)
      b.standardDeviation = a.standardDeviation
      #expect(a == b, "seed \(seed)")
    }
  }

  @Test func doublesRankByValue() {
    let values: [Double] = [-.infinity, -2, -0.5, 0, 1e-300, 0.5, 2, 1e300, .infinity]
    #expect(values.map(\.rank) == values.map(\.rank).sorted())
  }
}
