import Testing

@testable import Engine

@Suite struct FourDurationsTests {
  @Test(arguments: 0..<100)
  func eachIsRoundedAsOneAlone(seed: Int) {
    var random = RandomStream(seed: UInt64(seed), name: "durations")
    for _ in 0..<100 {
      var seconds = SIMD4<Double>()
      for place in 0..<4 {
        // From a part of a nanosecond to days, and whole nanoseconds among them.
        let scale = [1e-9, 1e-6, 1e-3, 1.0, 1e5][Int(random.next() % 5)]
        let fraction = Double(random.next() >> 11) * 0x1p-53
        seconds[place] =
          random.next() % 4 == 0 ? (fraction * 1e6).rounded() / 1e9 : fraction * scale
      }
      let durations = FourDurations.roundingUp(seconds)
      for place in 0..<4 {
        #expect(durations[place] == SimDuration(roundingUp: seconds[place]).nanoseconds)
      }
    }
  }
}
