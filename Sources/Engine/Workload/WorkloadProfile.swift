/// What a workload is like, in numbers.
public struct WorkloadProfile: Sendable, Equatable {
  public struct Lengths: Sendable, Equatable {
    public var total = 0
    public var mean = 0.0
    public var min = 0
    /// Nearest rank: the smallest length that at least that share of requests does not exceed.
    public var p50 = 0
    public var p90 = 0
    public var p99 = 0
    public var max = 0
  }

  /// Tokens of a block in which shared prefixes are counted, where the trace has token ids.
  static let blockTokens = 16

  public var requests: Int
  public var sessions: Int
  public var requestsOutsideSessions: Int
  /// Requests that wait for another one's end instead of having an arrival.
  public var followUps: Int
  /// First and last arrival.
  public var first: SimTime
  public var last: SimTime
  /// Arrivals a second between the first and the last; nil where they are at one instant.
  public var rate: Double?
  /// Standard deviation of the gaps between arrivals in units of their mean: 1 is Poisson, more is
  /// bursty. nil where there is no rate.
  public var gapVariation: Double?
  public var prompt: Lengths
  public var output: Lengths
  /// Share of all prompt tokens in whole blocks that an earlier request, with its output, began with
  /// too: what a prefix cache without limits would save. nil where the content is unknown.
  public var prefixShare: Double?

  public init(_ workload: Workload) {
    let arrivals = workload.requests.filter { !$0.followsPrevious }.map(\.arrival).sorted()
    requests = workload.requests.count
    sessions = workload.sessionNames.count
    requestsOutsideSessions = workload.requests.count { $0.session < 0 }
    followUps = requests - arrivals.count
    first = arrivals.first ?? .zero
    last = arrivals.last ?? .zero
    let span = (last - first).seconds
    rate = span > 0 ? Double(arrivals.count - 1) / span : nil
    if let rate {
      // The deviation of each gap from the mean, in units of the mean.
      let squares = zip(arrivals, arrivals.dropFirst()).map { ($1 - $0).seconds * rate - 1 }
        .reduce(0) { $0 + $1 * $1 }
      gapVariation = (squares / Double(arrivals.count - 1)).squareRoot()
    }
    prompt = WorkloadProfile.lengths(workload.requests.map { Int($0.promptTokens) })
    output = WorkloadProfile.lengths(workload.requests.map { Int($0.outputTokens) })
    if !workload.content.isEmpty {
      prefixShare =
        Double(WorkloadProfile.sharedTokens(workload)) / Double(Swift.max(prompt.total, 1))
    }
  }

  private static func lengths(_ values: [Int]) -> Lengths {
    let sorted = values.sorted()
    guard let low = sorted.first, let high = sorted.last else { return Lengths() }
    func rank(_ percent: Int) -> Int { sorted[(sorted.count * percent + 99) / 100 - 1] }
    let total = sorted.reduce(0, +)
    return Lengths(
      total: total, mean: Double(total) / Double(sorted.count), min: low, p50: rank(50),
      p90: rank(90), p99: rank(99), max: high)
  }

  private static func sharedTokens(_ workload: Workload) -> Int {
    /// Hashes of a block and all before it.
    var seen: Set<UInt64> = []
    var shared = 0
    let unit = workload.contentUnit > 1 ? workload.contentUnit : blockTokens
    for request in workload.requests where request.contentCount > 0 {
      let prompt = Int(request.promptTokens)
      let start = Int(request.contentStart)
      var isShared = true
      func visit(_ hash: UInt64, end: Int) {
        if seen.insert(hash).inserted { isShared = false }
        guard isShared else { return }
        if end <= prompt {
          shared += unit
        } else if workload.contentUnit > 1 {
          // The id of a block that is not full stands for what there is of it.
          shared += Swift.max(0, prompt - (end - unit))
        }
      }
      if workload.contentUnit > 1 {
        for block in 0..<Int(request.contentCount) {
          visit(UInt64(workload.content[start + block]), end: (block + 1) * unit)
        }
      } else {
        var hash: UInt64 = 0
        for token in 0..<Int(request.contentCount) {
          hash = mix(hash ^ UInt64(workload.content[start + token]))
          if (token + 1) % unit == 0 { visit(hash, end: token + 1) }
        }
      }
    }
    return shared
  }

  /// The finaliser of splitmix64, with an increment so that 0 does not stay 0.
  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
