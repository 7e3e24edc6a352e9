/// Collects requests while a trace is read, and refuses what no simulation could use.
///
/// Readers turn text into numbers; the limits, the order of arrivals and the counts of what was
/// left out are here, so that every format has the same.
struct WorkloadBuilder {
  /// Most tokens of a prompt or an answer; a guess, a thousand times the longest context of today's
  /// models.
  static let maxTokens = 100_000_000
  /// Latest arrival: 100 years in nanoseconds, a third of what 64 bits hold.
  static let maxTime: Int64 = 100 * 365 * 86_400 * 1_000_000_000
  /// Most requests: 5 GB of memory, and ids that fit 32 bits.
  static let maxRequests = 100_000_000
  /// Most entries of `Workload.content`: 4 GB of memory, and indices that fit 32 bits.
  static let maxContent = 1_000_000_000

  let file: String
  let options: WorkloadLoadOptions
  /// Key or column with the arrival, for messages.
  let arrivalKey: String
  /// Line being read, 1-based.
  var line = 0
  /// Path of the object being read, such as `sub_requests[2].`, for messages.
  var keyPrefix = ""
  var workload: Workload

  /// Requests or sessions taken so far.
  private(set) var arrivals = 0
  private var lastArrival: Int64 = 0
  private var sessions: [String: SessionEntry] = [:]

  private var knownTraits: [RequestTraits: Int32] = [:]

  private var withoutPrompt = 0
  private var withoutOutput = 0
  private var failed = 0

  private struct SessionEntry {
    var index: Int32
    var turns: Int32
  }

  init(file: String, format: TraceFormat, options: WorkloadLoadOptions) {
    self.file = file
    self.options = options
    arrivalKey = format.arrivalKey
    workload = Workload(source: file, format: format.name)
  }

  /// As many requests or sessions as the user asked for have been read.
  var isFull: Bool {
    if let limit = options.limit { arrivals >= limit } else { false }
  }

  // MARK: Requests

  /// Adds a row of a trace of real traffic, where zeros occur.
  ///
  /// A row without prompt tokens is left out and counted. A row without output tokens still costs
  /// its prompt: its output is raised to 1 token and counted.
  mutating func addRow(_ request: WorkloadRequest) throws(InputError) {
    var request = request
    if request.promptTokens == 0 {
      withoutPrompt += 1
      workload.content.removeLast(Int(request.contentCount))
      return
    }
    if request.outputTokens == 0 {
      withoutOutput += 1
      request.outputTokens = 1
    }
    try add(request)
  }

  /// Counts a row that stands for a request that failed where it was recorded.
  mutating func skipFailure() { failed += 1 }

  /// Adds a request, or the first call of a session.
  mutating func add(_ request: WorkloadRequest) throws(InputError) {
    let arrival = request.arrival.nanoseconds
    if arrivals > 0, arrival < lastArrival, !options.sortArrivals, options.arrivals == nil {
      throw error(
        arrivalKey, "is earlier than that of the request before",
        suggestion: "sort the file by arrival, or let --sort-arrivals do it")
    }
    lastArrival = arrival
    arrivals += 1
    try append(request)
  }

  /// Adds a later call of a session behind its predecessor.
  mutating func addCall(_ request: WorkloadRequest) throws(InputError) {
    try append(request)
  }

  private mutating func append(_ request: WorkloadRequest) throws(InputError) {
    guard workload.requests.count < WorkloadBuilder.maxRequests else {
      throw error(
        nil, "is beyond the first \(WorkloadBuilder.maxRequests) requests",
        suggestion: "read a part of the trace with --num-reqs")
    }
    workload.requests.append(request)
  }

  // MARK: Sessions

  /// Opens a session whose name must be new.
  mutating func newSession(named name: String, key: String) throws(InputError) -> Int32 {
    guard sessions[name] == nil else {
      throw error(key, "`\(name)` names a second session", expected: "a name of its own")
    }
    return nextTurn(ofSession: name).session
  }

  /// The session of that name and its next turn; opens the session with turn 0.
  mutating func nextTurn(ofSession name: String) -> (session: Int32, turn: Int32) {
    if let entry = sessions[name] {
      sessions[name]?.turns += 1
      return (entry.index, entry.turns)
    }
    let index = Int32(workload.sessionNames.count)
    workload.sessionNames.append(name)
    sessions[name] = SessionEntry(index: index, turns: 1)
    return (index, 0)
  }

  /// Index of these traits; −1 for none at all.
  mutating func index(of traits: RequestTraits) -> Int32 {
    if traits == RequestTraits() { return -1 }
    if let known = knownTraits[traits] { return known }
    let index = Int32(workload.traits.count)
    workload.traits.append(traits)
    knownTraits[traits] = index
    return index
  }

  // MARK: Checked values

  /// A count of tokens, 0 or more.
  func tokens(_ number: DecimalNumber, _ key: String) throws(InputError) -> Int {
    if number.isNegative { throw error(key, "is negative", expected: "a number of tokens") }
    guard let count = number.whole else {
      throw error(key, "is not a whole number in range", expected: "a number of tokens")
    }
    guard count <= WorkloadBuilder.maxTokens else {
      throw error(key, "is \(count)", expected: "at most \(WorkloadBuilder.maxTokens) tokens")
    }
    return Int(count)
  }

  /// A time in nanoseconds from a number in units of 10^`power` ns.
  func time(_ number: DecimalNumber, unit power: Int, _ key: String) throws(InputError) -> Int64 {
    if number.isNegative { throw error(key, "is negative", expected: "0 or later") }
    guard let time = number.scaled(byPowerOfTen: power), time <= WorkloadBuilder.maxTime else {
      throw error(key, "is more than 100 years", expected: "a time within 100 years")
    }
    return time
  }

  /// Call once for each line that added ids to `workload.content`.
  func checkContent(_ key: String) throws(InputError) {
    guard workload.content.count <= WorkloadBuilder.maxContent else {
      throw error(
        key, "is beyond the first \(WorkloadBuilder.maxContent) ids",
        suggestion: "read a part of the trace with --num-reqs")
    }
  }

  /// An error at the line being read.
  func error(
    _ key: String?, _ problem: String, expected: String? = nil, suggestion: String? = nil
  ) -> InputError {
    InputError(
      file: file, line: line, key: key.map { keyPrefix + $0 }, problem: problem, expected: expected,
      suggestion: suggestion)
  }

  // MARK: The end

  /// The workload, with arrivals as the options ask for them.
  consuming func finish(format: TraceFormat) throws(InputError) -> Workload {
    guard !workload.requests.isEmpty else {
      throw InputError(
        file: file,
        problem: failed + withoutPrompt > 0 ? "every row was skipped" : "has no requests",
        expected: "at least one request")
    }
    noteCounts()
    if options.sortArrivals { workload.sortByArrival() }
    if format.startsAtFirstRow { try workload.startAtZero(file: file) }
    if let arrivals = options.arrivals {
      try workload.replaceArrivals(arrivals, seed: options.seed, file: file)
    }
    if options.speedup != 1 { try workload.speedUp(by: options.speedup, file: file) }
    return workload
  }

  private mutating func noteCounts() {
    func rows(_ count: Int) -> String { count == 1 ? "1 row" : "\(count) rows" }
    if failed > 0 { workload.notes.append("\(rows(failed)) of failed requests skipped") }
    if withoutPrompt > 0 {
      workload.notes.append("\(rows(withoutPrompt)) without prompt tokens skipped")
    }
    if withoutOutput > 0 {
      workload.notes.append("\(rows(withoutOutput)) with 0 output tokens raised to 1")
    }
  }
}
