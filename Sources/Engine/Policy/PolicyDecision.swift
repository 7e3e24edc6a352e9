/// One answer of a policy, with what it was asked, what it read to answer, and what it said about it.
public struct PolicyDecision: Sendable, Equatable {
  public var time: SimTime
  public var hook: String
  /// File that defines the hook; nil for the engine's own default.
  public var file: String?
  /// What was asked about: a request, or an instance's name.
  public var request: RequestID?
  public var instance: String?
  /// What was read of that request.
  public var read: [Field] = []
  /// What was read of the cluster, and of the step.
  public var clusterRead: [Field] = []
  /// What could be chosen, in the order in which the policy got it.
  public var candidates: [Subject] = []
  /// Other instances and requests that were read.
  public var others: [Subject] = []
  /// Calls of a step, in order.
  public var calls: [Call] = []
  /// The answer in a word: a name, `admit`, `reject: …`, `defer: … s`; nil is to wait, or nothing to choose.
  public var choice: String?
  /// Chosen together with an instance for the prompt.
  public var decode: String?
  /// What `sim.note` said.
  public var notes: [String] = []
  /// Host time, not simulated, of the call.
  public var hostNanoseconds = 0

  public init(time: SimTime, hook: String) {
    self.time = time
    self.hook = hook
  }

  public enum Value: Sendable, Equatable {
    case none
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    /// A list of this many.
    case list(Int)
    /// Something that is no plain value, such as the policy's own state.
    case other
  }

  /// What a field or a method answered; the last answer where it was asked again.
  public struct Field: Sendable, Equatable {
    public var name: String
    public var value: Value
  }

  /// An instance, a request or cached blocks, and what was read of it.
  public struct Subject: Sendable, Equatable {
    /// Name of an instance, or of cached blocks by their place; nil for a request.
    public var instance: String?
    public var request: RequestID?
    /// Place of an instance in the configuration.
    var index: Int32 = -1
    /// Place of cached blocks among the candidates.
    var prefix: Int32 = -1
    public var read: [Field] = []
    /// What choosing it would cost by the engine's own models, where that was asked for.
    public var estimate: SimDuration?

    init(instance: String? = nil, request: RequestID? = nil, index: Int32 = -1) {
      self.instance = instance
      self.request = request
      self.index = index
    }

    init(prefix: Int) {
      instance = "prefix \(prefix + 1)"
      self.prefix = Int32(prefix)
    }

    public var name: String { instance ?? "request \(request?.index ?? -1)" }
  }

  /// What a policy had a step do.
  public struct Call: Sendable, Equatable {
    public var name: String
    public var request: RequestID?
    /// Tokens of a prompt; for `decode_all` the requests that it took.
    public var count: Int?
    /// Why not; nil when it was done.
    public var refusal: String?
  }
}
