extension RunFile {
  /// Largest file that is read. Guess: a million requests take about 150 MB.
  private static let limit = 256 << 20
  /// Largest whole number that is believed: what a double holds exactly, and 104 days in ns.
  static let largest = 1 << 53

  public static func load(path: String) throws(InputError) -> RunFile {
    try RunFile(bytes: InputFile.read(path, limit: limit), path: path)
  }

  /// - Parameter path: for messages and for the page.
  public init(bytes: [UInt8], path: String) throws(InputError) {
    let root = try JSONDocument(bytes: bytes, file: path).root.object()
    guard root.present("requests") != nil else {
      throw InputError(
        file: path, key: "requests",
        problem: "is missing: a report needs the moments of each request",
        expected: "a file that simhost --run FILE.json has written")
    }
    self.path = path
    numbers = try Self.numberNames.map { name throws(InputError) in
      (name, try root.present(name)?.number(-1e300...1e300))
    }
    bottleneck = try root.required("bottleneck").object().required("name").string()
    conservation = try root.counts("conservation")
    rejections = try root.objects("rejections") { row throws(InputError) in
      (try row.required("reason").string(), try row.count("count"))
    }
    let slo = try root.present("slo")?.object()
    self.slo = []
    if let slo {
      for name in ["ttft", "tpot", "e2el"] {
        guard let limit = try slo.present("\(name)_ms")?.number(0...1e300) else { continue }
        self.slo.append(
          Objective(
            name: name, limit: limit, share: try slo.required("\(name)_share").number(0...1)))
      }
    }
    sloShare = try slo?.present("share")?.number(0...1)
    instances = try root.objects("instances") { row throws(InputError) in
      InstanceRow(
        name: try row.required("name").string(), role: try row.required("role").string(),
        utilization: try row.required("utilization").number(0...1e300),
        kvPeak: try row.required("kv_peak").number(0...1e300),
        kvCapacityBlocks: try row.count("kv_capacity_blocks"),
        iterations: try row.count("iterations"), preemptions: try row.count("preemptions"))
    }
    made = try Provenance(try root.required("run").object())
    requests = try Requests(try root.required("requests").object())
    let histogram = try root.required("itl_histogram").object()
    let values = try histogram.column("value_ns", count: nil)
    let counts = try histogram.column("count", count: values.count)
    gaps = zip(values, counts).map { ($0, Int($1)) }
    series = try root.present("series").map { node throws(InputError) in
      try Series(try node.object(), instances: instances.count)
    }
  }

  /// Fields of the summary that tables show, under the names that they have there.
  static let numberNames: [String] =
    [
      "num_prompts", "completed", "failed", "duration", "request_throughput", "request_goodput",
      "output_throughput", "total_token_throughput", "max_concurrent_requests", "preemptions",
      "prefix_hit_share",
    ]
    + ["ttft", "tpot", "itl", "e2el"].flatMap { metric in
      ["mean", "p50", "p90", "p99"].map { "\($0)_\(metric)_ms" }
    }
}

extension RunFile.Provenance {
  fileprivate init(_ run: JSONObject) throws(InputError) {
    let policy = try run.required("policy").object()
    let workload = try run.required("workload").object()
    seed = try run.required("seed").plainText()
    cluster = try run.required("cluster").object().required("source").string()
    self.workload = try workload.required("source").string()
    self.policy = try policy.required("name").string()
    version = try policy.required("version").string()
    files = try policy.required("files").array().map { file throws(InputError) in
      try file.string()
    }
    parameters = try policy.required("parameters").object().members.map(\.key)
      .map { name throws(InputError) in
        (name, try policy.required("parameters").object().required(name).string())
      }
    hooks = try policy.objects("hooks") { row throws(InputError) in
      (try row.required("hook").string(), try row.count("calls"))
    }
    notes = try run.required("notes").array().map { note throws(InputError) in try note.string() }
  }
}

extension JSONObject {
  /// A whole number from 0 on.
  fileprivate func count(_ key: String) throws(InputError) -> Int {
    try required(key).integer(0...RunFile.largest)
  }

  fileprivate func counts(_ key: String) throws(InputError) -> [(name: String, count: Int)] {
    let object = try required(key).object()
    return try object.members.map { member throws(InputError) in
      (member.key, try object.count(member.key))
    }
  }

  /// What an array of objects holds.
  fileprivate func objects<Row>(
    _ key: String, _ row: (JSONObject) throws(InputError) -> Row
  ) throws(InputError) -> [Row] {
    try required(key).array().map { node throws(InputError) in try row(try node.object()) }
  }

}

extension JSONNode {
  /// A number of any size, or a text, as a text.
  fileprivate func plainText() throws(InputError) -> String {
    switch value.content {
    case .integer(let whole): return "\(whole)"
    case .number(let number): return "\(number)"
    default: return try string()
    }
  }
}
