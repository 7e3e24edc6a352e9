/// All inputs of a run but the policy. A run is a pure function of the two.
public struct Scenario: Sendable {
  public var cluster: ClusterSpec
  /// One for each instance of the cluster.
  public var costs: [IterationCost]
  public var workload: Workload
  public var options: RunOptions

  public init(
    cluster: ClusterSpec, costs: [IterationCost], workload: Workload,
    options: RunOptions = RunOptions()
  ) {
    precondition(costs.count == cluster.instances.count, "one cost model for each instance")
    self.cluster = cluster
    self.costs = costs
    self.workload = workload
    self.options = options
  }
}

public struct RunOptions: Sendable, Equatable {
  public var seed: UInt64 = 0
  /// Simulated time between samples; nil takes none.
  public var logInterval: SimDuration? = nil
  /// Most moments of the result's time series; nil takes none.
  public var seriesMoments: Int? = nil
  /// Advance one iteration at a time and count each request on its own: slow, same bytes.
  public var stepByStep = false
  /// Verify the KV books after every event.
  public var check = false
  /// Keep the record of each request. Without, the result has their statistics only, where these can be gathered on the
  /// way, and records all the same where they cannot.
  public var keepRecords = true
  /// Keep every inter-token gap (the CSV's ITL column needs it).
  public var keepGaps = false
  /// What the summary that `done` is told counts as good.
  public var targets: GoodputTargets? = nil
  /// Which requests that summary is about. Anything but all takes `keepGaps`.
  public var window = MeasurementWindow.everything
  /// What policies are told about output lengths.
  public var predictor = OutputPredictor.mean
  /// Routers see instances as they were at the last multiple of this; nil shows them as they are.
  public var viewLag: SimDuration? = nil
  /// Who gives the first token of a request that is handed over.
  public var firstToken = FirstTokenSide.prefill
  /// What goes wrong.
  public var faults = FaultPlan()
  public init() {}
}

/// Told about a run while it goes on. Must not influence it.
public protocol RunObserver {
  mutating func sample(_ sample: IntervalSample)
  /// About every few thousand events: how many requests have ended.
  mutating func progress(ended: Int, of total: Int, at now: SimTime)
  /// Whether to be told of each iteration and preemption. A run tells of all iterations only with `stepByStep`.
  var watchesIterations: Bool { get }
  mutating func iterationEnded(_ event: IterationEvent)
  mutating func preempted(_ request: RequestID, on instance: InstanceID, at now: SimTime)
  /// Whether to be told of each record that the run does not keep.
  var watchesRecords: Bool { get }
  /// Requests that have ended, in order of `RequestID`: each once, after all before it. Valid during the call.
  ///
  /// - Parameter reasons: texts of `RequestRecord.reason` so far.
  mutating func ended(_ records: UnsafeBufferPointer<RequestRecord>, reasons: [String])
}

extension RunObserver {
  public var watchesIterations: Bool { false }
  public mutating func iterationEnded(_ event: IterationEvent) {}
  public mutating func preempted(_ request: RequestID, on instance: InstanceID, at now: SimTime) {}
  public var watchesRecords: Bool { false }
  public mutating func ended(_ records: UnsafeBufferPointer<RequestRecord>, reasons: [String]) {}
}

public struct SilentObserver: RunObserver {
  public init() {}
  public mutating func sample(_ sample: IntervalSample) {}
  public mutating func progress(ended: Int, of total: Int, at now: SimTime) {}
}

/// A run that could not go on.
public enum SimulationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The policy did something wrong, or left work waiting for ever. Exit code 3.
  case policy(PolicyError)
  /// Our own bug: a law does not hold. Exit code 1.
  case brokenLaw(String)

  public var description: String {
    switch self {
    case .policy(let error): error.description
    case .brokenLaw(let what): "internal error, please report: \(what)"
    }
  }
}
