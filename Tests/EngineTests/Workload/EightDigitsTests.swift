import Testing

@testable import Engine

@Suite struct EightDigitsTests {
  /// As many digits as there are, whatever follows them, bytes beyond ASCII among it.
  @Test func digitsAreReadUpToTheFirstOther() {
    for seed in 0..<500 as Range<UInt64> {
      var random = RandomStream(seed: seed, name: "digits")
      let digits = random.nextIndex(below: 9)
      var bytes = (0..<8).map { _ in UInt8(48 + random.nextIndex(below: 10)) }
      if digits < 8 {
        let others = (0...255 as ClosedRange<UInt8>).filter { $0 < 48 || $0 > 57 }
        bytes[digits] = others[random.nextIndex(below: others.count)]
        for place in digits + 1..<8 where random.nextIndex(below: 2) == 0 {
          bytes[place] = UInt8(random.nextIndex(below: 256))
        }
      }
      let (value, count) = bytes.withUnsafeBufferPointer {
        EightDigits.leading(in: $0.baseAddress!)
      }
      #expect(count == digits, "seed \(seed)")
      let text = String(decoding: bytes[..<digits], as: UTF8.self)
      #expect(value == (UInt64(text) ?? 0), "seed \(seed)")
    }
  }
}
