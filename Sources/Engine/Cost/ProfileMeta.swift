/// What a profile's `meta.yaml` says that matters to a lookup.
struct ProfileMeta: Sendable {
  let file: String
  /// Largest token and request counts of the profiled engine; nil where not given.
  var maxNumBatchedTokens: Int?
  var maxNumSeqs: Int?
  /// nil where the skew correction is absent or switched off.
  var skew: Skew?

  struct Skew: Sendable {
    var axes: SkewTable.Axes
    var defaultAlpha: Double
    /// Relative to the variant's folder; nil is "the default for every batch".
    var table: String?
  }

  /// Reads the file's settings for one tensor-parallel degree.
  init(file: String, bytes: [UInt8], tpSize: Int) throws(InputError) {
    self.file = file
    let yaml = try PlainYAML.parse(bytes, file: file)
    if let engine = yaml["engine_effective"] {
      maxNumBatchedTokens = try Self.count(engine["max_num_batched_tokens"], file)
      maxNumSeqs = try Self.count(engine["max_num_seqs"], file)
    }
    guard let fit = yaml["skew_fit"] else { return }
    guard try Self.flag(fit["enabled"], file, line: fit.line),
      let degree = fit["per_tp"]?["\(tpSize)"]
    else { return }
    guard degree["alpha_by_bucket"] == nil else {
      throw InputError(
        file: file, line: degree.line, key: "skew_fit.per_tp.\(tpSize).alpha_by_bucket",
        problem: "inline tables are not supported", expected: "bucket_table with a file name")
    }
    let key = "skew_fit.per_tp.\(tpSize)"
    let alpha = try Self.number(
      degree["alpha_default"], file, "\(key).alpha_default", degree.line)
    var table: String?
    if let node = degree["bucket_table"] {
      guard case .scalar(let path, _) = node, !path.isEmpty, !path.hasPrefix("/"),
        !path.split(separator: "/").contains("..")
      else {
        throw InputError(
          file: file, line: node.line, key: "\(key).bucket_table",
          problem: "is not the name of a file in this folder")
      }
      table = path
    }
    guard let axes = degree["bucket_axes"] ?? fit["bucket_axes"] else {
      throw InputError(
        file: file, line: fit.line, key: "skew_fit.bucket_axes", problem: "is missing")
    }
    skew = Skew(axes: try Self.axes(axes, file), defaultAlpha: alpha, table: table)
  }

  private static func axes(_ node: PlainYAML, _ file: String) throws(InputError) -> SkewTable.Axes {
    SkewTable.Axes(
      count: try bins(node, "n", file), rate: try bins(node, "skew_rate", file),
      longest: try bins(node, "kv_big", file), prefillContext: try bins(node, "kp", file))
  }

  /// `<name>_bins` holds one edge more than `<name>_labels`; the lowest edge bounds nothing.
  private static func bins(
    _ node: PlainYAML, _ name: String, _ file: String
  ) throws(InputError) -> SkewTable.Bins {
    let key = "skew_fit.bucket_axes.\(name)"
    guard case .list(let edges, let line)? = node["\(name)_bins"],
      case .list(let labels, _)? = node["\(name)_labels"]
    else {
      throw InputError(
        file: file, line: node.line, key: key, problem: "bins or labels are missing",
        expected: "\(name)_bins and \(name)_labels, lists")
    }
    var bounds: ContiguousArray<Double> = []
    for edge in edges {
      guard let value = Double(edge), value.isFinite, value > bounds.last ?? -.infinity else {
        throw InputError(
          file: file, line: line, key: "\(key)_bins", problem: "'\(edge)' is not a rising number")
      }
      bounds.append(value)
    }
    // Public profiles have nine labels at most; four axes of 16 keep the table small.
    guard edges.count == labels.count + 1, labels.count >= 1, labels.count <= 16 else {
      throw InputError(
        file: file, line: line, key: "\(key)_bins",
        problem: "there are \(edges.count) edges for \(labels.count) labels",
        expected: "one edge more than labels, and 1 to 16 labels")
    }
    bounds.removeFirst()
    return SkewTable.Bins(bounds: bounds, labels: labels)
  }

  private static func count(_ node: PlainYAML?, _ file: String) throws(InputError) -> Int? {
    guard let node else { return nil }
    guard case .scalar(let text, _) = node, let value = Int(text), value >= 0 else {
      throw InputError(
        file: file, line: node.line, key: "engine_effective", problem: "is not a whole number")
    }
    return value
  }

  private static func flag(
    _ node: PlainYAML?, _ file: String, line: Int
  ) throws(InputError) -> Bool {
    switch node {
    case nil: return true
    case .scalar("true", _): return true
    case .scalar("false", _): return false
    default:
      throw InputError(
        file: file, line: node?.line ?? line, key: "skew_fit.enabled",
        problem: "is neither true nor false")
    }
  }

  private static func number(
    _ node: PlainYAML?, _ file: String, _ key: String, _ line: Int
  ) throws(InputError) -> Double {
    guard case .scalar(let text, _)? = node, let value = Double(text), value.isFinite else {
      throw InputError(
        file: file, line: node?.line ?? line, key: key,
        problem: node == nil ? "is missing" : "is not a finite number", expected: "a number")
    }
    return value
  }
}
