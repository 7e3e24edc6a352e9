import Testing

@testable import Engine

/// Numbers that CPython 3 prints.
@Suite struct PythonRandomTests {
  @Test func wordsAreThoseOfGetrandbits32() {
    var random = PythonRandom(seed: 42)
    #expect(
      (0..<4).map { _ in random.nextWord() } == [
        2_746_317_213, 478_163_327, 107_420_369, 3_184_935_163,
      ])
    // Past the first twist of its 624 words.
    var other = PythonRandom(seed: 7)
    let words = (0..<1000).map { _ in other.nextWord() }
    #expect(words.suffix(3) == [1_424_953_946, 1_090_665_197, 2_798_318_755])
  }

  @Test(arguments: [
    (2, [0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
    (5, [0, 0, 2, 1, 1, 1, 0, 4, 0, 4, 3, 0, 0, 0, 1, 1]),
  ])
  func randrange(bound: Int, expected: [Int]) {
    var random = PythonRandom(seed: 42)
    #expect((0..<16).map { _ in random.randrange(bound) } == expected)
  }

  @Test func randrangeGoesOnLikePythons() {
    var random = PythonRandom(seed: 42)
    let drawn = (0..<2000).map { _ in random.randrange(3) }
    #expect(drawn.suffix(8) == [2, 0, 2, 1, 2, 0, 2, 1])
  }
}
