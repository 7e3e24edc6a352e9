/// A run on real hardware, as far as it was recorded: what a simulation of it is compared with.
///
/// Time 0 is that of the recorder's series where there is one, and the first arrival elsewhere.
public struct MeasuredRun: Sendable {
  /// File or folder it came from, for messages.
  public var source: String
  /// As users know it, such as `vLLM run`.
  public var format: String
  /// The requests as they arrived; empty where only a series was recorded, until `replay` names them.
  public var workload: Workload
  /// What became of each request of `workload`, in its order; empty where only a series was recorded.
  public var served: [ServedRequest] = []
  /// What the server counted each second; nil where it did not.
  public var series: SecondSeries? = nil
  public var settings = Settings()
  /// What the user should be told about the reading.
  public var notes: [String] = []

  /// How the server was set up, where the record says so.
  public struct Settings: Sendable, Equatable {
    /// Such as `vLLM 0.19.0`.
    public var server: String? = nil
    public var model: String? = nil
    /// The trace that was served, as the server's files name it.
    public var dataset: String? = nil
    public var tensorParallelSize: Int? = nil
    public var maxNumSeqs: Int? = nil
    public var maxNumBatchedTokens: Int? = nil
    public var blockSize: Int? = nil
    /// KV blocks that the server allocated, over all accelerators of the instance.
    public var kvBlocks: Int? = nil
    public init() {}
  }

  init(source: String, format: String) {
    self.source = source
    self.format = format
    workload = Workload(source: source, format: format)
  }
}

/// The moments of one request that its user notices, measured or simulated.
public struct ServedRequest: Sendable, Equatable {
  public var arrival: SimTime
  public var firstToken: SimTime
  /// Its last token.
  public var end: SimTime
  public var outputTokens: Int

  public init(arrival: SimTime, firstToken: SimTime, end: SimTime, outputTokens: Int) {
    self.arrival = arrival
    self.firstToken = firstToken
    self.end = end
    self.outputTokens = outputTokens
  }

  /// Nanoseconds.
  var timeToFirstToken: Double { Double((firstToken - arrival).nanoseconds) }
  var latency: Double { Double((end - arrival).nanoseconds) }
  /// Mean gap between its tokens, in nanoseconds; nil for a single token.
  var timePerOutputToken: Double? {
    outputTokens > 1
      ? Double((end - firstToken).nanoseconds) / Double(outputTokens - 1) : nil
  }
}

extension MeasuredRun {
  /// Takes from a trace what the record lacks: the requests of a run of which only a series is known, or the content
  /// of prompts, which decides what a prefix cache finds.
  ///
  /// - Throws: when the trace is not of this run: its requests are others in number or length.
  public mutating func replay(_ trace: Workload) throws(InputError) {
    guard !served.isEmpty else {
      workload = trace
      return
    }
    guard trace.requests.count >= workload.requests.count else {
      throw InputError(
        file: trace.source, problem: "has \(trace.requests.count) requests",
        expected: "\(workload.requests.count), those of \(source)")
    }
    for index in workload.requests.indices {
      var request = trace.requests[index]
      let measured = workload.requests[index]
      guard request.promptTokens == measured.promptTokens,
        request.outputTokens == measured.outputTokens, !request.followsPrevious
      else {
        throw InputError(
          file: trace.source, key: "request \(index)",
          problem: "has \(request.promptTokens) and \(request.outputTokens) tokens",
          expected: "\(measured.promptTokens) and \(measured.outputTokens), as in \(source)")
      }
      request.arrival = measured.arrival
      workload.requests[index] = request
    }
    workload.content = trace.content
    workload.contentUnit = trace.contentUnit
    workload.sessionNames = trace.sessionNames
  }
}
