import Engine

/// Decisions about one request in words: what was asked, what the policy read of each candidate, what it answered.
struct DecisionWords {
  let decisions: [PolicyDecision]
  let request: RequestID

  init(decisions: [PolicyDecision], of request: RequestID) {
    self.decisions = decisions
    self.request = request
  }

  struct Moment: Equatable {
    var time: SimTime
    var rank: Int
    var lines: [String]
  }

  /// Most candidates shown. guess: what fits on a screen beside the rest
  private static let mostShown = 8

  /// In order; a question that got the same answer again is told once, with how often and until when.
  var moments: [Moment] {
    var moments: [Moment] = []
    var again: (key: String, count: Int, last: SimTime)?
    func close() {
      guard let run = again, run.count > 0, let last = moments.indices.last else { return }
      moments[last].lines.append(
        "asked \(ConsoleText.grouped(run.count)) more times with that answer,"
          + " until \(ConsoleText.fixed(run.last.seconds, 6)) s")
    }
    for decision in decisions {
      guard let (key, lines) = words(decision) else { continue }
      if again?.key == key, decision.choice == nil || decision.hook == "batch" {
        again?.count += 1
        again?.last = decision.time
        continue
      }
      close()
      again = (key, 0, decision.time)
      moments.append(Moment(time: decision.time, rank: Self.rank(decision), lines: lines))
    }
    close()
    return moments
  }

  private static func rank(_ decision: PolicyDecision) -> Int {
    switch decision.hook {
    case "admit", "route": 1
    case "on_finish", "on_reject": 8
    default: 4
    }
  }

  /// What to say of a decision, and what makes it the same as the one before; nil when the request has no part in it.
  private func words(_ decision: PolicyDecision) -> (key: String, lines: [String])? {
    switch decision.hook {
    case "batch": return batch(decision)
    case "preempt":
      guard decision.candidates.contains(where: { $0.request == request }) else { return nil }
    default:
      guard decision.request == request else { return nil }
    }
    let by = decision.file.map { "by \($0)" } ?? "by default, least 4 · waiting + running"
    var lines = ["\(decision.hook) \(by): \(answer(decision))"]
    if !decision.read.isEmpty { lines.append("read of it: \(Self.list(decision.read))") }
    if !decision.clusterRead.isEmpty {
      lines.append("read of the cluster: \(Self.list(decision.clusterRead))")
    }
    lines += table(decision)
    for other in decision.others.prefix(Self.mostShown) where !other.read.isEmpty {
      lines.append("read of \(other.name): \(Self.list(other.read))")
    }
    if decision.others.count > Self.mostShown {
      lines.append("… and of \(decision.others.count - Self.mostShown) more")
    }
    if let better = better(decision) { lines.append(better) }
    lines += decision.notes.map { "note: \($0)" }
    return ("\(decision.hook) \(decision.choice ?? "-")", lines)
  }

  private func answer(_ decision: PolicyDecision) -> String {
    switch decision.hook {
    case "route", "route_decode":
      guard let choice = decision.choice else {
        return decision.hook == "route"
          ? "wait at the gateway" : "wait, its KV cache stays where it is"
      }
      let count = decision.candidates.count
      return choice + (decision.decode.map { ", then \($0)" } ?? "")
        + (count == 1 ? ", the only candidate" : ", of \(count) candidates")
    case "preempt":
      let place = decision.instance ?? "an instance"
      return "\(decision.choice ?? "the last to be admitted") on \(place),"
        + " of \(decision.candidates.count) requests"
    default: return decision.choice ?? "noted"
    }
  }

  /// A row for each candidate: what was read of it, and what it would have cost by estimate.
  private func table(_ decision: PolicyDecision) -> [String] {
    var columns: [String] = []
    for candidate in decision.candidates {
      for field in candidate.read where !columns.contains(field.name) { columns.append(field.name) }
    }
    let estimates = decision.candidates.contains { $0.estimate != nil }
    guard !columns.isEmpty || (estimates && decision.candidates.count > 1) else { return [] }
    let shown = shown(decision)
    var rows = [[""] + columns + (estimates ? ["estimate"] : [])]
    for candidate in shown {
      let isChosen = candidate.name == decision.choice
      rows.append(
        [(isChosen ? "> " : "  ") + candidate.name]
          + columns.map { name in
            candidate.read.first { $0.name == name }.map { Self.text($0.value) } ?? ""
          }
          + (estimates
            ? [candidate.estimate.map { ConsoleText.time(nanoseconds: $0.seconds * 1e9) } ?? ""]
            : []))
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    var lines = rows.map { row in
      row.enumerated().map { ConsoleText.padded($1, widths[$0], right: $0 > 0) }
        .joined(separator: "  ")
    }
    let left = decision.candidates.count - shown.count
    if left > 0 { lines.append("  … and \(left) more") }
    return lines
  }

  /// The chosen one, the request itself, and those with the least estimate, in the order of the configuration.
  private func shown(_ decision: PolicyDecision) -> [PolicyDecision.Subject] {
    let candidates = decision.candidates
    guard candidates.count > Self.mostShown else { return candidates }
    let order = candidates.indices.sorted {
      (importance(candidates[$0], decision), $0) < (importance(candidates[$1], decision), $1)
    }
    return order.prefix(Self.mostShown).sorted().map { candidates[$0] }
  }

  private func importance(_ subject: PolicyDecision.Subject, _ decision: PolicyDecision) -> Int64 {
    if subject.name == decision.choice || subject.request == request { return -1 }
    return subject.estimate?.nanoseconds ?? .max
  }

  /// Where the engine's own models would have sent it, when that is elsewhere.
  private func better(_ decision: PolicyDecision) -> String? {
    guard let chosen = decision.candidates.first(where: { $0.name == decision.choice })?.estimate,
      let best = decision.candidates.min(by: {
        ($0.estimate ?? .maximum) < ($1.estimate ?? .maximum)
      }), let least = best.estimate, least < chosen
    else { return nil }
    let gain = ConsoleText.time(nanoseconds: (chosen - least).seconds * 1e9)
    return "by estimate, \(best.name) would have been \(gain) sooner"
  }

  /// Calls of a batch about this request, but not each token that it decoded.
  private func batch(_ decision: PolicyDecision) -> (key: String, lines: [String])? {
    let calls = decision.calls.filter { call in
      call.request == request && (call.name != "decode" || call.refusal != nil)
    }
    guard !calls.isEmpty else { return nil }
    let lines = calls.map { call in
      let what = call.name == "prefill" ? "prefill of \(call.count ?? 0) tokens" : call.name
      return what + (call.refusal.map { ", refused: \($0)" } ?? "")
    }
    let head = "batch by \(decision.file ?? "default") on \(decision.instance ?? "an instance"): "
    return ("batch \(lines)", [head + lines.joined(separator: "; ")])
  }

  private static func list(_ fields: [PolicyDecision.Field]) -> String {
    fields.map { "\($0.name) \(text($0.value))" }.joined(separator: ", ")
  }

  private static func text(_ value: PolicyDecision.Value) -> String {
    switch value {
    case .none: "nil"
    case .boolean(let value): "\(value)"
    case .integer(let value): ConsoleText.grouped(value)
    case .number(let value):
      value == value.rounded() && abs(value) < 1e15
        ? ConsoleText.grouped(Int(value))
        : ConsoleText.fixed(value, ConsoleText.decimals(for: value))
    case .text(let text): text
    case .list(let count): "\(count) of them"
    case .other: "…"
    }
  }
}
