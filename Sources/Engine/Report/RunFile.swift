/// A run as its file tells it: what `simhost --run FILE.json` has written, checked.
///
/// Nothing in it is trusted: numbers are bounded, columns have one length, moments are in order.
public struct RunFile: Sendable {
  public var path: String
  /// Name and number, of those fields of the summary that tables show; nil is `null` in the file.
  var numbers: [(name: String, value: Double?)]
  var bottleneck: String
  var conservation: [(name: String, count: Int)]
  var rejections: [(reason: String, count: Int)]
  var slo: [Objective]
  /// Share of requests that kept all objectives.
  var sloShare: Double?
  var instances: [InstanceRow]
  var made: Provenance
  var requests: Requests
  /// Gaps between tokens: a value in ns, and how often it occurred.
  var gaps: [(value: Int64, count: Int)]
  var series: Series?

  /// An objective in ms, and the share of requests that kept it.
  struct Objective: Sendable {
    /// `ttft`, `tpot` or `e2el`.
    var name: String
    var limit: Double
    var share: Double
  }

  struct InstanceRow: Sendable {
    var name: String
    var role: String
    var utilization: Double
    var kvPeak: Double
    var kvCapacityBlocks: Int
    var iterations: Int
    var preemptions: Int
  }

  /// Inputs of the run, and what the policy said of itself.
  struct Provenance: Sendable {
    var seed: String
    var cluster: String
    var workload: String
    var policy: String
    var version: String
    var files: [String]
    var parameters: [(name: String, value: String)]
    var hooks: [(hook: String, calls: Int)]
    var notes: [String]
  }

  /// Columns in ns with an entry for each request; `absent` is "not reached".
  struct Requests: Sendable {
    static let absent = Int64.min
    var count = 0
    var isFinished: ContiguousArray<Bool> = []
    /// Finished, and within the measurement window: what distributions are of.
    var isMeasured: ContiguousArray<Bool> = []
    var arrival: ContiguousArray<Int64> = []
    var prefillStart: ContiguousArray<Int64> = []
    /// End of the prompt: the first token too, unless the decode side gave it.
    var prefillEnd: ContiguousArray<Int64> = []
    var firstToken: ContiguousArray<Int64> = []
    var transferStart: ContiguousArray<Int64> = []
    var transferEnd: ContiguousArray<Int64> = []
    var decodeStart: ContiguousArray<Int64> = []
    var end: ContiguousArray<Int64> = []
    /// From the end of an iteration until the client had its token.
    var receipt: ContiguousArray<Int64> = []
    var kvBytes: ContiguousArray<Int64> = []
    var outputTokens: ContiguousArray<Int64> = []
  }

  /// The cluster over time: a column for each quantity.
  struct Series: Sendable {
    var time: ContiguousArray<Int64>
    var gatewayWaiting: ContiguousArray<Int64>
    var transfers: ContiguousArray<Int64>
    /// For each instance, its columns in the order of `SummaryJSON.instanceColumns`.
    var instances: [[ContiguousArray<Int64>]]
  }
}
