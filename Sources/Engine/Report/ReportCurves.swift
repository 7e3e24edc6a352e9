/// Curves over the requests of one run: distributions, and what became of them over time.
struct ReportCurves {
  let run: RunFile
  let grid: TimeGrid

  /// Most points of a distribution, and window of the rolling percentile in intervals of the grid. Guess: smooth to the eye.
  private static let mostPoints = 300
  static let windowIntervals = 8

  /// A point of a cumulative distribution: ms, and the share of samples up to it.
  struct Point {
    var value: Double
    var share: Double
  }

  // MARK: Distributions

  func distribution(_ metric: String) -> [Point] {
    if metric == "itl" { return gapDistribution }
    let requests = run.requests
    var samples = ContiguousArray<Double>()
    for row in 0..<requests.count where requests.isMeasured[row] {
      switch metric {
      case "ttft":
        samples.append(
          Double(requests.firstToken[row] - requests.arrival[row] + requests.receipt[row]))
      case "tpot" where requests.outputTokens[row] > 1:
        samples.append(
          Double(requests.end[row] - requests.firstToken[row])
            / Double(requests.outputTokens[row] - 1))
      case "e2el":
        samples.append(Double(requests.end[row] - requests.arrival[row] + requests.receipt[row]))
      default: break
      }
    }
    samples.sort()
    let count = samples.count
    return Self.ranks(of: count).map { rank in
      Point(value: samples[rank] / 1e6, share: Double(rank + 1) / Double(count))
    }
  }

  /// Evenly spaced places in a sorted sample, the first and the last among them.
  private static func ranks(of count: Int) -> [Int] {
    guard count > mostPoints else { return Array(0..<count) }
    return (0..<mostPoints).map { $0 * (count - 1) / (mostPoints - 1) }
  }

  private var gapDistribution: [Point] {
    let total = run.gaps.reduce(0.0) { $0 + Double($1.count) }
    guard total > 0 else { return [] }
    var seen = 0.0
    var last = -1.0
    var points: [Point] = []
    for (place, gap) in run.gaps.enumerated() {
      seen += Double(gap.count)
      // A point where the curve has risen by enough to see, and at both ends.
      let isEnd = place == 0 || place == run.gaps.count - 1
      guard isEnd || seen / total - last >= 1 / Double(Self.mostPoints) else { continue }
      last = seen / total
      points.append(Point(value: Double(gap.value) / 1e6, share: last))
    }
    return points
  }

  // MARK: Over time

  var arrivals: [Double] { grid.rate(of: run.requests.arrival.lazy.filter(isReached)) }

  var completions: [Double] {
    let requests = run.requests
    return grid.rate(
      of: (0..<requests.count).lazy.filter { requests.isFinished[$0] }
        .map { requests.end[$0] })
  }

  /// P99 of TTFT in ms over the requests that arrived in the last `windowIntervals`; nil where none did.
  var rollingTTFT: [Double?] {
    var bins = [ContiguousArray<Double>](repeating: [], count: grid.count)
    for row in 0..<run.requests.count where run.requests.isFinished[row] {
      bins[grid.place(of: run.requests.arrival[row])].append(
        Double(
          run.requests.firstToken[row] - run.requests.arrival[row] + run.requests.receipt[row])
          / 1e6)
    }
    return bins.indices.map { bin in
      var window = ContiguousArray(bins[max(0, bin - Self.windowIntervals + 1)...bin].joined())
      guard !window.isEmpty else { return nil }
      window.sort()
      return percentile(99, ofSorted: window)
    }
  }

  /// Bytes per second on the link.
  var transferRate: [Double] {
    let requests = run.requests
    var bins = [Double](repeating: 0, count: grid.count)
    for row in 0..<requests.count
    where isReached(requests.transferEnd[row]) && isReached(requests.transferStart[row])
      && isReached(requests.kvBytes[row])
    {
      grid.spread(
        Double(requests.kvBytes[row]), from: requests.transferStart[row],
        to: requests.transferEnd[row], into: &bins)
    }
    return bins.map { $0 / grid.seconds }
  }

  /// Where the time of finished requests went: names of the stages, and for each interval of arrivals the mean ms in each.
  ///
  /// The stages of a request sum up to its latency. Nil where no request arrived.
  static let stages = [
    "queue", "prefill", "KV wait", "transfer", "decode queue", "decode", "receipt",
  ]

  var stageMeans: [[Double]?] {
    let requests = run.requests
    var sums = [[Double]](
      repeating: Array(repeating: 0, count: Self.stages.count), count: grid.count)
    var counts = [Int](repeating: 0, count: grid.count)
    for row in 0..<requests.count where requests.isFinished[row] {
      let bin = grid.place(of: requests.arrival[row])
      counts[bin] += 1
      // A stage that was not reached takes no time: the next one begins where it would have.
      var from = requests.arrival[row]
      let ends = [
        requests.prefillStart[row], requests.prefillEnd[row], requests.transferStart[row],
        requests.transferEnd[row], requests.decodeStart[row], requests.end[row],
      ]
      for (stage, end) in ends.enumerated() where isReached(end) {
        sums[bin][stage] += Double(end - from) / 1e6
        from = end
      }
      sums[bin][ends.count] += Double(requests.receipt[row]) / 1e6
    }
    return zip(sums, counts).map { sum, count in
      count > 0 ? sum.map { $0 / Double(count) } : nil
    }
  }

  private func isReached(_ moment: Int64) -> Bool { moment != RunFile.Requests.absent }
}
