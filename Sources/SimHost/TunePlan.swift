import ArgumentParser
import Engine
import Foundation

/// What a search for parameters tries: the defaults first, then points drawn from the ranges that the policy declares.
struct TunePlan {
  /// A parameter and where its values are drawn from.
  struct Range: Equatable {
    enum Values: Equatable {
      case linear(Double, Double)
      /// Each order of magnitude as likely as another.
      case logarithmic(Double, Double)
      case whole(Int, Int)
      case words([String])
    }
    var name: String
    var values: Values
  }

  let ranges: [Range]
  /// Of each point, the values of `ranges` in their order.
  let points: [[String]]

  /// How far a parameter without bounds is tried to either side of its default, as a factor. Origin: guess.
  static let reach = 10.0

  /// - Parameter given: `param.NAME=low:high` or lists, in place of what the policy declares.
  init(_ parameters: [PolicyParameter], given: [SweepAxis], count: Int, seed: UInt64) throws {
    for axis in given {
      guard case .parameter(let name) = axis.kind else {
        throw ValidationError("--set \(axis.name): tune varies parameters, param.NAME")
      }
      guard parameters.contains(where: { $0.name == name }) else {
        throw ValidationError("--set \(axis.name): the policy has no such parameter")
      }
    }
    ranges = parameters.compactMap { parameter in
      let axis = given.first { $0.kind == .parameter(parameter.name) }
      guard let values = axis.map({ Self.values($0) }) ?? Self.values(parameter) else { return nil }
      return Range(name: parameter.name, values: values)
    }
    guard !ranges.isEmpty else {
      throw ValidationError("the policy declares no parameter that could be varied")
    }
    var random = RandomStream(seed: seed, name: "tune points")
    let defaults = ranges.map { range in
      parameters.first { $0.name == range.name }?.value.description ?? ""
    }
    var points = [defaults]
    // A few draws for each point: with few words there may not be so many.
    for _ in 0..<(20 * count) where points.count < count {
      let point = ranges.map { Self.draw($0.values, &random) }
      if !points.contains(point) { points.append(point) }
    }
    self.points = points
  }

  private static func values(_ axis: SweepAxis) -> Range.Values {
    switch axis.values {
    case .list(let list): .words(list)
    case .range(let low, let high, true): .whole(Int(low), Int(high))
    case .range(let low, let high, false): .linear(low, high)
    }
  }

  /// Between the bounds that are declared, else a factor around the default; nil for text that may be anything.
  private static func values(_ parameter: PolicyParameter) -> Range.Values? {
    func bounds(_ value: Double) -> (Double, Double, isFactor: Bool) {
      if let low = parameter.minimum, let high = parameter.maximum { return (low, high, false) }
      let (near, far) = value == 0 ? (-reach, reach) : (value / reach, value * reach)
      let low = max(parameter.minimum ?? -.infinity, min(near, far))
      let high = min(parameter.maximum ?? .infinity, max(near, far))
      return (low, max(low, high), low > 0)
    }
    switch parameter.value {
    case .number(let value):
      let (low, high, isFactor) = bounds(value)
      return isFactor ? .logarithmic(low, high) : .linear(low, high)
    case .integer(let value):
      let (low, high, _) = bounds(Double(value))
      return .whole(Int(max(-1e15, low.rounded(.up))), Int(min(1e15, high.rounded(.down))))
    case .boolean: return .words(["false", "true"])
    case .string: return parameter.choices.count > 1 ? .words(parameter.choices) : nil
    }
  }

  private static func draw(_ values: Range.Values, _ random: inout RandomStream) -> String {
    switch values {
    case .words(let words): return words[random.nextIndex(below: words.count)]
    case .whole(let low, let high):
      return "\(low + random.nextIndex(below: max(1, high - low + 1)))"
    case .linear(let low, let high):
      return rounded(low + (high - low) * random.nextUnit(), low, high)
    case .logarithmic(let low, let high):
      return rounded(low * exp(log(high / low) * random.nextUnit()), low, high)
    }
  }

  /// Three digits: what one would write down.
  private static func rounded(_ value: Double, _ low: Double, _ high: Double) -> String {
    let short = Double(String(format: "%.3g", value)) ?? value
    return "\(min(high, max(low, short)))"
  }
}
