/// Reads faults as people write them: `t=30s kill decode/1 for 60s`.
///
/// - `kill INSTANCE [for TIME]`
/// - `slow INSTANCE by 2x [for TIME]`
/// - `slow link INSTANCE|node/N by 2x [for TIME]`
/// - `cut link INSTANCE|node/N for TIME`
/// - `lose transfers INSTANCE`
///
/// Errors say the place, what was found there, and what would be right.
struct FaultText {
  /// Instances, and nodes with NICs, that a fault can be about.
  let cluster: ClusterSpec
  /// Where the text is from: `--fault`, or a file and the place in it.
  let origin: InputError
  private let whole: String
  private var words: ArraySlice<Substring>
  private var place = 0

  static let form = "t=30s kill decode/1 for 60s"
  /// guess: what is slower by more is dead
  private static let mostFactor = 1000.0
  /// Up to a century. guess: longer than any run
  static let longest = 3.2e9

  init(_ text: String, _ cluster: ClusterSpec, origin: InputError) {
    self.cluster = cluster
    self.origin = origin
    whole = text
    words = ArraySlice(text.split { $0 == " " || $0 == "\t" })
  }

  mutating func fault() throws(InputError) -> Fault {
    let start = SimTime.zero + (try moment())
    let described = words.joined(separator: " ")
    let verb = try next("kill, slow, cut or lose")
    let kind: Fault.Kind
    let target: Fault.Target
    switch verb {
    case "kill":
      target = try instance()
      kind = .kill
    case "slow":
      let isLink = words.first == "link"
      if isLink { _ = try next("link") }
      target = isLink ? try linkEnd() : try instance()
      try keyword("by")
      let factor = try factor()
      kind = isLink ? .slowLink(factor) : .slow(factor)
    case "cut":
      try keyword("link")
      target = try linkEnd()
      kind = .cutLink
    case "lose":
      try keyword("transfers")
      target = try instance()
      kind = .loseTransfers
    default:
      throw error(
        "\(String(verb).quotedForMessage) is no fault", expected: "kill, slow, cut or lose",
        suggestion: Suggestion.didYouMean(String(verb), among: ["kill", "slow", "cut", "lose"]))
    }
    let duration = try ending(kind)
    if let word = words.first {
      throw error("\(String(word).quotedForMessage) follows", expected: "nothing more")
    }
    return Fault(kind, target, at: start, for: duration, words: described)
  }

  /// `for TIME`, where there is one.
  private mutating func ending(_ kind: Fault.Kind) throws(InputError) -> SimDuration? {
    if kind == .loseTransfers { return nil }
    // What is on its way over a link that never works again would wait for ever.
    if kind != .cutLink, words.isEmpty { return nil }
    try keyword("for")
    let time = try next("how long, such as 60s")
    return try duration(time)
  }

  private mutating func moment() throws(InputError) -> SimDuration {
    let word = try next("t=30s")
    guard word.hasPrefix("t=") else {
      throw error("begins with \(String(word).quotedForMessage)", expected: "t=30s, when it begins")
    }
    return try duration(word.dropFirst(2), orZero: true)
  }

  // MARK: Words

  private mutating func next(_ expected: String) throws(InputError) -> Substring {
    guard let word = words.popFirst() else {
      throw error("ends too early", expected: "\(expected), as in \(Self.form)")
    }
    return word
  }

  private mutating func keyword(_ wanted: String) throws(InputError) {
    let word = try next(wanted)
    guard word == wanted else {
      throw error("has \(String(word).quotedForMessage)", expected: wanted)
    }
  }

  private mutating func instance() throws(InputError) -> Fault.Target {
    let name = String(try next("an instance"))
    if let place = cluster.instances.firstIndex(where: { $0.name == name }) {
      return .instance(InstanceID(place))
    }
    throw unknown(name, "instance", among: cluster.instances.map(\.name))
  }

  /// An instance's ports, or a node's NICs.
  private mutating func linkEnd() throws(InputError) -> Fault.Target {
    let name = String(try next("an instance or a node"))
    if let place = cluster.instances.firstIndex(where: { $0.name == name }) {
      return .instance(InstanceID(place))
    }
    let nodes = cluster.network?.nic == nil ? [] : cluster.nodes.indices.map { "node/\($0)" }
    if let node = nodes.firstIndex(of: name) { return .node(node) }
    if nodes.isEmpty, name.hasPrefix("node/") {
      throw error(
        "\(name.quotedForMessage) has no NIC", expected: "an instance, or a cluster file with nic")
    }
    throw unknown(name, "instance or node", among: cluster.instances.map(\.name) + nodes)
  }

  private func unknown(_ name: String, _ kind: String, among names: [String]) -> InputError {
    // guess: what fits on two lines
    let shown = names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
    return error(
      "\(name.quotedForMessage) is no \(kind)", expected: "one of \(shown)",
      suggestion: Suggestion.didYouMean(name, among: names))
  }

  private mutating func factor() throws(InputError) -> Double {
    let word = try next("2x")
    guard word.hasSuffix("x"), let factor = Double(word.dropLast()), factor >= 1,
      factor <= Self.mostFactor
    else {
      throw error("has \(String(word).quotedForMessage)", expected: "1x to 1000x, such as 2x")
    }
    return factor
  }

  // MARK: Times

  private static let units: [(suffix: String, seconds: Double)] = [
    ("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1), ("min", 60), ("h", 3600),
  ]

  /// Such as `1.5s`; nil for what is no time above 0, or of more than a century.
  static func duration(_ text: Substring, orZero: Bool = false) -> SimDuration? {
    for unit in units where text.hasSuffix(unit.suffix) {
      guard let number = Double(text.dropLast(unit.suffix.count)) else { continue }
      let nanoseconds = (number * unit.seconds * 1e9).rounded()
      guard nanoseconds >= (orZero ? 0 : 1), nanoseconds <= longest * 1e9 else { return nil }
      return SimDuration(nanoseconds: Int64(nanoseconds))
    }
    return nil
  }

  private func duration(_ text: Substring, orZero: Bool = false) throws(InputError) -> SimDuration {
    guard let time = Self.duration(text, orZero: orZero) else {
      throw error(
        "\(String(text).quotedForMessage) is no time",
        expected: "a number\(orZero ? "" : " above 0") with ns, us, ms, s, min or h, such as 30s")
    }
    return time
  }

  private func error(_ problem: String, expected: String? = nil, suggestion: String? = nil)
    -> InputError
  {
    var error = origin
    error.problem = "\(whole.quotedForMessage): \(problem)"
    error.expected = expected
    error.suggestion = suggestion
    return error
  }
}
