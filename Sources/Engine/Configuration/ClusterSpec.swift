/// A cluster as its JSON file describes it, validated, with defaults filled in.
public struct ClusterSpec: Sendable {
  /// File it came from, for messages.
  public var source: String
  public var link: LinkSpec
  public var nodes: [NodeSpec]
  /// All instances in configuration order: node by node.
  public var instances: [InstanceSpec]
  public var kvTransfer = KVTransferSpec()
  /// nil is one link between any two instances: `link`.
  public var network: NetworkSpec? = nil
  public var scaling = ScalingSpec()
  public var migration = MigrationSpec()
  /// nil keeps KV blocks on accelerators alone.
  public var kvTiers: KVTierSpec? = nil

  public init(source: String, link: LinkSpec, nodes: [NodeSpec], instances: [InstanceSpec]) {
    self.source = source
    self.link = link
    self.nodes = nodes
    self.instances = instances
  }
}

/// The inter-link between instances: `link_bw` and `link_latency`.
public struct LinkSpec: Sendable, Equatable {
  /// GiB/s: a `link_bw` of 16 moves 17.179869184 bytes each nanosecond.
  public var bandwidth: Double
  public var latency: SimDuration

  public init(bandwidth: Double, latency: SimDuration) {
    self.bandwidth = bandwidth
    self.latency = latency
  }

  public var bytesPerNanosecond: Double { bandwidth * 1_073_741_824 / 1e9 }
}

public struct NodeSpec: Sendable, Equatable {
  public var cpuMemory: MemorySpec
  public init(cpuMemory: MemorySpec) { self.cpuMemory = cpuMemory }
}

/// `mem_size` (GiB), `mem_bw` (10^9 bytes/s), `mem_latency` (ns).
public struct MemorySpec: Sendable, Equatable {
  public var sizeGiB: Double
  public var bandwidth: Double
  public var latency: Double

  public init(sizeGiB: Double, bandwidth: Double, latency: Double) {
    self.sizeGiB = sizeGiB
    self.bandwidth = bandwidth
    self.latency = latency
  }
}

/// What an instance does. `mixed` is `pd_type: null`.
public enum InstanceRole: String, Sendable, CaseIterable {
  case prefill, decode, mixed
  /// May prompts be computed here?
  public var takesPrompts: Bool { self != .decode }
  /// May tokens after the first be computed here?
  public var takesDecodes: Bool { self != .prefill }
}

/// One serving instance: a model on `tpSize` accelerators.
public struct InstanceSpec: Sendable {
  /// Unique, such as `prefill/0`: role and place among the instances of that role.
  public var name: String
  public var node: Int
  public var role: InstanceRole
  public var model: ModelSpec
  /// Name of the accelerator, such as `RTXPRO6000`.
  public var hardware: String
  /// Memory of each accelerator.
  public var npuMemory: MemorySpec
  /// Fraction of accelerator memory given to weights and KV cache, in (0, 1].
  public var memoryUtilization: Double
  public var tpSize: Int
  public var weightType: NumberFormat
  public var kvType: NumberFormat
  public var limits: SchedulerLimits
  /// KV blocks as its server reported them; nil computes them from memory.
  public var kvBlocks: Int? = nil
  /// Engine and host; nil is kernels alone.
  public var platform: PlatformSpec? = nil
  /// Off until a policy starts it.
  public var isStandby = false

  public init(
    name: String, node: Int, role: InstanceRole, model: ModelSpec, hardware: String,
    npuMemory: MemorySpec, memoryUtilization: Double = 0.9, tpSize: Int = 1,
    weightType: NumberFormat = .bfloat16, kvType: NumberFormat = .bfloat16,
    limits: SchedulerLimits = SchedulerLimits()
  ) {
    self.name = name
    self.node = node
    self.role = role
    self.model = model
    self.hardware = hardware
    self.npuMemory = npuMemory
    self.memoryUtilization = memoryUtilization
    self.tpSize = tpSize
    self.weightType = weightType
    self.kvType = kvType
    self.limits = limits
  }
}

/// Number format of weights or KV cache.
public enum NumberFormat: String, Sendable, CaseIterable {
  case float16, bfloat16, float32, fp8, int8
  public var bytes: Int {
    switch self {
    case .float16, .bfloat16: 2
    case .float32: 4
    case .fp8, .int8: 1
    }
  }
}

/// Limits of the vLLM V1 scheduler on one instance; the defaults are those of the reference simulator.
public struct SchedulerLimits: Sendable, Equatable {
  /// Most requests in the running set.
  public var maxNumSeqs = 128
  /// Most tokens computed in one iteration.
  public var maxNumBatchedTokens = 2048
  /// Most prompt tokens of one request in one iteration; 0 is no limit.
  public var longPrefillTokenThreshold = 0
  /// Tokens in a KV block.
  public var blockSize = 16
  public var enableChunkedPrefill = true
  public var enablePrefixCaching = true
  /// Admit a prompt only when blocks for all of it are free.
  public var reserveFullISL = true

  public init() {}
}
