/// Draws a workload from `GeneratorParameters`.
///
/// Each kind of draw has its own stream, so that another length distribution leaves the arrivals as
/// they are. The result reads back equal from what `WorkloadWriter` writes of it.
public struct WorkloadGenerator {
  /// Ids of generated tokens are below this; a guess: fewer than any model's vocabulary has, and
  /// short in a file. Two blocks of 16 tokens still never agree by chance (1000^16).
  static let vocabulary = 1000

  private let parameters: GeneratorParameters
  private var workload: Workload
  private var times: ArrivalTimes
  private var prompts: RandomStream
  private var outputs: RandomStream
  private var prefixChoice: RandomStream
  private var tokens: RandomStream
  private var turns: RandomStream
  private var toolDelays: RandomStream
  private var kindChoice: RandomStream
  /// Where the tokens of each prefix lie in `prefixTokens`.
  private var prefixes: [Range<Int>] = []
  /// Tokens of all prefixes one after the other, where ids are written.
  private var prefixTokens: [UInt32] = []
  /// First of the shared 512-token blocks of each prefix, where those are written.
  private var prefixBlocks: [Int] = []
  /// Sums of the prefixes' weights.
  private var prefixWeights: [Double] = []
  /// Next unused id of a 512-token block.
  private var nextBlock = 0

  /// - Throws: `SpecError` where a parameter is out of range, and where the result would have more
  ///   requests or ids than a workload may.
  public static func generate(_ parameters: GeneratorParameters) throws(SpecError) -> Workload {
    try parameters.check()
    var generator = WorkloadGenerator(parameters)
    if let prefixes = parameters.prefixes { try generator.prepare(prefixes) }
    try generator.run()
    return generator.workload
  }

  private init(_ parameters: GeneratorParameters) {
    self.parameters = parameters
    func stream(_ name: String) -> RandomStream {
      RandomStream(seed: parameters.seed, name: "workload \(name)")
    }
    times = ArrivalTimes(parameters.arrivals, seed: parameters.seed)
    prompts = stream("prompts")
    outputs = stream("outputs")
    prefixChoice = stream("prefixes")
    tokens = stream("tokens")
    turns = stream("turns")
    toolDelays = stream("tool delays")
    kindChoice = stream("kinds")
    workload = Workload(source: "generator", format: "generated")
    workload.contentUnit = parameters.content == .blocks ? MooncakeReader.blockTokens : 1
  }

  private mutating func prepare(_ shared: GeneratorParameters.SharedPrefixes) throws(SpecError) {
    var lengths = RandomStream(seed: parameters.seed, name: "workload prefix lengths")
    var sum = 0.0
    var total = 0
    for rank in 1...shared.count {
      sum += PortableMath.power(Double(rank), -shared.skew)
      prefixWeights.append(sum)
      let length = shared.tokens.sampleTokens(&lengths)
      prefixes.append(total..<total + length)
      total += length
      guard total <= GeneratorParameters.maxPrefixTokens else {
        throw SpecError(
          "prefixes", "are longer than \(GeneratorParameters.maxPrefixTokens) tokens in all")
      }
    }
    switch parameters.content {
    case .none: break
    case .tokenIDs:
      var stream = RandomStream(seed: parameters.seed, name: "workload prefix tokens")
      prefixTokens = (0..<total).map { _ in
        UInt32(stream.nextIndex(below: WorkloadGenerator.vocabulary))
      }
    case .blocks:
      for prefix in prefixes {
        prefixBlocks.append(nextBlock)
        nextBlock += prefix.count / MooncakeReader.blockTokens
      }
    }
  }

  private mutating func run() throws(SpecError) {
    var arrived = 0
    while parameters.count.map({ arrived < $0 }) ?? true {
      guard var arrival = times.next() else { break }
      if let duration = parameters.duration, arrival.seconds >= duration { break }
      if parameters.content == .blocks {
        // Mooncake's format has whole milliseconds.
        arrival = SimTime(nanoseconds: (arrival.nanoseconds + 500_000) / 1_000_000 * 1_000_000)
      }
      if let sessions = parameters.sessions {
        try addSession(sessions, at: arrival)
      } else {
        try addRequest(at: arrival)
      }
      arrived += 1
    }
    if let count = parameters.count, arrived < count, parameters.duration == nil {
      throw SpecError(
        "rate", "only \(arrived) of \(count) requests arrive", expected: "a rate above 0 at the end"
      )
    }
    guard arrived > 0 else { throw SpecError("duration", "no request arrives within it") }
  }

