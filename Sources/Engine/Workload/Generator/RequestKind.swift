/// One kind of request among those that a generated workload mixes: what its trace says of it, and how often it comes.
public struct RequestKind: Sendable, Equatable {
  /// Its share is this over the sum of all weights.
  public var weight: Double
  public var traits: RequestTraits

  public init(weight: Double, traits: RequestTraits) {
    self.weight = weight
    self.traits = traits
  }

  private static let keys = [
    "class", "tenant", "priority", "ttft_slo_s", "tpot_slo_s", "deadline_s",
  ]

  /// Reads `3*class=chat,tenant=acme,priority=1,ttft_slo_s=0.5`; without a weight it is 1.
  public init(parsing text: String) throws(SpecError) {
    weight = 1
    traits = RequestTraits()
    var rest = text[...]
    let pairs = text.firstIndex(of: "=") ?? text.endIndex
    if let star = text[..<pairs].firstIndex(of: "*") {
      guard let number = Double(text[..<star]), number > 0, number <= 1e9 else {
        throw SpecError("kind", "\(text): weight \(text[..<star])", expected: "above 0")
      }
      weight = number
      rest = text[star...].dropFirst()
    }
    var seen: Set<Substring> = []
    for pair in rest.split(separator: ",", omittingEmptySubsequences: false) {
      guard let equals = pair.firstIndex(of: "="), !pair[equals...].dropFirst().isEmpty else {
        throw SpecError("kind", "\(text): \(pair)", expected: "name=value")
      }
      let key = pair[..<equals]
      guard seen.insert(key).inserted else { throw SpecError("kind", "\(text): \(key) twice") }
      try set(key, String(pair[equals...].dropFirst()))
    }
  }

  private mutating func set(_ key: Substring, _ value: String) throws(SpecError) {
    switch key {
    case "class": traits.className = value
    case "tenant": traits.tenant = value
    case "priority":
      guard let priority = Int32(value) else {
        throw SpecError("kind", "priority \(value)", expected: "a whole number")
      }
      traits.priority = priority
    case "ttft_slo_s": traits.ttftTarget = try Self.seconds(key, value)
    case "tpot_slo_s": traits.tpotTarget = try Self.seconds(key, value)
    case "deadline_s": traits.deadline = try Self.seconds(key, value)
    default:
      throw SpecError("kind", "has no \(key)", expected: Self.keys.joined(separator: ", "))
    }
  }

  private static func seconds(_ key: Substring, _ value: String) throws(SpecError) -> SimDuration {
    guard let seconds = Double(value), seconds > 0, seconds <= 3e9 else {
      throw SpecError("kind", "\(key) \(value)", expected: "seconds above 0, at most 3e9")
    }
    return SimDuration(nanoseconds: max(1, Int64((seconds * 1e9).rounded())))
  }
}
