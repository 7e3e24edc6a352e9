/// What a run is made of, in the words of its inputs: for the start-up block and the JSON summary.
public struct RunDescription: Sendable {
  public var cluster: ClusterSpec
  /// The cost model of each instance, one line each.
  public var costModels: [String]
  /// Memory of each instance.
  public var memory: [InstanceMemory]
  public var workload: WorkloadDescription
  public var policy: PolicyDescription
  public var seed: UInt64
  /// What the user should know about how inputs were understood, one sentence each.
  public var notes: [String]
  /// Who gives the first token of a request that is handed over.
  public var firstToken = FirstTokenSide.prefill
  /// The command line that repeats the run, without what it leaves behind.
  public var arguments: [String] = []

  public init(
    cluster: ClusterSpec, costModels: [String], memory: [InstanceMemory],
    workload: WorkloadDescription, policy: PolicyDescription, seed: UInt64, notes: [String] = []
  ) {
    self.cluster = cluster
    self.costModels = costModels
    self.memory = memory
    self.workload = workload
    self.policy = policy
    self.seed = seed
    self.notes = notes
  }
}

/// How one instance divides the memory of each of its accelerators.
public struct InstanceMemory: Sendable, Equatable {
  public var kvBlocks: Int
  public var bytesPerBlock: Int
  public var weightBytes: Int

  public init(kvBlocks: Int, bytesPerBlock: Int, weightBytes: Int) {
    self.kvBlocks = kvBlocks
    self.bytesPerBlock = bytesPerBlock
    self.weightBytes = weightBytes
  }
}

public struct WorkloadDescription: Sendable, Equatable {
  /// File or generator, and the format that was recognised.
  public var source: String
  public var format: String
  public var requests: Int
  /// From the first arrival to the last that the trace fixes.
  public var span: SimDuration
  public var promptTokens: Int
  public var outputTokens: Int

  public init(
    source: String, format: String, requests: Int, span: SimDuration, promptTokens: Int,
    outputTokens: Int
  ) {
    self.source = source
    self.format = format
    self.requests = requests
    self.span = span
    self.promptTokens = promptTokens
    self.outputTokens = outputTokens
  }
}

/// A file and the digest of its bytes; empty when it could no longer be read.
public struct SourceFile: Sendable, Equatable {
  public var path: String
  public var sha256: String
  public init(path: String, sha256: String) {
    self.path = path
    self.sha256 = sha256
  }
}

public struct PolicyDescription: Sendable, Equatable {
  public var name: String
  /// Empty for a policy without one.
  public var version: String
  /// In the order given; empty for native defaults.
  public var files: [String]
  /// Every file that was read, required modules included.
  public var sources: [SourceFile] = []
  /// Name and value of each parameter, in the order declared.
  public var parameters: [Parameter]
  /// Hooks that are bound, and how often each was called; 0 before the run.
  public var hooks: [HookCalls]
  /// JSON text of the table that `done` returned; nil without one.
  public var table: String?

  public init(
    name: String, version: String = "", files: [String] = [], parameters: [Parameter] = [],
    hooks: [HookCalls] = [], table: String? = nil
  ) {
    self.name = name
    self.version = version
    self.files = files
    self.parameters = parameters
    self.hooks = hooks
    self.table = table
  }

  /// A parameter and its value as the user would write it.
  public struct Parameter: Sendable, Equatable {
    public var name: String
    public var value: String
    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// A hook, the file that defines it, and its calls.
  public struct HookCalls: Sendable, Equatable {
    public var hook: String
    public var file: String
    public var calls: Int
    public init(hook: String, file: String, calls: Int) {
      self.hook = hook
      self.file = file
      self.calls = calls
    }
  }
}
