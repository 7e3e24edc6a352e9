/// Scenarios that policies are judged by, each with targets, and the budgets that the policies have.
public struct EvaluationSuite: Sendable {
  /// File that it was read from.
  public var source: String
  public var name: String
  public var budget = Budget()
  public var scenarios: [Scenario] = []

  /// One scenario: a run's command line without policy and outputs, and the seeds that it is run with.
  public struct Scenario: Sendable {
    public var name: String
    public var arguments: [String]
    public var seeds: [UInt64]
  }

  /// What a policy may use.
  public struct Budget: Sendable {
    /// Lua instructions of one hook call. guess: a scan over 64 instances takes about 1,000
    public var instructionsPerCall = 1_000_000
    /// guess: far above what the library's policies need
    public var memoryMiB = 64
    /// Host seconds of all hook calls of one run together: the only budget that depends on the machine, and a
    /// safeguard. guess: the library's policies need less than one
    public var secondsPerRun = 10.0
  }

  /// Reads a suite; refuses unknown keys, names given twice, and a suite without scenarios.
  public static func load(path: String) throws(InputError) -> EvaluationSuite {
    try EvaluationSuite(JSONDocument(path: path))
  }

  /// As `load(path:)`, from bytes; `file` is for messages.
  public static func parse(_ bytes: [UInt8], file: String) throws(InputError) -> EvaluationSuite {
    try EvaluationSuite(JSONDocument(bytes: bytes, file: file))
  }

  private init(_ document: JSONDocument) throws(InputError) {
    let root = try document.root.object(keys: ["name", "note", "budget", "scenarios"])
    source = document.file
    name = try root.required("name").string()
    _ = try root.present("note")?.string()
    if let node = root.present("budget") { budget = try Budget(node) }
    let nodes = try root.required("scenarios")
    for node in try nodes.array() {
      let scenario = try Scenario(node)
      guard !scenarios.contains(where: { $0.name == scenario.name }) else {
        throw node.error("has the name \(scenario.name) of an earlier one")
      }
      scenarios.append(scenario)
    }
    guard !scenarios.isEmpty else {
      throw nodes.error("is an empty array", expected: "one scenario or more")
    }
  }
}

extension EvaluationSuite.Budget {
  fileprivate init(_ node: JSONNode) throws(InputError) {
    self.init()
    let object = try node.object(keys: ["instructions_per_call", "memory_mib", "seconds_per_run"])
    if let node = object.present("instructions_per_call") {
      instructionsPerCall = try node.integer(1000...1 << 40)
    }
    if let node = object.present("memory_mib") { memoryMiB = try node.integer(1...1 << 20) }
    if let node = object.present("seconds_per_run") {
      secondsPerRun = try node.number(0.001...86_400)
    }
  }
}

extension EvaluationSuite.Scenario {
  fileprivate init(_ node: JSONNode) throws(InputError) {
    let object = try node.object(keys: ["name", "note", "arguments", "seeds"])
    name = try object.required("name").string()
    _ = try object.present("note")?.string()
    arguments = []
    for argument in try object.required("arguments").array() {
      arguments.append(try argument.string())
    }
    seeds = []
    for seed in try object.present("seeds")?.array() ?? [] {
      let value = UInt64(try seed.integer(0...Int.max))
      guard !seeds.contains(value) else { throw seed.error("is \(value) again") }
      seeds.append(value)
    }
    if seeds.isEmpty { seeds = [0] }
  }
}
