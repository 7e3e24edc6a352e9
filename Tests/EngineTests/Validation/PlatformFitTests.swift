import Testing

@testable import Engine

/// A run "measured" on a known platform gives that platform back.
@Suite struct PlatformFitTests {
  private static let quantities = PlatformSpec.quantities.filter {
    ["launch_gap_us", "eager_layer_us"].contains($0.key)
  }

  private static func subject(gap: Double, eager: Double) throws -> PlatformFit.Subject {
    var workload = Workload(source: "test", format: "test")
    var random = RandomStream(seed: 1, name: "fit")
    var time: Int64 = 0
    for _ in 0..<60 {
      time += Int64(random.nextIndex(below: 40)) * 1_000_000
      workload.requests.append(
        WorkloadRequest(
          arrival: SimTime(nanoseconds: time), promptTokens: 100 + random.nextIndex(below: 900),
          outputTokens: 2 + random.nextIndex(below: 200)))
    }
    let instance = RandomScenario.instance("mixed/0", .mixed, blocks: 100_000)
    let kernels = IterationCost.linear(
      LinearCost(base: 2_000_000, perPrefillToken: 20_000, perDecodeRequest: 10_000))
    var real = PlatformSpec(source: "test", name: "real")
    real.launchGap = gap
    real.eagerLayer = eager
    var cluster = RandomScenario.cluster([instance])
    cluster.instances[0].platform = real
    let result = try Simulation.run(
      Scenario(
        cluster: cluster,
        costs: [
          .platform(PlatformCost(device: kernels, platform: real, instance: cluster.instances[0]))
        ], workload: workload))
    var run = MeasuredRun(source: "test", format: "test")
    run.workload = workload
    run.served = result.records.map { ServedRequest($0) }
    return PlatformFit.Subject(
      name: "test", run: run, cluster: RandomScenario.cluster([instance]), kernels: [kernels])
  }

  @Test(arguments: [PlatformFit.Part.all, .odd])
  func aKnownPlatformIsFound(part: PlatformFit.Part) throws {
    let subject = try Self.subject(gap: 640, eager: 300)
    let base = PlatformSpec(source: "test", name: "base")
    let fit = PlatformFit(base: base, quantities: Self.quantities)
    let found = try fit.fitted(to: [subject], part)
    // Batches that come out differently make ledges: near is as much as a search can promise.
    #expect(abs(found.launchGap / 640 - 1) < 0.15, "\(found.launchGap)")
    #expect(abs(found.eagerLayer / 300 - 1) < 0.15, "\(found.eagerLayer)")
    for errors in try PlatformFit.errors(of: found, on: subject, .even) {
      #expect(abs(errors.mean) < 0.02 && abs(errors.p99) < 0.04, "\(errors)")
    }
    // Without it the same requests come out much too fast.
    let without = try PlatformFit.errors(of: base, on: subject, .all)
    #expect(without.allSatisfy { $0.mean < -0.05 })
  }

  @Test func everyRequestIsInOneOfBothParts() {
    for index in 0..<10 {
      #expect(PlatformFit.Part.all.contains(index))
      #expect(PlatformFit.Part.odd.contains(index) != PlatformFit.Part.even.contains(index))
    }
  }
}

@Suite struct CostSimplexSearchTests {
  @Test func theValleyOfRosenbrockIsFollowedToItsEnd() {
    // Rosenbrock 1960, https://doi.org/10.1093/comjnl/3.3.175: minimum 0 at (1, 1).
    let search = SimplexSearch(
      lower: [-5, -5], upper: [5, 5], evaluations: 400, tolerance: 1e-6)
    let best = search.minimize(from: [-1.2, 1], step: [0.5, 0.5]) { point in
      let (x, y) = (point[0], point[1])
      return 100 * (y - x * x) * (y - x * x) + (1 - x) * (1 - x)
    }
    #expect(abs(best[0] - 1) < 1e-3 && abs(best[1] - 1) < 1e-3, "\(best)")
  }

  @Test func boundsHold() {
    let search = SimplexSearch(lower: [2, 0], upper: [3, 1])
    let best = search.minimize(from: [2.5, 0.5], step: [1, 1]) { point in
      #expect((2...3).contains(point[0]) && (0...1).contains(point[1]))
      return point[0] + point[1]
    }
    #expect(abs(best[0] - 2) < 0.01 && abs(best[1]) < 0.01)
  }
}
