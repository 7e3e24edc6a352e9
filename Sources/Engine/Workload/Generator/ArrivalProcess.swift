/// When requests arrive: a rate that may change over time, and how regular the gaps are.
public struct ArrivalProcess: Sendable, Equatable, CustomStringConvertible {
  /// From `start` (seconds) on, `rate` requests a second.
  public struct Piece: Sendable, Equatable {
    public var start: Double
    public var rate: Double
    public init(start: Double, rate: Double) {
      self.start = start
      self.rate = rate
    }
  }

  /// How gaps scatter around their mean.
  public enum Gaps: Sendable, Equatable {
    /// All the same.
    case constant
    /// Gamma with this shape, as vLLM's `--burstiness`: 1 is Poisson, less is more bursty, more is
    /// more regular.
    case gamma(burstiness: Double)

    public static let poisson = Gaps.gamma(burstiness: 1)
  }

  /// Seconds with arrivals and seconds without, in turn, from time 0 on.
  public struct Pulse: Sendable, Equatable {
    public var on: Double
    public var off: Double
    public init(on: Double, off: Double) {
      self.on = on
      self.off = off
    }
  }

  /// Highest rate, 1 a nanosecond, and lowest but 0, one in 32 years.
  static let rates = 1e-9...1e9

  public private(set) var pieces: [Piece]
  public private(set) var gaps: Gaps
  public private(set) var pulse: Pulse?

  /// - Throws: `SpecError` where a piece does not start behind the one before, the first not at 0,
  ///   a rate is out of range, all are 0, or the burstiness or the pulse is out of range.
  public init(pieces: [Piece], gaps: Gaps = .poisson, pulse: Pulse? = nil) throws(SpecError) {
    self.pieces = pieces
    self.gaps = gaps
    self.pulse = pulse
    guard pieces.first?.start == 0 else {
      throw SpecError("rate", "does not start at second 0", expected: "such as 0:100,600:150")
    }
    for (before, piece) in zip(pieces, pieces.dropFirst()) where !(before.start < piece.start) {
      throw SpecError("rate", "second \(piece.start) does not follow \(before.start)")
    }
    for piece in pieces
    where piece.rate != 0 && !ArrivalProcess.rates.contains(piece.rate)
      || !piece.start.isFinite
    {
      throw SpecError("rate", "is \(piece.rate)", expected: "0, or 1e-9 to 1e9 a second")
    }
    guard pieces.contains(where: { $0.rate > 0 }) else {
      throw SpecError("rate", "is 0 throughout", expected: "some arrivals")
    }
    if case .gamma(let burstiness) = gaps, !(0.01...1000).contains(burstiness) {
      throw SpecError("burstiness", "is \(burstiness)", expected: "0.01 to 1000; 1 is Poisson")
    }
    if let pulse, !(0.001...1e9).contains(pulse.on) || !(0...1e9).contains(pulse.off) {
      throw SpecError(
        "pulse", "is \(pulse.on) s on, \(pulse.off) s off", expected: "0.001 s or more on")
    }
  }

  /// Reads `5`, or pieces `0:100,600:150`: from second 0 on 100 requests a second, from 600 on 150.
  public init(parsing text: String, gaps: Gaps = .poisson, pulse: Pulse? = nil) throws(SpecError) {
    let spec = SpecText(whole: text)
    var pieces: [Piece] = []
    if !text.contains(":") {
      pieces = [Piece(start: 0, rate: try spec.number(text))]
    } else {
      for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        let halves = part.split(separator: ":", omittingEmptySubsequences: false)
        guard halves.count == 2 else {
          throw SpecError(text, "`\(part)` is no piece", expected: "SECOND:RATE, such as 600:150")
        }
        pieces.append(Piece(start: try spec.number(halves[0]), rate: try spec.number(halves[1])))
      }
    }
    do {
      try self.init(pieces: pieces, gaps: gaps, pulse: pulse)
    } catch {
      throw error.text == "rate" ? SpecError(text, error.problem, expected: error.expected) : error
    }
  }

  public var description: String {
    var text = pieces.count == 1 ? "\(pieces[0].rate)/s" : ""
    if pieces.count > 1 {
      text = pieces.map { "\($0.rate)/s from \($0.start) s" }.joined(separator: ", ")
    }
    switch gaps {
    case .constant: text += ", constant gaps"
    case .gamma(1): text += ", Poisson"
    case .gamma(let burstiness): text += ", gamma gaps of burstiness \(burstiness)"
    }
    if let pulse { text += ", \(pulse.on) s on, \(pulse.off) s off" }
    return text
  }
}
