/// How LLMServingSim chooses among instances of one role.
public enum ReferenceRouting: String, Sendable, CaseIterable {
  /// The lowest (4 · waiting + running) / `max_num_seqs`, looked for from behind the last choice.
  case load = "LOAD"
  /// In turn.
  case roundRobin = "RR"
  /// Python's `random.Random(42).randrange`.
  case random = "RAND"
}

/// LLMServingSim's router: one pointer for prompts and one for decodes, and one source of random numbers.
struct ReferenceRouter {
  let routing: ReferenceRouting
  /// Instances that take prompts, and those that take what prefill instances hand over.
  let prompts: [Int]
  let decodes: [Int]
  private var promptPointer = 0
  private var decodePointer = 0
  private var random = PythonRandom(seed: 42)

  init(_ routing: ReferenceRouting, roles: [InstanceRole]) {
    self.routing = routing
    prompts = roles.indices.filter { roles[$0] != .decode }
    decodes = roles.indices.filter { roles[$0] == .decode }
  }

  /// The instance for a new request.
  mutating func choosePrompt(_ instances: ContiguousArray<ReferenceInstance>) -> Int {
    let place = choose(among: prompts, instances, from: promptPointer)
    promptPointer = (place + 1) % prompts.count
    return prompts[place]
  }

  /// The instance for a request whose prompt is done.
  mutating func chooseDecode(_ instances: ContiguousArray<ReferenceInstance>) -> Int {
    let place = choose(among: decodes, instances, from: decodePointer)
    decodePointer = (place + 1) % decodes.count
    return decodes[place]
  }

  /// Place of the chosen one among the candidates.
  private mutating func choose(
    among candidates: [Int], _ instances: ContiguousArray<ReferenceInstance>, from pointer: Int
  ) -> Int {
    switch routing {
    case .random: return random.randrange(candidates.count)
    case .roundRobin: return pointer
    case .load:
      var best = pointer
      var lowest = Double.infinity
      for step in candidates.indices {
        let place = (pointer + step) % candidates.count
        let score = instances[candidates[place]].loadScore
        if score < lowest { (best, lowest) = (place, score) }
      }
      return best
    }
  }
}

extension ReferenceInstance {
  /// What the router compares: requests, or their share of the most that may run.
  fileprivate var loadScore: Double {
    let load = Double(4 * waiting.count + running.count)
    return limits.maxNumSeqs == SchedulerLimits.unlimitedSeqs
      ? load : load / Double(limits.maxNumSeqs)
  }
}
