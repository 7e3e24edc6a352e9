/// Something wrong in a short text that describes a distribution or a process, or in a value beside
/// it.
public struct SpecError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The text, or the name of the value.
  public var text: String
  public var problem: String
  public var expected: String?

  public init(_ text: String, _ problem: String, expected: String? = nil) {
    self.text = text
    self.problem = problem
    self.expected = expected
  }

  public var description: String {
    "`\(text)`: \(problem)" + (expected.map { "; expected \($0)" } ?? "")
  }
}

/// Splits texts such as `lognormal:mean=512,sigma=0.8` and reads their numbers.
struct SpecText {
  let whole: String

  func number(_ text: some StringProtocol) throws(SpecError) -> Double {
    let trimmed = text.drop { $0 == " " }
    guard let value = Double(trimmed), value.isFinite else {
      throw SpecError(whole, "`\(text)` is no number")
    }
    return value
  }

  /// Values of `name=value,…`; a first part without a name is called `first`.
  func values(_ text: some StringProtocol, first: String?, allowed: [String])
    throws(SpecError) -> [(name: String, value: Double)]
  {
    var values: [(name: String, value: Double)] = []
    for (index, part) in text.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
      let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name: String
      if halves.count == 2 {
        name = String(halves[0].filter { $0 != " " })
      } else if index == 0, let first {
        name = first
      } else {
        throw SpecError(whole, "`\(part)` has no name", expected: "name=value")
      }
      guard allowed.contains(name) else {
        throw SpecError(
          whole, "`\(name)` is unknown", expected: allowed.joined(separator: ", "))
      }
      guard !values.contains(where: { $0.name == name }) else {
        throw SpecError(whole, "`\(name)` is there twice")
      }
      values.append((name, try number(halves[halves.count - 1])))
    }
    return values
  }
}
