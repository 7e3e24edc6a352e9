/// Where KV blocks are kept that an accelerator's prefix cache has no room for: `kv_tiers` of a cluster file.
///
/// Sources: vLLM's KV offloading connector, https://docs.vllm.ai; Mooncake's pool of CPU memory and SSDs,
/// https://arxiv.org/abs/2407.00079, section 3.
public struct KVTierSpec: Sendable, Equatable {
  /// One for each node; its link is shared by all instances of the node, each direction on its own.
  public struct Tier: Sendable, Equatable {
    public var sizeGiB: Double
    public var link: LinkSpec

    public init(sizeGiB: Double, link: LinkSpec) {
      self.sizeGiB = sizeGiB
      self.link = link
    }
  }

  /// When blocks are written to CPU memory.
  public enum Writes: String, Sendable, CaseIterable {
    /// As soon as they are full.
    case through
    /// When the accelerator's memory needs their place.
    case back
  }

  /// Who finds what a node keeps.
  public enum Scope: String, Sendable, CaseIterable {
    /// Its own instances.
    case node
    /// All instances, over the network.
    case cluster
  }

  /// CPU memory, behind PCIe.
  public var cpu: Tier
  /// Takes what CPU memory has no room for; nil is nowhere.
  public var ssd: Tier?
  public var writes: Writes
  public var scope: Scope

  public init(cpu: Tier, ssd: Tier? = nil, writes: Writes = .through, scope: Scope = .node) {
    self.cpu = cpu
    self.ssd = ssd
    self.writes = writes
    self.scope = scope
  }

  /// In a few words, for people.
  public var summary: String {
    var words = "\(cpu.sizeGiB) GiB of CPU memory a node, write-\(writes.rawValue)"
    if let ssd { words += ", \(ssd.sizeGiB) GiB of SSD behind it" }
    return scope == .cluster ? words + ", for the whole cluster" : words
  }
}

extension KVTierSpec {
  init(_ node: JSONNode) throws(InputError) {
    let object = try node.object(keys: ["cpu", "ssd", "write", "scope"])
    cpu = try Tier(object.required("cpu"))
    ssd = try object.present("ssd").map { node throws(InputError) in try Tier(node) }
    let writes = try object.present("write")?.word(among: Writes.allCases.map(\.rawValue))
    self.writes = writes.flatMap { Writes(rawValue: $0) } ?? .through
    let scope = try object.present("scope")?.word(among: Scope.allCases.map(\.rawValue))
    self.scope = scope.flatMap { Scope(rawValue: $0) } ?? .node
  }

  /// Blocks have one meaning: refuses instances whose blocks others could not read, or that have none to find.
  func check(_ instances: [InstanceSpec], _ node: JSONNode) throws(InputError) {
    guard let first = instances.first else { return }
    for instance in instances {
      guard instance.model.name == first.model.name, instance.kvType == first.kvType,
        instance.limits.blockSize == first.limits.blockSize
      else {
        throw node.error(
          "\(instance.name) has other KV blocks than \(first.name)",
          expected: "instances of one model, block_size and kv_cache_dtype")
      }
      guard instance.limits.enablePrefixCaching else {
        throw node.error(
          "\(instance.name) finds no cached blocks",
          expected: "enable_prefix_caching on all instances",
          suggestion: "add --enable-prefix-caching")
      }
    }
  }
}

extension KVTierSpec.Tier {
  fileprivate init(_ node: JSONNode) throws(InputError) {
    let object = try node.object(keys: ["size", "bw", "latency"])
    self.init(
      sizeGiB: try object.required("size")
        .number(.leastNonzeroMagnitude...1e6, "a number of GiB above 0, at most 1e6"),
      link: LinkSpec(
        bandwidth: try object.required("bw").bandwidth(),
        latency: try object.present("latency")?.latency() ?? .zero))
  }
}