  private mutating func addRequest(at arrival: SimTime) throws(SpecError) {
    let prefix = choosePrefix()
    let prefixLength = prefix.map { prefixes[$0].count } ?? 0
    let own = parameters.promptTokens.sampleTokens(&prompts)
    var request = WorkloadRequest(
      arrival: arrival, promptTokens: min(prefixLength + own, WorkloadBuilder.maxTokens),
      outputTokens: parameters.outputTokens.sampleTokens(&outputs))
    request.traits = chooseTraits()
    let prompt = Int(request.promptTokens)
    request.contentStart = Int32(workload.content.count)
    switch parameters.content {
    case .none: request.contentStart = 0
    case .tokenIDs:
      try reserveContent(prompt)
      appendPrefix(prefix)
      appendTokens(prompt - prefixLength)
    case .blocks:
      let blocks = (prompt + MooncakeReader.blockTokens - 1) / MooncakeReader.blockTokens
      try reserveContent(blocks)
      try appendBlocks(blocks, prefix, prefixLength / MooncakeReader.blockTokens)
    }
    if parameters.content != .none {
      request.contentCount = Int32(workload.content.count) - request.contentStart
    }
    try append(request)
  }

  private mutating func addSession(
    _ sessions: GeneratorParameters.Sessions, at arrival: SimTime
  ) throws(SpecError) {
    let session = workload.sessionNames.count
    workload.sessionNames.append("session_\(session)")
    let prefix = choosePrefix()
    let traits = chooseTraits()
    var context = prefix.map { prefixes[$0].count } ?? 0
    /// Where the content of the call before lies: all of it is repeated.
    var before = 0..<0
    for turn in 0..<min(sessions.turns.sampleTokens(&turns), LLMServingSimReader.maxCalls) {
      let added = parameters.promptTokens.sampleTokens(&prompts)
      let output = parameters.outputTokens.sampleTokens(&outputs)
      let prompt = min(context + added, WorkloadBuilder.maxTokens)
      if turn > 0, prompt + output > sessions.maxContext { break }
      var request = WorkloadRequest(arrival: arrival, promptTokens: prompt, outputTokens: output)
      request.session = Int32(session)
      request.turn = Int32(turn)
      request.traits = traits
      if turn > 0 {
        let pause = min(
          sessions.toolDelay.sample(&toolDelays), GeneratorParameters.Sessions.maxToolDelay)
        request.followsPrevious = true
        request.toolDelay = SimDuration(roundingUp: pause)
      }
      if parameters.content == .tokenIDs {
        try reserveContent(prompt + output)
        let start = workload.content.count
        if turn == 0 { appendPrefix(prefix) }
        workload.content.append(contentsOf: workload.content[before])
        appendTokens(prompt + output - (workload.content.count - start))
        before = start..<workload.content.count
        request.contentStart = Int32(start)
        request.contentCount = Int32(before.count)
      }
      try append(request)
      context = prompt + output
    }
  }

  private mutating func append(_ request: WorkloadRequest) throws(SpecError) {
    guard workload.requests.count < WorkloadBuilder.maxRequests else {
      throw SpecError("requests", "are more than \(WorkloadBuilder.maxRequests)")
    }
    workload.requests.append(request)
  }

  /// Draws a kind and enters what it says, once; −1 where that is nothing.
  private mutating func chooseTraits() -> Int32 {
    guard let last = parameters.kinds.last else { return -1 }
    var target = kindChoice.nextUnit() * parameters.kinds.reduce(0) { $0 + $1.weight }
    // Rounding may leave the target a hair above all weights: that is the last kind.
    var traits = last.traits
    for kind in parameters.kinds {
      if target < kind.weight {
        traits = kind.traits
        break
      }
      target -= kind.weight
    }
    if traits == RequestTraits() { return -1 }
    if let known = workload.traits.firstIndex(of: traits) { return Int32(known) }
    workload.traits.append(traits)
    return Int32(workload.traits.count - 1)
  }

  // MARK: Content

  private mutating func choosePrefix() -> Int? {
    guard let total = prefixWeights.last else { return nil }
    let target = prefixChoice.nextUnit() * total
    // The first sum above the target, by bisection.
    var (low, high) = (0, prefixWeights.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if prefixWeights[middle] > target { high = middle } else { low = middle + 1 }
    }
    return low
  }

  private func reserveContent(_ count: Int) throws(SpecError) {
    guard workload.content.count + count <= WorkloadBuilder.maxContent else {
      throw SpecError(
        "token ids", "are more than \(WorkloadBuilder.maxContent)",
        expected: "fewer requests, or none of their ids")
    }
  }

  private mutating func appendPrefix(_ prefix: Int?) {
    guard let prefix else { return }
    workload.content.append(contentsOf: prefixTokens[prefixes[prefix]])
  }

  private mutating func appendTokens(_ count: Int) {
    for _ in 0..<count {
      workload.content.append(UInt32(tokens.nextIndex(below: WorkloadGenerator.vocabulary)))
    }
  }

  /// Whole blocks of the prefix are shared; the block in which it ends is the request's own.
  private mutating func appendBlocks(_ count: Int, _ prefix: Int?, _ shared: Int)
    throws(SpecError)
  {
    if let prefix {
      for block in 0..<shared { workload.content.append(UInt32(prefixBlocks[prefix] + block)) }
    }
    guard nextBlock + count <= Int(UInt32.max) else {
      throw SpecError("block ids", "are more than 32 bits hold")
    }
    for _ in shared..<count {
      workload.content.append(UInt32(nextBlock))
      nextBlock += 1
    }
  }
}
