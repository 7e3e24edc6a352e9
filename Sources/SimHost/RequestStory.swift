import Engine

/// The life of one request in plain words, with the numbers that decided it.
struct RequestStory {
  let request: WorkloadRequest
  let record: RequestRecord
  /// Decisions in which it had a part.
  let decisions: [PolicyDecision]
  let result: RunResult
  let cluster: ClusterSpec
  let session: String?
  var style = ConsoleStyle.plain

  /// What happened at one moment; `rank` orders what happened at the same.
  private struct Moment {
    var time: SimTime
    var rank: Int
    var lines: [String]
  }

  var text: String {
    let moments =
      events
      + DecisionWords(decisions: decisions, of: record.id).moments.map {
        Moment(time: $0.time, rank: $0.rank, lines: $0.lines)
      }
    let ordered = moments.enumerated().sorted {
      ($0.element.time, $0.element.rank, $0.offset) < ($1.element.time, $1.element.rank, $1.offset)
    }
    var lines = [style.heading(title)]
    for (_, moment) in ordered {
      let stamp = ConsoleText.padded(
        ConsoleText.fixed(moment.time.seconds, 6) + " s", 14, right: true)
      lines.append(stamp + "  " + moment.lines[0])
      let blank = String(repeating: " ", count: 16)
      for line in moment.lines.dropFirst() { lines.append(blank + line) }
    }
    return lines.map { ConsoleText.printable($0) }.joined(separator: "\n")
  }

  private var title: String {
    var title =
      "request \(record.id.index): \(ConsoleText.grouped(Int(request.promptTokens)))"
      + " prompt tokens, \(ConsoleText.grouped(Int(request.outputTokens))) to generate"
    if let session { title += ", turn \(request.turn) of session \(session)" }
    return title
  }

  private var events: [Moment] {
    var moments: [Moment] = []
    func add(_ time: SimTime, _ rank: Int, _ words: String) {
      if time != .never { moments.append(Moment(time: time, rank: rank, lines: [words])) }
    }
    if record.outcome == .cancelled {
      return [Moment(time: .zero, rank: 0, lines: ["never came: its session was refused before"])]
    }
    add(record.arrival, 0, "arrives at the gateway")
    var prompt = "its prompt begins on \(name(record.prefillInstance))"
    if let queue = record.queueing {
      prompt += queue == .zero ? " at once" : ", \(words(queue)) after it came"
    }
    if record.cachedTokens > 0 {
      prompt += "; \(ConsoleText.grouped(Int(record.cachedTokens))) tokens of it were cached"
    }
    add(record.prefillStart, 2, prompt)
    var first = "first token"
    if let ttft = record.timeToFirstToken, let queue = record.queueing {
      first += ": TTFT \(words(ttft))"
      if queue > .zero { first += ", of it \(words(queue)) of queueing" }
    }
    add(record.firstToken, 3, first)
    var moving = "its KV cache sets out for \(name(record.decodeInstance))"
    if let wait = record.kvWait, wait > .zero { moving += ", \(words(wait)) after the first token" }
    add(record.transferStart, 5, moving)
    if let transfer = record.transfer {
      add(record.transferEnd, 6, "its KV cache is there, after \(words(transfer))")
    }
    if record.transferStart != .never, let queue = record.decodeQueue {
      add(record.decodeStart, 7, "decoding begins, \(words(queue)) later")
    }
    add(record.end, 9, ending)
    return moments
  }

  private var ending: String {
    switch record.outcome {
    case .finished:
      var words = "finished, \(ConsoleText.grouped(Int(record.outputTokens))) tokens"
      if let total = record.endToEnd { words += ": E2E \(self.words(total))" }
      if let gap = record.nanosecondsPerOutputToken {
        words += ", TPOT \(ConsoleText.time(nanoseconds: gap))"
      }
      if record.preemptions > 0 { words += ", preempted \(record.preemptions) times" }
      if record.retries > 0 { words += ", sent again \(record.retries) times after faults" }
      return words
    case .rejected:
      let place = Int(record.reason)
      let reason = result.reasons.indices.contains(place) ? result.reasons[place] : "no reason"
      return "rejected: \(reason)"
    case .cancelled, .unfinished: return "unfinished"
    }
  }

  private func name(_ id: InstanceID) -> String {
    let place = Int(id.index)
    return cluster.instances.indices.contains(place) ? cluster.instances[place].name : "nowhere"
  }

  private func words(_ duration: SimDuration) -> String {
    ConsoleText.time(nanoseconds: Double(duration.nanoseconds))
  }
}
