import ArgumentParser
import Engine

/// What a sweep varies: `NAME=a,b,c`, `NAME=low:high:step` or, for random points, `NAME=low:high`; of splits `1:7..7:1`.
struct SweepAxis: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    case rate, cluster, dataset, split
    /// Accelerators, of instances of a role or (nil) of all.
    case hardware(InstanceRole?)
    /// Factors of lengths, and of the objectives.
    case promptScale, outputScale, sloScale
    /// Of the policies.
    case parameter(String)
    /// A limit of the instances, under the name of its flag.
    case limit(String)
  }

  enum Values: Sendable, Equatable {
    case list([String])
    case range(low: Double, high: Double, isWhole: Bool)
  }

  var name: String
  var kind: Kind
  var values: Values

  static let limits = [
    "max-num-seqs", "max-num-batched-tokens", "long-prefill-token-threshold", "block-size",
  ]
  private static let kinds: [(name: String, kind: Kind)] = [
    ("rate", .rate), ("cluster", .cluster), ("dataset", .dataset), ("split", .split),
    ("hardware", .hardware(nil)), ("prefill-hardware", .hardware(.prefill)),
    ("decode-hardware", .hardware(.decode)), ("prompt-scale", .promptScale),
    ("output-scale", .outputScale), ("slo-scale", .sloScale),
  ]
  /// Most values of one axis. Origin: guess, against a step that was mistyped.
  private static let mostValues = 10_000

  init(parsing text: String) throws {
    guard let place = text.firstIndex(of: "="), place > text.startIndex else {
      throw ValidationError("\(text): expected NAME=values, such as rate=1,2,4")
    }
    let name = String(text[..<place])
    self.name = name
    let given = String(text[place...].dropFirst())
    switch name {
    case _ where name.hasPrefix("param."): kind = .parameter(String(name.dropFirst(6)))
    case _ where Self.limits.contains(name): kind = .limit(name)
    default:
      guard let known = Self.kinds.first(where: { $0.name == name }) else {
        let names = Self.kinds.map(\.name) + ["param.NAME"] + Self.limits
        throw ValidationError(
          "\(name): cannot be varied; expected \(names.joined(separator: ", "))")
      }
      kind = known.kind
    }
    values =
      try kind == .split
      ? .list(ClusterSplit.list(given).map(\.text)) : Self.values(given, of: name, kind)
    for value in listed { try check(value) }
    if case .range(let low, let high, _) = values {
      try check("\(low)", isEnd: true)
      try check("\(high)", isEnd: true)
    }
  }

  /// The values of a grid; none of a range.
  var listed: [String] {
    if case .list(let list) = values { list } else { [] }
  }

  /// A value drawn at random: one of the list, or anything in the range.
  func draw(_ random: inout RandomStream) -> String {
    switch values {
    case .list(let list): return list[random.nextIndex(below: list.count)]
    case .range(let low, let high, true):
      return String(Int(low) + random.nextIndex(below: Int(high - low) + 1))
    case .range(let low, let high, false):
      return String(low + (high - low) * random.nextUnit())
    }
  }

  private static func values(_ text: String, of name: String, _ kind: Kind) throws -> Values {
    // Among names there are no ranges.
    let isText =
      switch kind {
      case .cluster, .dataset, .hardware: true
      default: false
      }
    let ends = text.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
    guard !isText, (2...3).contains(ends.count) else {
      let list = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      guard !list.contains("") else { throw ValidationError("\(name)=\(text): a value is empty") }
      guard Set(list).count == list.count else {
        throw ValidationError("\(name)=\(text): a value is there twice")
      }
      return .list(list)
    }
    guard let low = ends[0], let high = ends[1], low.isFinite, high.isFinite, low < high,
      abs(low) < 1e15, abs(high) < 1e15
    else {
      throw ValidationError("\(name)=\(text): expected low:high:step or low:high, low below high")
    }
    let isWhole = !text.contains(".") && !text.contains("e")
    guard ends.count == 3 else { return .range(low: low, high: high, isWhole: isWhole) }
    guard let step = ends[2], step > 0, (high - low) / step < Double(mostValues) else {
      throw ValidationError(
        "\(name)=\(text): expected a step above 0, at most \(mostValues) values")
    }
    // The end counts, whatever the rounding of the steps.
    let count = Int(((high - low) / step + 1e-9).rounded(.down))
    return .list(
      (0...count).map { place in
        let value = low + Double(place) * step
        // Fifteen digits: 0.3, where three steps of 0.1 give 0.30000000000000004.
        let rounded = (value * 1e12).rounded() / 1e12
        return isWhole ? String(Int(value)) : String(abs(value) < 1e3 ? rounded : value)
      })
  }

  private func check(_ value: String, isEnd: Bool = false) throws {
    switch kind {
    case .cluster, .dataset, .parameter, .hardware, .split: return
    case .promptScale, .outputScale, .sloScale:
      guard let factor = Double(value), factor >= 1e-6, factor <= 1e6 else {
        throw ValidationError("\(name)=\(value): expected a factor, 1e-6 to 1e6")
      }
    case .rate:
      guard let rate = Double(value), rate >= 1e-9, rate <= 1e9 else {
        throw ValidationError("rate=\(value): expected requests a second, 1e-9 to 1e9")
      }
    case .limit:
      let number = isEnd ? Double(value).flatMap { Int(exactly: $0) } : Int(value)
      guard let number, number >= 0 else {
        throw ValidationError("\(name)=\(value): expected a whole number")
      }
    }
  }
}

/// One combination of the values of a sweep.
struct SweepPoint: Sendable, Equatable {
  var candidate: Int
  /// Of each axis, in order.
  var values: [String]

  /// Most points of a sweep. Origin: guess.
  static let most = 1_000_000

  /// Every combination: policies first, then the first axis, the last one fastest.
  static func grid(candidates: Int, axes: [SweepAxis]) throws -> [SweepPoint] {
    var count = candidates
    for axis in axes {
      guard case .list(let list) = axis.values else {
        throw ValidationError(
          "\(axis.name): a grid needs values or a step, such as 1:8:1; or --random")
      }
      count = count.multipliedReportingOverflow(by: list.count).partialValue
      guard (1...most).contains(count) else {
        throw ValidationError("the grid has more than \(most) points")
      }
    }
    var points = (0..<candidates).map { SweepPoint(candidate: $0, values: []) }
    for axis in axes {
      points = points.flatMap { point in
        axis.listed.map { SweepPoint(candidate: point.candidate, values: point.values + [$0]) }
      }
    }
    return points
  }

  static func random(_ count: Int, candidates: Int, axes: [SweepAxis], seed: UInt64) -> [SweepPoint]
  {
    var stream = RandomStream(seed: seed, name: "sweep points")
    return (0..<count).map { _ in
      SweepPoint(
        candidate: stream.nextIndex(below: candidates), values: axes.map { $0.draw(&stream) })
    }
  }
}
