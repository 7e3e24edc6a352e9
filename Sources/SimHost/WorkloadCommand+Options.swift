import ArgumentParser
import Engine

extension WorkloadCommand {
  /// When requests arrive, and how many.
  struct ArrivalOptions: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "Requests (sessions, with --turns) a second; 0:100,600:150 is 100, and 150 from second 600 on.",
        valueName: "rate"))
    var rate: String

    /// How the gaps between arrivals scatter.
    enum Gaps: String, CaseIterable, ExpressibleByArgument {
      case poisson, gamma, constant
    }

    @Option(name: .customLong("arrivals"), help: "Gaps: poisson, gamma or constant.")
    var gaps: Gaps?

    @Option(help: "Shape of gamma gaps: 1 is Poisson, less is more bursty, more is more regular.")
    var burstiness: Double?

    @Option(
      help: ArgumentHelp(
        "Seconds with arrivals, then seconds without, over and over.", valueName: "on,off"),
      transform: WorkloadCommand.pulse)
    var pulse: ArrivalProcess.Pulse?

    @Option(help: "Requests (sessions, with --turns) to make.")
    var numReqs: Int?

    @Option(help: "Seconds in which they arrive; with --num-reqs, whichever ends first.")
    var duration: Double?

    func process() throws -> ArrivalProcess {
      let scatter: ArrivalProcess.Gaps
      switch (gaps, burstiness) {
      case (nil, nil), (.poisson, nil): scatter = .poisson
      case (.constant, nil): scatter = .constant
      case (nil, let shape?), (.gamma, let shape?): scatter = .gamma(burstiness: shape)
      case (.gamma, nil): throw ValidationError("--arrivals gamma needs --burstiness")
      case (.poisson, _), (.constant, _):
        throw ValidationError("--burstiness belongs to --arrivals gamma")
      }
      guard numReqs != nil || duration != nil else {
        throw ValidationError("give --num-reqs, --duration or both")
      }
      return try ArrivalProcess(parsing: rate, gaps: scatter, pulse: pulse)
    }
  }

  /// Lengths of prompts and answers.
  struct LengthOptions: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "Prompt lengths; in sessions, what each turn adds. (default: \(Self.prompts))",
        valueName: "lengths"),
      transform: RandomQuantity.init(parsing:))
    var promptTokens = LengthOptions.quantity(prompts)

    @Option(
      help: ArgumentHelp("Answer lengths. (default: \(Self.outputs))", valueName: "lengths"),
      transform: RandomQuantity.init(parsing:))
    var outputTokens = LengthOptions.quantity(outputs)

    /// Guesses: chats with some documents among them.
    private static let prompts = "lognormal:mean=800,sigma=0.8,max=8000"
    private static let outputs = "lognormal:mean=200,sigma=0.6,max=2000"

    private static func quantity(_ text: String) -> RandomQuantity {
      do { return try RandomQuantity(parsing: text) } catch {
        preconditionFailure("default length: \(error)")
      }
    }
  }

  /// Prompts that begin alike.
  struct PrefixOptions: ParsableArguments {
    @Option(help: "Begin each prompt with one of this many common texts, such as system prompts.")
    var prefixes: Int?

    @Option(
      help: ArgumentHelp("Their lengths, drawn once for each.", valueName: "lengths"),
      transform: RandomQuantity.init(parsing:))
    var prefixTokens: RandomQuantity?

    @Option(
      help: "The k-th is chosen in proportion to 1/k^skew (Zipf); 0 is all alike. (default: 1)")
    var prefixSkew: Double?

    func validate() throws {
      if prefixes == nil, prefixTokens != nil || prefixSkew != nil {
        throw ValidationError("--prefix-tokens and --prefix-skew belong to --prefixes")
      }
      if prefixes != nil, prefixTokens == nil {
        throw ValidationError("--prefixes needs --prefix-tokens")
      }
    }

    var shared: GeneratorParameters.SharedPrefixes? {
      guard let prefixes, let prefixTokens else { return nil }
      return GeneratorParameters.SharedPrefixes(
        count: prefixes, tokens: prefixTokens, skew: prefixSkew ?? 1)
    }
  }

  /// Conversations and agents.
  struct SessionOptions: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "Turns of a session: each repeats all before it and adds to it.", valueName: "number"),
      transform: RandomQuantity.init(parsing:))
    var turns: RandomQuantity?

    @Option(
      help: ArgumentHelp(
        "Seconds from the end of a turn to the next: a tool at work, a person reading. (default: 0)",
        valueName: "seconds"),
      transform: RandomQuantity.init(parsing:))
    var toolDelay: RandomQuantity?

    @Option(
      help: """
        A session ends before a turn with more tokens of prompt and answer. (default: 32768)
        """)
    var maxContext: Int?

    func validate() throws {
      if turns == nil, toolDelay != nil || maxContext != nil {
        throw ValidationError("--tool-delay and --max-context belong to --turns")
      }
    }

    var sessions: GeneratorParameters.Sessions? {
      guard let turns else { return nil }
      var sessions = GeneratorParameters.Sessions(turns: turns, toolDelay: toolDelay ?? .fixed(0))
      if let maxContext { sessions.maxContext = maxContext }
      return sessions
    }
  }

  /// What the trace says of its requests, for policies.
  struct KindOptions: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        """
        A kind of request: any of class, tenant, priority, ttft_slo_s, tpot_slo_s and deadline_s, such as \
        3*class=chat,priority=1,ttft_slo_s=0.5; the number in front is its weight. Give it again for others; a \
        session is of one kind.
        """, valueName: "kind"),
      transform: RequestKind.init(parsing:))
    var kind: [RequestKind] = []
  }

  /// Reads `5,15`.
  private static func pulse(_ text: String) throws -> ArrivalProcess.Pulse {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    guard parts.count == 2, let on = parts[0], let off = parts[1] else {
      throw ValidationError("is not ON,OFF in seconds, such as 5,15")
    }
    return ArrivalProcess.Pulse(on: on, off: off)
  }
}
