/// Service level objectives of the whole run, as `--goodput ttft:200 tpot:50 e2el:5000` gives them.
///
/// Source: the option of the same name of vLLM's serving benchmark.
public struct GoodputTargets: Sendable, Equatable {
  /// Milliseconds; nil is no objective.
  public var ttft: Double?
  public var tpot: Double?
  public var endToEnd: Double?

  public init(ttft: Double? = nil, tpot: Double? = nil, endToEnd: Double? = nil) {
    self.ttft = ttft
    self.tpot = tpot
    self.endToEnd = endToEnd
  }

  /// Reads `name:milliseconds` pairs, separated by blanks or as separate arguments.
  ///
  /// Names are vLLM's (`ttft`, `tpot`, `e2el`) or AIPerf's (`time_to_first_token`, `inter_token_latency`,
  /// `request_latency`).
  public init(parsing arguments: [String]) throws(InputError) {
    func refuse(_ text: some StringProtocol, _ problem: String, _ expected: String) -> InputError {
      InputError(file: "--goodput", key: String(text), problem: problem, expected: expected)
    }
    var pairs = 0
    for pair in arguments.flatMap({ $0.split(whereSeparator: \.isWhitespace) }) {
      let parts = pair.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2 else {
        throw refuse(pair, "is not a pair", "name:milliseconds, such as ttft:200")
      }
      guard let limit = Double(parts[1]), limit.isFinite, limit >= 0 else {
        throw refuse(pair, "\(parts[1]) is not a duration", "milliseconds, 0 or more")
      }
      let target: WritableKeyPath<GoodputTargets, Double?>
      switch parts[0] {
      case "ttft", "time_to_first_token": target = \.ttft
      case "tpot", "inter_token_latency": target = \.tpot
      case "e2el", "request_latency": target = \.endToEnd
      default: throw refuse(pair, "\(parts[0]) is not an objective", "ttft, tpot or e2el")
      }
      guard self[keyPath: target] == nil else {
        throw refuse(pair, "is given twice", "one value for each objective")
      }
      self[keyPath: target] = limit
      pairs += 1
    }
    guard pairs > 0 else {
      throw InputError(
        file: "--goodput", problem: "names no objective", expected: "such as ttft:200 tpot:50")
    }
  }

  /// Whether the request kept all objectives; a request that did not finish keeps none.
  ///
  /// A request with one token has no gap, so that it keeps any `tpot`.
  public func areMet(by record: RequestRecord) -> Bool {
    guard record.outcome == .finished else { return false }
    return meetsTTFT(record) && meetsTPOT(record) && meetsEndToEnd(record)
  }

  fileprivate func meetsTTFT(_ record: RequestRecord) -> Bool {
    isMet(ttft, by: record.timeToFirstToken.map { Double($0.nanoseconds) })
  }

  fileprivate func meetsTPOT(_ record: RequestRecord) -> Bool {
    isMet(tpot, by: record.nanosecondsPerOutputToken ?? 0)
  }

  fileprivate func meetsEndToEnd(_ record: RequestRecord) -> Bool {
    isMet(endToEnd, by: record.endToEnd.map { Double($0.nanoseconds) })
  }

  /// All of them this many times as long.
  public func scaled(by factor: Double) -> GoodputTargets {
    GoodputTargets(
      ttft: ttft.map { $0 * factor }, tpot: tpot.map { $0 * factor },
      endToEnd: endToEnd.map { $0 * factor })
  }

  private func isMet(_ limit: Double?, by nanoseconds: Double?) -> Bool {
    guard let limit else { return true }
    guard let nanoseconds else { return false }
    return nanoseconds / 1e6 <= limit
  }
}

/// How many requests were served as well as they should be.
public struct Goodput: Sendable, Equatable {
  public var targets: GoodputTargets
  /// Finished requests that kept all objectives.
  public var good = 0
  /// Of those in a second.
  public var requestsPerSecond = 0.0
  /// Share of all requests of the workload that kept the objective, in 0...1; nil where there is no objective.
  public var ttftShare: Double?
  public var tpotShare: Double?
  public var endToEndShare: Double?
  public var share = 0.0

  init(_ count: GoodputCount, injected: Int, duration: SimDuration) {
    targets = count.targets
    func share(_ kept: Int) -> Double { injected > 0 ? Double(kept) / Double(injected) : 0 }
    good = count.good
    self.share = share(good)
    if duration > .zero { requestsPerSecond = Double(good) / duration.seconds }
    ttftShare = targets.ttft.map { _ in share(count.ttft) }
    tpotShare = targets.tpot.map { _ in share(count.tpot) }
    endToEndShare = targets.endToEnd.map { _ in share(count.endToEnd) }
  }
}

/// Finished requests that kept all objectives, and each of them.
struct GoodputCount: Sendable, Equatable {
  let targets: GoodputTargets
  private(set) var good = 0
  private(set) var ttft = 0
  private(set) var tpot = 0
  private(set) var endToEnd = 0

  init(_ targets: GoodputTargets) { self.targets = targets }

  mutating func add(_ record: RequestRecord) {
    guard record.outcome == .finished else { return }
    let kept = (targets.meetsTTFT(record), targets.meetsTPOT(record), targets.meetsEndToEnd(record))
    if kept.0 { ttft += 1 }
    if kept.1 { tpot += 1 }
    if kept.2 { endToEnd += 1 }
    if kept.0, kept.1, kept.2 { good += 1 }
  }
}
