extension GoodputTargets {
  /// Reads `ttft=400ms,tpot=50ms`; also `e2el`, and `us` or `s` as units.
  public init(slo text: String) throws(InputError) {
    self.init()
    func refuse(_ part: some StringProtocol, _ problem: String, _ expected: String) -> InputError {
      InputError(file: "--slo", key: String(part), problem: problem, expected: expected)
    }
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let halves = part.split(separator: "=", omittingEmptySubsequences: false)
      guard halves.count == 2 else {
        throw refuse(part, "is not a pair", "name=time, such as ttft=400ms")
      }
      let units = [("ms", 1.0), ("us", 1e-3), ("s", 1e3)]
      guard let (unit, scale) = units.first(where: { halves[1].hasSuffix($0.0) }),
        let value = Double(halves[1].dropLast(unit.count)), value.isFinite, value > 0
      else {
        throw refuse(part, "\(halves[1]) is not a time", "a number above 0 with ms, us or s")
      }
      let target: WritableKeyPath<GoodputTargets, Double?>
      switch halves[0] {
      case "ttft": target = \.ttft
      case "tpot": target = \.tpot
      case "e2el": target = \.endToEnd
      default: throw refuse(part, "\(halves[0]) is not an objective", "ttft, tpot or e2el")
      }
      guard self[keyPath: target] == nil else {
        throw refuse(part, "is given twice", "one value for each objective")
      }
      self[keyPath: target] = value * scale
    }
  }

  /// Such as `ttft 400 ms, tpot 50 ms`.
  public var text: String {
    [("ttft", ttft), ("tpot", tpot), ("e2el", endToEnd)].compactMap { name, limit in
      limit.map { "\(name) \($0 == $0.rounded() ? String(Int($0)) : String($0)) ms" }
    }.joined(separator: ", ")
  }
}

extension Goodput {
  /// The objective that fewest requests kept.
  public var worstObjective: String {
    let shares = [("ttft", ttftShare), ("tpot", tpotShare), ("e2el", endToEndShare)]
    return shares.compactMap { name, share in share.map { (name, $0) } }
      .min { $0.1 < $1.1 }?.0 ?? "none"
  }
}
