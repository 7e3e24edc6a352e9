import Foundation
import Testing

@testable import Engine

/// Laws of time series, run files and what reports make of them, over random scenarios.
@Suite struct ReportTests {
  private static func scenario(_ seed: Int, moments: Int?) -> Scenario {
    var random = RandomScenario(seed: seed)
    var scenario = random.scenario()
    scenario.options.seriesMoments = moments
    return scenario
  }

  private static func record(_ seed: Int) throws -> (text: String, result: RunResult) {
    let scenario = scenario(seed, moments: 40)
    let result = try Simulation.run(scenario)
    let summary = RunSummary(
      result, cluster: scenario.cluster, injected: scenario.workload.requests.count,
      targets: GoodputTargets(ttft: 5, tpot: 1))
    var description = OutputSummaryTests.description
    description.cluster = scenario.cluster
    description.costModels = scenario.cluster.instances.map { _ in "linear" }
    let document = SummaryJSON(
      summary, description: description, result: result, detailed: true, recorded: true)
    return (document.text, result)
  }

  /// Whoever looks must not change what happens.
  @Test(arguments: 0..<150) func seriesLeavesTheRunAsItIs(seed: Int) throws {
    let plain = try Simulation.run(Self.scenario(seed, moments: nil))
    var watched = try Simulation.run(Self.scenario(seed, moments: 24))
    let series = try #require(watched.series)
    watched.series = nil
    #expect(firstDifference(plain, watched) == nil)

    #expect((1...25).contains(series.moments.count))
    for (one, next) in zip(series.moments, series.moments.dropFirst()) {
      #expect(one.time < next.time)
    }
    for moment in series.moments {
      for (instance, totals) in zip(moment.instances, plain.instances) {
        #expect(min(instance.kvUsed, instance.kvReserved, instance.kvInFlight) >= 0)
        #expect(
          instance.kvUsed + instance.kvReserved + instance.kvInFlight <= totals.kvCapacityBlocks)
      }
    }
    // The last moment is the end of the run: everything is counted, and nothing is held.
    for (instance, totals) in zip(series.moments.last?.instances ?? [], plain.instances) {
      #expect(instance.decodeTokens == totals.decodeTokens)
      #expect(instance.prefillTokens == totals.prefillTokens)
      #expect(instance.busy == totals.busy)
      #expect(instance.kvUsed + instance.kvReserved + instance.kvInFlight == 0)
    }
  }

  /// Both ways of counting see the same moments.
  @Test(arguments: 0..<100) func countingStepByStepSeesTheSameMoments(seed: Int) throws {
    var scenario = Self.scenario(seed, moments: 24)
    let lazy = try Simulation.run(scenario).series?.moments
    scenario.options.stepByStep = true
    #expect(try Simulation.run(scenario).series?.moments == lazy)
  }

  @Test func longSeriesStaysShort() {
    var series = TimeSeries(capacity: 10)
    for _ in 0..<5_000 where series.next != .never {
      var moment = ClusterMoment()
      moment.time = series.next
      series.append(moment)
      #expect(series.moments.count < 10)
    }
    let times = series.moments.map(\.time.nanoseconds)
    #expect(times.first == 0)
    #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 == series.interval.nanoseconds })
  }

  /// The stages of the requests that arrived in an interval sum up to their mean latency.
  @Test(arguments: 0..<60) func stagesSumUpToLatency(seed: Int) throws {
    let (text, result) = try Self.record(seed)
    let run = try RunFile(bytes: Array(text.utf8), path: "run.json")
    let grid = TimeGrid(covering: [run])
    let curves = ReportCurves(run: run, grid: grid)
    var latencies = [Double](repeating: 0, count: grid.count)
    var counts = latencies
    for record in result.records {
      guard let latency = record.endToEnd else { continue }
      latencies[grid.place(of: record.arrival.nanoseconds)] += latency.milliseconds
      counts[grid.place(of: record.arrival.nanoseconds)] += 1
    }
    for (bin, means) in curves.stageMeans.enumerated() {
      guard let means else {
        #expect(counts[bin] == 0)
        continue
      }
      let sum = means.reduce(0, +)
      #expect(abs(sum - latencies[bin] / counts[bin]) < 1e-6 * max(1, sum))
    }
    // What arrives is counted once; what is moved is moved whole.
    let arrived = result.records.filter { $0.arrival != .never }.count
    #expect(abs(curves.arrivals.reduce(0, +) * grid.seconds - Double(arrived)) < 1e-6)
    let moved = result.records.reduce(0) { $0 + ($1.transferEnd == .never ? 0 : $1.kvBytes) }
    #expect(
      abs(curves.transferRate.reduce(0, +) * grid.seconds - Double(moved)) <= 1e-9 * Double(moved))
    for metric in ["ttft", "tpot", "itl", "e2el"] {
      let points = curves.distribution(metric)
      #expect(points.isEmpty || points.last?.share == 1)
      for (one, next) in zip(points, points.dropFirst()) {
        #expect(one.value <= next.value && one.share < next.share)
      }
    }
  }

  /// A damaged file is one error with its place, or still a run; never a trap.
  @Test func damagedFilesAreRefused() throws {
    let bytes = Array(try Self.record(3).text.utf8)
    var random = RandomStream(seed: 1, name: "damage")
    var refused = 0
    let junk = Array("-9{}[]\",:e.n0\u{0}\u{7f}".utf8)
    for _ in 0..<1_500 {
      var damaged = bytes
      let place = Int(random.next() % UInt64(bytes.count))
      switch random.next() % 3 {
      case 0: damaged.removeLast(bytes.count - place)
      case 1: damaged[place] = junk[Int(random.next() % UInt64(junk.count))]
      default: damaged.removeSubrange(place..<min(bytes.count, place + 9))
      }
      do {
        let run = try RunFile(bytes: damaged, path: "run.json")
        _ = ReportData([run]).text
      } catch {
        refused += 1
        #expect(error.file == "run.json")
      }
    }
    #expect(refused > 1_000)
  }

  @Test func runsThatAreCalledTheSameAreToldApart() throws {
    let bytes = Array(try Self.record(1).text.utf8)
    let runs = try ["out/a.json", "out/b.json", "b.json"].map {
      try RunFile(bytes: bytes, path: $0)
    }
    #expect(ReportData([runs[0]]).labels == ["least_kv"])
    #expect(ReportData([runs[0], runs[1]]).labels == ["least_kv · a.json", "least_kv · b.json"])
    #expect(Set(ReportData(runs).labels).count == 3)
  }
}
