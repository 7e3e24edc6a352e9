import ArgumentParser
import Engine

/// The policy, and what it may do.
struct PolicyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Policy in Lua; give it again for files that define other hooks. Without it: least load, vLLM's scheduler.",
      valueName: "file"))
  var policy: [String] = []

  @Option(
    help: ArgumentHelp(
      "Parameter of the policy, such as headroom=0.1; may be repeated.", valueName: "name=value"))
  var param: [String] = []

  @Flag(help: "Let the policy read the true length of outputs, which no real router knows.")
  var oracle = false

  @Option(
    help: ArgumentHelp(
      "What predicted_output_tokens tells: none, mean (of outputs so far), noisy:σ or oracle.",
      valueName: "kind"))
  var predictor = OutputPredictor.mean

  @Option(
    help: ArgumentHelp(
      "Routers see instances as they were at the last multiple of this, like a metrics scrape.",
      valueName: "ms"))
  var viewLagMs: Double?

  /// nil shows instances as they are.
  var viewLag: SimDuration? {
    viewLagMs.flatMap { $0 > 0 ? SimDuration(nanoseconds: Int64(($0 * 1e6).rounded())) : nil }
  }

  /// What the summary should tell of these options.
  var notes: [String] {
    var notes: [String] = []
    if oracle { notes.append("the policy may read true output lengths (--oracle)") }
    if predictor != .mean { notes.append("outputs are predicted by \(predictor) (--predictor)") }
    if let viewLagMs, viewLagMs > 0 {
      notes.append("routers see state up to \(viewLagMs) ms old (--view-lag-ms)")
    }
    return notes
  }

  @Option(
    help: "Most Lua instructions of one hook call: a budget that is the same on every machine.")
  var maxInstructions: Int?

  func validate() throws {
    _ = try Self.pairs(param)
    if let maxInstructions, maxInstructions < 1 {
      throw ValidationError("--max-instructions \(maxInstructions): expected 1 or more")
    }
    if let viewLagMs, !(viewLagMs == 0 || (viewLagMs >= 0.001 && viewLagMs <= 3.2e10)) {
      throw ValidationError("--view-lag-ms \(viewLagMs): expected ms, from 0.001 to a year, or 0")
    }
    if policy.isEmpty, !param.isEmpty { throw ValidationError("--param without a --policy") }
  }

  /// Names and texts of `name=value`.
  static func pairs(_ texts: [String]) throws -> [(String, String)] {
    try texts.map { text in
      guard let place = text.dropFirst().firstIndex(of: "=") else {
        throw ValidationError("--param \(text): expected name=value")
      }
      return (String(text[..<place]), String(text[place...].dropFirst()))
    }
  }

  /// Loads the policy; nil when none was given.
  func load(
    seed: UInt64, resources: ResourceFolders, console: Console
  ) throws -> LuaPolicy? {
    try load(seed: seed, resources: resources) { console.policyLog($0) }
  }

  /// The same, for a run whose talk goes elsewhere.
  func load(
    seed: UInt64, resources: ResourceFolders, onLog: @escaping (PolicyLogEntry) -> Void
  ) throws -> LuaPolicy? {
    if policy.isEmpty { return nil }
    var options = LuaPolicyOptions()
    options.seed = seed
    options.libraryFolder = resources.all("policies/lib").first
    options.oracle = oracle
    options.maxInstructions = maxInstructions
    options.version = SimHostCommand.version
    options.onLog = onLog
    let parameters = try Self.pairs(param)
    return try LuaPolicy.load(
      files: policy.map(resources.file), parameters: parameters, options: options)
  }
}

extension OutputPredictor: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
  public var defaultValueDescription: String { description }
}

extension Console {
  /// A line that a policy logged, with the simulated time and its place.
  func policyLog(_ entry: PolicyLogEntry) {
    var place = entry.file.map { "\($0):\(entry.line): " } ?? ""
    place = "\(entry.time.seconds) s " + place
    let more = entry.count > 10 ? " (\(entry.count) times)" : ""
    let text = ConsoleText.printable(place + entry.text + more)
    switch entry.level {
    case .info, .note: info(text)
    case .warn: warning(text)
    case .error: error(text)
    }
  }
}
