extension ClusterSpec {
  /// Reads a cluster description.
  ///
  /// The format is LLMServingSim's (https://github.com/casys-kaist/LLMServingSim, `configs/cluster`), with `kv_transfer` and `network`. A field that is
  /// not simulated is refused unless it says what is done anyway; unknown fields are refused.
  ///
  /// - Parameters:
  ///   - defaults: values for fields that an instance leaves out.
  ///   - models: where `model_name` is looked up.
  ///   - platforms: where `platform` is looked up.
  public static func load(
    path: String, defaults: InstanceDefaults, models: ModelCatalog,
    platforms: PlatformCatalog = PlatformCatalog()
  ) throws(InputError) -> ClusterSpec {
    try ClusterSpec(JSONDocument(path: path), defaults, models, platforms)
  }

  /// As `load(path:defaults:models:)`, from bytes; `file` is for messages.
  public static func parse(
    _ bytes: [UInt8], file: String, defaults: InstanceDefaults, models: ModelCatalog,
    platforms: PlatformCatalog = PlatformCatalog()
  ) throws(InputError) -> ClusterSpec {
    try ClusterSpec(JSONDocument(bytes: bytes, file: file), defaults, models, platforms)
  }

  private init(
    _ document: JSONDocument, _ defaults: InstanceDefaults, _ models: ModelCatalog,
    _ platforms: PlatformCatalog
  ) throws(InputError) {
    try defaults.validate()
    let cluster = try document.root.object(keys: [
      "num_nodes", "link_bw", "link_latency", "nodes", "cxl_mem", "kv_transfer",
      "network", "scaling", "migration", "kv_tiers",
    ])
    try cluster.refuse("cxl_mem", "CXL memory is not simulated")
    let link = LinkSpec(
      bandwidth: try cluster.required("link_bw").linkValue { node throws(InputError) in
        try node.number(.leastNonzeroMagnitude...1e9, "a number of GiB/s above 0, at most 1e9")
      },
      latency: SimDuration(
        nanoseconds: Int64(
          try cluster.required("link_latency").linkValue { node throws(InputError) in
            try node.number(0...1e12, "a number of nanoseconds from 0 to 1e12")
          })))

    var reader = InstanceReader(defaults: defaults, catalog: models, platforms: platforms)
    var nodes: [NodeSpec] = []
    for node in try cluster.required("nodes").counted(by: cluster.required("num_nodes")) {
      nodes.append(try reader.readNode(node, index: nodes.count))
    }
    try reader.checkRoles()
    self.init(
      source: document.file, link: link, nodes: nodes, instances: reader.instances.map(\.spec))
    if let network = cluster.present("network") {
      self.network = try NetworkSpec(network, nodes: nodes.count)
    }
    if let scaling = cluster.present("scaling") { self.scaling = try ScalingSpec(scaling) }
    if let migration = cluster.present("migration") {
      self.migration = try MigrationSpec(migration)
    }
    if let tiers = cluster.present("kv_tiers") {
      kvTiers = try KVTierSpec(tiers)
      try kvTiers?.check(instances, tiers)
    }
    if let transfer = cluster.present("kv_transfer") {
      kvTransfer = try KVTransferSpec(transfer)
    }
  }
}

extension InstanceReader {
  /// Reads a node and appends its instances.
  mutating func readNode(_ node: JSONNode, index: Int) throws(InputError) -> NodeSpec {
    let object = try node.object(keys: ["num_instances", "cpu_mem", "instances", "power"])
    try object.refuse("power", "power is not simulated")
    let memory = try object.required("cpu_mem")
    let fields = try memory.object(keys: ["mem_size", "mem_bw", "mem_latency", "pim_config"])
    try fields.refuse("pim_config", "processing in memory is not simulated")
    let instances = try object.required("instances")
      .counted(by: object.required("num_instances"))
    for instance in instances { try readInstance(instance, node: index) }
    return NodeSpec(cpuMemory: try MemorySpec(fields))
  }
}

extension MemorySpec {
  /// Reads `mem_size`, `mem_bw` and `mem_latency`.
  init(_ object: JSONObject) throws(InputError) {
    self.init(
      // A million GiB keeps sizes in bytes within 64 bits.
      sizeGiB: try object.required("mem_size")
        .number(.leastNonzeroMagnitude...1e6, "a number of GiB above 0, at most 1e6"),
      bandwidth: try object.required("mem_bw")
        .number(.leastNonzeroMagnitude...1e9, "a number of GB/s above 0, at most 1e9"),
      latency: try object.required("mem_latency")
        .number(0...1e12, "a number of nanoseconds from 0 to 1e12"))
  }
}

extension JSONNode {
  /// The elements of this array, of which there must be at least one, and as many as `count` says.
  func counted(by count: JSONNode) throws(InputError) -> [JSONNode] {
    let elements = try array()
    let said = try count.integer(1...1_000_000)
    guard said == elements.count else {
      let name = path.split(separator: ".").last.map(String.init) ?? path
      throw count.error("is \(said)", expected: "\(elements.count), the length of \(name)")
    }
    return elements
  }

  /// A link property: one number, or an array that repeats one number for each dimension of a topology.
  fileprivate func linkValue(
    _ read: (JSONNode) throws(InputError) -> Double
  ) throws(InputError) -> Double {
    guard case .array = value.content else { return try read(self) }
    let dimensions = try array()
    guard let first = dimensions.first else {
      throw error("is an empty array", expected: "a number")
    }
    let common = try read(first)
    for dimension in dimensions.dropFirst() where try read(dimension) != common {
      throw dimension.error(
        "links that differ by topology dimension are not simulated",
        expected: "one number for the whole cluster")
    }
    return common
  }
}

extension JSONObject {
  /// Refuses a field that would change results and is not simulated. `null` says that it is absent.
  func refuse(_ key: String, _ problem: String) throws(InputError) {
    if let node = present(key) { throw node.error(problem, expected: "no \(key)") }
  }
}
