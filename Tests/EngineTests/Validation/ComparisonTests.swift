import Testing

@testable import Engine

@Suite struct ComparisonTests {
  private static func request(
    _ arrival: Double, _ first: Double, _ end: Double, _ tokens: Int
  ) -> ServedRequest {
    func time(_ seconds: Double) -> SimTime { SimTime(nanoseconds: Int64(seconds * 1e9)) }
    return ServedRequest(
      arrival: time(arrival), firstToken: time(first), end: time(end), outputTokens: tokens)
  }

  @Test func seriesOfMomentsCountTokensAndRequests() {
    // Tokens of the first at 0.5, 1.5, 2.5, 3.5 s; of the second at 3 s, the end of the third second.
    let series = SecondSeries(of: [Self.request(0, 0.5, 3.5, 4), Self.request(1, 3, 3, 1)])
    #expect(series.outputTokens == [1, 1, 2, 1])
    #expect(series.running == [1, 1, 1, 0])
    #expect(series.waiting == [1, 1, 0, 0])
  }

  @Test func tokensAreNeitherLostNorInvented() {
    for seed in 0..<200 {
      var random = RandomScenario(seed: seed)
      let served = (0..<random.number(1...20)).map { _ in
        let arrival = Double(random.number(0...50)) / 10
        let first = arrival + Double(random.number(0...40)) / 10
        let tokens = random.number(1...30)
        let end = tokens == 1 ? first : first + Double(random.number(1...90)) / 7
        return Self.request(arrival, first, end, tokens)
      }
      let series = SecondSeries(of: served)
      #expect(
        series.outputTokens.reduce(0, +) == Double(served.reduce(0) { $0 + $1.outputTokens }),
        "seed \(seed)")
      for (index, running) in series.running.enumerated() {
        let moment = SimTime(nanoseconds: Int64(index + 1) * 1_000_000_000)
        #expect(
          running == Double(served.count { $0.firstToken <= moment && moment < $0.end }),
          "seed \(seed), second \(index + 1)")
        #expect(
          series.waiting[index]
            == Double(served.count { $0.arrival <= moment && moment < $0.firstToken }),
          "seed \(seed), second \(index + 1)")
      }
    }
  }

  /// Each prompt of 10 takes an iteration of 1,000 + 10 · 10 ns, each later token one of 1,000 ns.
  @Test func errorsAreRelativeToWhatWasMeasured() throws {
    var run = MeasuredRun(source: "test", format: "test")
    run.workload.requests = [
      WorkloadRequest(arrival: .zero, promptTokens: 10, outputTokens: 3)
    ]
    run.served = [
      ServedRequest(
        arrival: .zero, firstToken: SimTime(nanoseconds: 2200), end: SimTime(nanoseconds: 6200),
        outputTokens: 3)
    ]
    let cluster = RandomScenario.cluster([RandomScenario.instance("mixed/0", .mixed, blocks: 100)])
    let cost = LinearCost(base: 1000, perPrefillToken: 10, perDecodeRequest: 0)
    let comparison = try Validation.simulate(run, on: cluster, costs: [.linear(cost)]).comparison
    // TTFT 1,100 for 2,200 ns; TPOT 1,000 for 2,000 ns; latency 3,100 for 6,200 ns.
    for name in ["TTFT Mean", "TPOT P99", "Latency Median", "Makespan"] {
      #expect(comparison.row(name)?.error == -0.5, "\(name)")
    }
    #expect(comparison.row("Output throughput")?.error == 1)
    #expect(comparison.row("TTFT Mean")?.measured == 0.0022)
  }

  @Test func theRecordSetsLimitsThatNoFlagNames() {
    var settings = MeasuredRun.Settings()
    settings.maxNumSeqs = 77
    settings.maxNumBatchedTokens = 4096
    var given = InstanceDefaults()
    given.limits.maxNumBatchedTokens = 512
    let defaults = Validation.defaults(settings, otherwise: given)
    #expect(defaults.limits.maxNumSeqs == 77)
    #expect(defaults.limits.maxNumBatchedTokens == 512)
  }

  @Test func thePictureIsTextThatCannotBreakOut() {
    var run = MeasuredRun(source: "test", format: "test")
    run.served = [Self.request(0, 1, 2, 2)]
    let plot = ComparisonPlot(Comparison(run, RunResult()), title: "a<b>&\u{1B}").text
    #expect(plot.contains("a&lt;b&gt;&amp;?"))
    #expect(plot.hasPrefix("<svg") && plot.hasSuffix("</svg>\n"))
    #expect(plot.matches(of: /<polyline/).count == 12)
    #expect(!plot.contains("nan") && !plot.contains("inf"))
  }
}
