import Engine
import Testing

@Suite struct SimTimeTests {
  @Test func secondsAreRoundedUpOnce() {
    #expect(SimDuration(roundingUp: 0).nanoseconds == 0)
    #expect(SimDuration(roundingUp: 1e-12).nanoseconds == 1, "nothing that happens is free")
    #expect(SimDuration(roundingUp: 2e-9).nanoseconds == 2)
    #expect(SimDuration(roundingUp: 1.25e-9).nanoseconds == 2)
    #expect(SimDuration(roundingUp: 3).nanoseconds == 3_000_000_000)
  }

  @Test func whatIsTooLongSaturates() {
    #expect(SimDuration(roundingUp: 1e10) == .maximum)
    #expect(SimDuration(roundingUp: .infinity) == .maximum)
  }

  /// Rounding by hand gives what the library gives.
  @Test(arguments: 0..<200 as Range<UInt64>) func roundingIsThatOfTheLibrary(seed: UInt64) {
    var random = RandomStream(seed: seed, name: "test")
    let seconds = random.nextUnit() * [1e-6, 1e-3, 1, 1e6][Int(seed % 4)]
    #expect(
      SimDuration(roundingUp: seconds).nanoseconds == Int64((seconds * 1e9).rounded(.up)))
  }

  @Test func momentsAndLengthsAddUp() {
    let start = SimTime(nanoseconds: 40)
    let end = start + SimDuration(nanoseconds: 2)
    #expect(end.nanoseconds == 42)
    #expect((end - start).nanoseconds == 2)
    #expect(start < end && end < .never)
    #expect(SimTime(nanoseconds: 1_500_000_000).seconds == 1.5)
    #expect(SimDuration(nanoseconds: 1_500_000).milliseconds == 1.5)
  }
}
