/// Faults that come by chance to each instance: `kill:every=300s,for=30s`.
///
/// Times between two of an instance, from the end of one to the beginning of the next, and how long each lasts, are
/// exponential with these means. `by=2x` says how much slower. The last begins no later than the workload's last arrival,
/// so that a run ends.
public struct RandomFaults: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable { case kill, slow, cut, lose }
  public var kind: Kind
  /// Mean time between failures.
  public var every: SimDuration
  /// Mean time to repair; means nothing for `lose`.
  public var lasting: SimDuration
  public var factor = 1.0

  /// guess: of more, nobody reads the report
  static let most = 100_000

  /// The faults of a cluster's instances until `last`, in order of time.
  ///
  /// A stream for each instance and place of the plan, so that one instance more leaves those of the others as they are.
  func draw(_ cluster: ClusterSpec, seed: UInt64, place: Int, until last: SimTime) -> [Fault] {
    var faults: [Fault] = []
    for (index, spec) in cluster.instances.enumerated() {
      var random = RandomStream(seed: seed, name: "faults \(place) \(index)")
      var time = SimTime.zero
      while faults.count < Self.most {
        time = time + Self.length(every, &random)
        guard time <= last else { break }
        let duration = kind == .lose ? nil : Self.length(lasting, &random)
        faults.append(fault(spec.name, InstanceID(index), at: time, for: duration))
        time = time + (duration ?? .zero)
      }
    }
    return faults
  }

  private func fault(
    _ name: String, _ id: InstanceID, at start: SimTime, for duration: SimDuration?
  ) -> Fault {
    let (kind, words): (Fault.Kind, String) =
      switch self.kind {
      case .kill: (.kill, "kill \(name)")
      case .slow: (.slow(factor), "slow \(name) by \(factor)x")
      case .cut: (.cutLink, "cut link \(name)")
      case .lose: (.loseTransfers, "lose transfers \(name)")
      }
    let time = duration.map { " for \($0.seconds)s" } ?? ""
    return Fault(kind, .instance(id), at: start, for: duration, words: words + time)
  }

  /// At least a nanosecond, and at most a hundred times the mean, which a draw of 53 bits cannot exceed.
  private static func length(_ mean: SimDuration, _ random: inout RandomStream) -> SimDuration {
    let nanoseconds = Double(mean.nanoseconds) * random.nextExponential()
    return SimDuration(nanoseconds: max(1, Int64(min(nanoseconds, 1e18).rounded())))
  }
}

extension RandomFaults {
  /// Reads `kill:every=300s,for=30s`, `slow:every=300s,for=30s,by=2x`, `cut:…` or `lose:every=300s`.
  init(_ text: String, origin: InputError) throws(InputError) {
    func wrong(_ problem: String, _ expected: String, _ suggestion: String? = nil) -> InputError {
      var error = origin
      error.problem = "\(text.quotedForMessage): \(problem)"
      error.expected = expected
      error.suggestion = suggestion
      return error
    }
    let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let kinds = Kind.allCases.map(\.rawValue)
    guard let kind = Kind(rawValue: String(halves[0])) else {
      throw wrong(
        "\(String(halves[0]).quotedForMessage) is no fault", "\(kinds.joined(separator: ", ")):…",
        Suggestion.didYouMean(String(halves[0]), among: kinds))
    }
    self.kind = kind
    let form: [String] =
      switch kind {
      case .kill, .cut: ["every", "for"]
      case .slow: ["every", "for", "by"]
      case .lose: ["every"]
      }
    let example =
      kind.rawValue + ":every=300s" + (kind == .lose ? "" : ",for=30s")
      + (kind == .slow ? ",by=2x" : "")
    var seen: [String] = []
    (every, lasting) = (.zero, .zero)
    for part in halves.count > 1 ? halves[1].split(separator: ",") : [] {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(pair[0])
      guard form.contains(name), pair.count == 2, !seen.contains(name) else {
        throw wrong(
          "has \(String(part).quotedForMessage)", example,
          Suggestion.didYouMean(name, among: form.filter { !seen.contains($0) && $0 != name }))
      }
      seen.append(name)
      if name == "by" {
        guard pair[1].hasSuffix("x"), let factor = Double(pair[1].dropLast()), factor >= 1,
          factor <= 1000
        else { throw wrong("has \(String(part).quotedForMessage)", "by=1x to by=1000x") }
        self.factor = factor
        continue
      }
      guard let time = FaultText.duration(pair[1]) else {
        throw wrong(
          "has \(String(part).quotedForMessage)",
          "a time above 0 with ns, us, ms, s, min or h, such as \(name)=30s")
      }
      if name == "every" { every = time } else { lasting = time }
    }
    if let missing = form.first(where: { !seen.contains($0) }) {
      throw wrong("has no \(missing)", example)
    }
  }
}
