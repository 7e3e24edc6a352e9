import Foundation
import Testing

@testable import Engine

@Suite struct WorkloadRandomTests {
  @Test func portableLogarithmAndExponentialAreExactToAFewUnits() {
    var random = RandomStream(seed: 1, name: "test")
    for _ in 0..<20_000 {
      let x = 600 * (2 * random.nextUnit() - 1)
      let power = PortableMath.exp(x)
      #expect(abs(power / Foundation.exp(x) - 1) < 1e-15 * max(1, abs(x)), "exp(\(x))")
      let log = Foundation.log(power)
      #expect(abs(PortableMath.log(power) - log) <= 4 * log.ulp, "log(\(power))")
    }
    #expect(PortableMath.log(1) == 0 && PortableMath.exp(0) == 1)
    #expect(PortableMath.exp(-1e9) == 0 && PortableMath.exp(1e9).isFinite)
    #expect(PortableMath.log(.leastNonzeroMagnitude).isFinite)
  }

  /// Mean of many draws.
  private func mean(_ text: String, _ count: Int = 40_000) throws -> Double {
    let quantity = try RandomQuantity(parsing: text)
    var random = RandomStream(seed: 3, name: "test")
    return (0..<count).reduce(0) { sum, _ in sum + quantity.sample(&random) } / Double(count)
  }

  @Test(arguments: [
    ("fixed:128", 128.0), ("128", 128), ("uniform:1-99", 50), ("uniform:0.25-0.75", 0.5),
    ("lognormal:mean=512,sigma=0.8", 512), ("exponential:70", 70), ("exponential:mean=70", 70),
    ("geometric:5", 5), ("geometric:1", 1),
    // exp(sigma^2/2) times the median.
    ("lognormal:median=100,sigma=1", 164.87),
    // ln(200/100) = 1.28155 s - s^2/2 is solved by s = 0.7781.
    ("lognormal:mean=100,p90=200", 100),
    ("3*fixed:100|1*fixed:500", 200), ("0.9*10|0.1*110", 20),
  ])
  func drawsHaveTheMeanThatIsAskedFor(_ text: String, _ expected: Double) throws {
    #expect(abs(try mean(text) / expected - 1) < 0.02)
  }

  @Test func theP90OfALognormalIsThere() throws {
    for text in ["lognormal:mean=100,p90=200", "lognormal:median=80,p90=200"] {
      let quantity = try RandomQuantity(parsing: text)
      var random = RandomStream(seed: 3, name: "test")
      let above = (0..<40_000).count { _ in quantity.sample(&random) > 200 }
      #expect(abs(above - 4000) < 300, "\(text)")
    }
  }

  @Test func boundsHoldForEveryDraw() throws {
    for (text, bounds) in [
      ("lognormal:mean=100,sigma=3,min=20,max=300", 20...300.0), ("uniform:7-9", 7...9),
      ("geometric:50,max=60", 1...60), ("fixed:500,max=60", 60...60),
      ("uniform:0-10,min=4|exponential:5,min=4,max=8", 4...10),
    ] {
      let quantity = try RandomQuantity(parsing: text)
      for seed in 0..<20 as Range<UInt64> {
        var random = RandomStream(seed: seed, name: "test")
        for _ in 0..<200 { #expect(bounds.contains(quantity.sample(&random)), "\(text)") }
      }
    }
  }

  @Test func eachWholeNumberOfAUniformRangeIsEquallyLikely() throws {
    let quantity = try RandomQuantity(parsing: "uniform:1-4")
    var random = RandomStream(seed: 3, name: "test")
    var counts = [0, 0, 0, 0]
    for _ in 0..<40_000 { counts[quantity.sampleTokens(&random) - 1] += 1 }
    // Standard deviation of each: sqrt(40,000 x 1/4 x 3/4) = 87.
    #expect(counts.allSatisfy { abs($0 - 10_000) < 435 }, "\(counts)")
  }

  @Test func lengthsAreWholeAndAtLeastOneToken() throws {
    var random = RandomStream(seed: 3, name: "test")
    #expect(RandomQuantity.fixed(0).sampleTokens(&random) == 1)
    #expect(RandomQuantity.fixed(2.6).sampleTokens(&random) == 3)
    #expect(RandomQuantity.fixed(1e300).sampleTokens(&random) == WorkloadBuilder.maxTokens)
  }

  @Test(arguments: [
    "", "x", "fixed", "fixed:", "fixed:x", "fixed:-1", "fixed:nan", "fixed:1e9", "-1", "nan",
    "uniform:5", "uniform:5-", "uniform:5-1", "uniform:0-1e9", "uniform:-5-1",
    "lognormal:", "lognormal:mean=5", "lognormal:sigma=1", "lognormal:mean=0,sigma=1",
    "lognormal:mean=5,median=5,sigma=1", "lognormal:mean=5,sigma=11",
    "lognormal:mean=5,sigma=1,x=1",
    "lognormal:mean=5,sigma=1,sigma=1", "lognormal:mean=5,p90=5", "lognormal:mean=5,p90=50",
    "exponential:0", "exponential:", "geometric:0.5", "zipf:2", "fixed:5,min=9,max=7",
    "0*fixed:5", "-1*fixed:5", "x*fixed:5", "fixed:5|", "|", "*5", "fixed:5,max",
  ])
  func nonsenseIsNoQuantity(_ text: String) {
    #expect(throws: SpecError.self) { try RandomQuantity(parsing: text) }
  }
}
