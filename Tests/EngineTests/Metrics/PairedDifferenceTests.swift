import Testing

@testable import Engine

@Suite struct PairedDifferenceTests {
  /// All ten differences have one sign: 2 of the 2^10 ways to give signs are as extreme.
  @Test func tenOfOneSign() {
    let difference = PairedDifference((1...10).map { Double($0) }, seed: 1)
    #expect(difference.pValue == 2.0 / 1024)
    #expect(difference.interval.mean == 5.5)
    #expect(difference.larger == 10 && difference.smaller == 0)
    // The mean's standard error is 3.028 / sqrt(10) = 0.957; Student's t with 9 degrees of freedom gives 5.5 ± 2.17.
    let (lower, upper) = (difference.interval.lower ?? 0, difference.interval.upper ?? 0)
    #expect((2.8...3.9).contains(lower) && (7.1...8.2).contains(upper), "\(lower) to \(upper)")
  }

  @Test func signsAreDrawnWhereThereAreTooManyToTry() {
    let one = PairedDifference((1...15).map { Double($0) }, seed: 1)
    #expect(one.pValue > 0 && one.pValue < 0.001)
    let none = PairedDifference((1...16).map { $0.isMultiple(of: 2) ? 1.0 : -1.0 }, seed: 1)
    #expect(none.pValue == 1)
  }

  @Test func fewOrEqualValues() {
    #expect(PairedDifference([1, 2, 3, 4], seed: 0).interval.lower == nil)
    let equal = PairedDifference(Array(repeating: 2, count: 6), seed: 0)
    #expect(equal.interval.lower == 2 && equal.interval.upper == 2)
    let zero = PairedDifference(Array(repeating: 0, count: 6), seed: 0)
    #expect(zero.isZero && zero.pValue == 1)
  }

  /// Of two metrics in four pairs, the first differs by 1, 1, 1, 1 and the second by 1, 1, 1, -1. Of the 16 ways to give signs
  /// two bring the first to 4; two bring the second to 4 and eight to 2. Any of both gets to 4 in four ways, as the second
  /// does where the last sign is swapped. The second's own 2 is reached by itself in ten.
  @Test func metricsOfTheSamePairsAreTestedTogether() {
    let values = SignTest.pValues([[1, 1, 1, 1], [1, 1, 1, -1]], seed: 0)
    #expect(values == [4.0 / 16, 10.0 / 16])
    // What goes together costs nothing; neither does what never differs.
    let alike = SignTest.pValues([[1, 2, 3, 4], [10, 20, 30, 40], [0, 0, 0, 0]], seed: 0)
    #expect(alike == [2.0 / 16, 2.0 / 16, 1])
    #expect(SignTest.pValues([], seed: 0).isEmpty)
    #expect(SignTest.pValues([[1e-200, 1e-200]], seed: 0) == [0.5])
  }

  /// 2 of 2^8 is 0.0078, of 2^7 0.0156; two candidates double it.
  @Test func fewestPairsAreThoseThatCanBeFound() {
    #expect(SignTest.fewestPairs(level: 0.01, tests: 1) == 8)
    #expect(SignTest.fewestPairs(level: 0.01, tests: 2) == 9)
    #expect(SignTest.fewestPairs(level: 0.05, tests: 1) == 6)
  }

  /// Law: of samples of ten from a skewed distribution, the interval holds the true mean about 95 times in 100.
  @Test func intervalsHoldTheTrueMean() {
    var random = RandomStream(seed: 7, name: "coverage")
    let samples = 1000
    let covered = (0..<samples).count { sample in
      // Sums of three uniforms, then squared: mean 2.5 = 1.5² + 3/12.
      let values = (0..<10).map { _ -> Double in
        let sum = random.nextUnit() + random.nextUnit() + random.nextUnit()
        return sum * sum
      }
      let interval = MeanInterval(values, seed: UInt64(sample))
      return (interval.lower ?? 0) <= 2.5 && 2.5 <= (interval.upper ?? 0)
    }
    #expect((925...975).contains(covered), "\(covered) of \(samples)")
  }
}
