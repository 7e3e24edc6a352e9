/// Reads the instances of a cluster file, one after the other.
struct InstanceReader {
  let defaults: InstanceDefaults
  let catalog: ModelCatalog
  let platforms: PlatformCatalog
  /// Those read so far, each with the place it came from.
  private(set) var instances: [(spec: InstanceSpec, node: JSONNode)] = []
  private var models: [ModelSpec] = []
  /// Instances read so far of each role, in the order of `InstanceRole.allCases`.
  private var roleCounts = [0, 0, 0]

  init(defaults: InstanceDefaults, catalog: ModelCatalog, platforms: PlatformCatalog) {
    self.defaults = defaults
    self.catalog = catalog
    self.platforms = platforms
  }

  static let keys =
    [
      "model_name", "hardware", "npu_mem", "pd_type", "num_npus", "tp_size", "pp_size", "ep_size",
      "dp_group", "placement", "max_num_seqs", "max_num_batched_tokens",
      "long_prefill_token_threshold", "block_size", "dtype", "kv_cache_dtype",
      "enable_chunked_prefill", "enable_prefix_caching", "reserve_full_isl", "enable_block_copy",
      "num_gpu_blocks", "platform", "standby",
    ] + offloadingKeys

  /// Reads one instance and appends it.
  mutating func readInstance(_ node: JSONNode, node place: Int) throws(InputError) {
    let object = try node.object(keys: Self.keys)
    let model = try model(object.required("model_name"))
    let role = try object.required("pd_type").role()
    let memory = try object.required("npu_mem")
      .object(keys: ["mem_size", "mem_bw", "mem_latency", "mem_util"])
    let weightType =
      try object.present("dtype")?.numberFormat() ?? defaults.weightType
      ?? model.weightType
    let kvType: NumberFormat? =
      if let kv = object.present("kv_cache_dtype") { try kv.kvFormat() } else { defaults.kvType }
    try refuseOffloading(object, model: model)
    var spec = InstanceSpec(
      name: nextName(role), node: place, role: role, model: model,
      hardware: try object.required("hardware").hardwareName(),
      npuMemory: try MemorySpec(memory),
      memoryUtilization: try memory.present("mem_util")?
        .number(.leastNonzeroMagnitude...1, "a number above 0 and at most 1")
        ?? defaults.memoryUtilization,
      tpSize: try tensorParallelism(object, model: model),
      weightType: weightType, kvType: kvType ?? .kvCache(forWeights: weightType),
      limits: try limits(object).resolved(for: model))
    spec.kvBlocks =
      try object.present("num_gpu_blocks")?.integer(InstanceDefaults.kvBlocksRange)
      ?? defaults.kvBlocks
    spec.isStandby = try object.bool("standby", default: false)
    spec.platform = try object.present("platform").map(platform) ?? defaults.platform
    instances.append((spec, node))
  }

  /// `prefill/0`, `prefill/1`, … for each role.
  private mutating func nextName(_ role: InstanceRole) -> String {
    let kind = InstanceRole.allCases.firstIndex(of: role) ?? 0
    defer { roleCounts[kind] += 1 }
    return "\(role.rawValue)/\(roleCounts[kind])"
  }

  private mutating func model(_ node: JSONNode) throws(InputError) -> ModelSpec {
    let name = try node.string()
    if let known = models.first(where: { $0.name == name }) { return known }
    guard let model = try catalog.model(named: name) else {
      let names = catalog.names()
      throw node.error(
        "no model \(node.described)",
        expected: names.isEmpty
          ? "a <model_name>.json under \(catalog.folders.joined(separator: " or "))"
          : "one of \(names.joined(separator: ", "))",
        suggestion: Suggestion.didYouMean(name, among: names))
    }
    models.append(model)
    return model
  }

  private func platform(_ node: JSONNode) throws(InputError) -> PlatformSpec {
    // A name, not a path: a cluster file has no say over which files are opened.
    try platforms.platform(named: node.string()) { expected, suggestion in
      node.error("no platform \(node.described)", expected: expected, suggestion: suggestion)
    }
  }

  private func limits(_ object: JSONObject) throws(InputError) -> SchedulerLimits {
    let limits = SchedulerLimits.self
    var own = defaults.limits
    own.maxNumSeqs = try object.integer(
      "max_num_seqs", limits.seqsRange, default: own.maxNumSeqs)
    own.maxNumBatchedTokens = try object.integer(
      "max_num_batched_tokens", limits.tokensRange, default: own.maxNumBatchedTokens)
    own.longPrefillTokenThreshold = try object.integer(
      "long_prefill_token_threshold", limits.tokensRange, default: own.longPrefillTokenThreshold)
    own.blockSize = try object.integer("block_size", limits.blockSizeRange, default: own.blockSize)
    own.enableChunkedPrefill = try object.bool(
      "enable_chunked_prefill", default: own.enableChunkedPrefill)
    own.enablePrefixCaching = try object.bool(
      "enable_prefix_caching", default: own.enablePrefixCaching)
    own.reserveFullISL = try object.bool("reserve_full_isl", default: own.reserveFullISL)
    return own
  }
}

extension JSONNode {
  /// `pd_type`: `null` is an instance that does both.
  fileprivate func role() throws(InputError) -> InstanceRole {
    if isNull { return .mixed }
    guard case .string = value.content else {
      throw error("is \(described)", expected: "\"prefill\", \"decode\" or null")
    }
    return try word(among: ["prefill", "decode"]) == "prefill" ? .prefill : .decode
  }

  /// Hardware names become names of files, so they are plain.
  fileprivate func hardwareName() throws(InputError) -> String {
    let name = try string()
    let plain = name.utf8.allSatisfy {
      $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\")
    }
    guard plain, !name.isEmpty, name.utf8.count <= 64, !name.hasPrefix(".") else {
      throw error("is \(described)", expected: "the name of an accelerator, such as \"H100\"")
    }
    return name
  }

  /// `kv_cache_dtype`: nil is `auto`.
  fileprivate func kvFormat() throws(InputError) -> NumberFormat? {
    let name = try word(among: ["auto"] + NumberFormat.kvCacheFormats.map(\.rawValue))
    return NumberFormat(rawValue: name)
  }
}
