/// What a server did second by second, measured or simulated. Entry `i` is of the second that ends at `i + 1`.
public struct SecondSeries: Sendable, Equatable {
  /// Tokens generated during the second.
  public var outputTokens: [Double] = []
  /// Requests in the running set, and those that wait for it, at the end of the second; empty where nobody counted.
  ///
  /// Of requests known by their moments only: those after their first token, and those before it.
  public var running: [Double] = []
  public var waiting: [Double] = []

  public init() {}

  /// Sets the entry of the second that ends at `second`; 0 stands for the moment before the first, and is dropped.
  mutating func set(
    _ quantity: WritableKeyPath<SecondSeries, [Double]>, _ value: Double, second: Int
  ) {
    guard second > 0 else { return }
    let missing = second - self[keyPath: quantity].count
    if missing > 0 {
      self[keyPath: quantity].append(contentsOf: repeatElement(0, count: missing))
    }
    self[keyPath: quantity][second - 1] = value
  }

  private mutating func add(
    _ quantity: WritableKeyPath<SecondSeries, [Double]>, _ value: Double, second: Int
  ) {
    let values = self[keyPath: quantity]
    set(
      quantity, value + (values.indices.contains(second - 1) ? values[second - 1] : 0),
      second: second)
  }
}

extension SecondSeries {
  /// The series of requests of which only the moments are known: tokens are spread evenly between first and last.
  public init(of served: [ServedRequest]) {
    let seconds = served.map { Self.second(of: $0.end) }.max() ?? 0
    outputTokens = Array(repeating: 0, count: seconds)
    running = outputTokens
    waiting = outputTokens
    for request in served {
      var counted = 0.0
      for second in Self.second(of: request.firstToken)...Self.second(of: request.end) {
        let tokens = request.tokens(by: Int64(second) * 1_000_000_000)
        outputTokens[max(1, second) - 1] += tokens - counted
        counted = tokens
      }
      for (quantity, from, to) in [
        (\SecondSeries.waiting, request.arrival, request.firstToken),
        (\SecondSeries.running, request.firstToken, request.end),
      ] {
        // Present at the end of second s: from ≤ s < to.
        var second = Self.second(of: from)
        while Int64(second) * 1_000_000_000 < to.nanoseconds {
          if second > 0 { self[keyPath: quantity][second - 1] += 1 }
          second += 1
        }
      }
    }
  }

  /// The series of a simulated run that took a sample each second, as its servers would count it.
  init(_ result: RunResult) {
    var counted = 0.0
    for (index, sample) in result.samples.enumerated() {
      set(\.running, Double(sample.running.reduce(0, +)), second: index + 1)
      set(
        \.waiting, Double(sample.waiting.reduce(sample.gatewayWaiting, +)), second: index + 1)
      add(\.outputTokens, Double(sample.decodeTokens), second: index + 1)
      counted += Double(sample.decodeTokens)
    }
    // Samples count what decoding made; each first token is a prompt's. The last, unfinished second has no sample.
    var total = 0.0
    for record in result.records where record.outcome == .finished {
      add(\.outputTokens, 1, second: Self.second(of: record.firstToken))
      total += Double(record.outputTokens) - 1
    }
    if total > counted { add(\.outputTokens, total - counted, second: result.samples.count + 1) }
    let seconds = outputTokens.count
    for quantity in [\SecondSeries.running, \SecondSeries.waiting] {
      self[keyPath: quantity] += Array(
        repeating: 0, count: max(0, seconds - self[keyPath: quantity].count))
    }
  }

  /// The second that a moment belongs to: the first whose end is not before it.
  private static func second(of time: SimTime) -> Int {
    Int((time.nanoseconds + 999_999_999) / 1_000_000_000)
  }
}

extension ServedRequest {
  /// Tokens that it had at a moment, spread evenly between first and last.
  fileprivate func tokens(by time: Int64) -> Double {
    guard time < end.nanoseconds, let gap = timePerOutputToken else { return Double(outputTokens) }
    return min(
      (Double(time - firstToken.nanoseconds) / gap).rounded(.down) + 1, Double(outputTokens))
  }
}
