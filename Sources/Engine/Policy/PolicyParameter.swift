/// A parameter that a policy declares, with the value that it will run with.
public struct PolicyParameter: Sendable, Equatable {
  public enum Value: Sendable, Equatable, CustomStringConvertible {
    case number(Double)
    case integer(Int)
    case string(String)
    case boolean(Bool)

    public var description: String {
      switch self {
      case .number(let value): "\(value)"
      case .integer(let value): "\(value)"
      case .string(let value): value
      case .boolean(let value): value ? "true" : "false"
      }
    }

    /// The word for this type in a policy's `params` table.
    public var typeName: String {
      switch self {
      case .number: "number"
      case .integer: "integer"
      case .string: "string"
      case .boolean: "boolean"
      }
    }
  }

  public var name: String
  public var value: Value
  public var minimum: Double?
  public var maximum: Double?
  /// Allowed strings; empty is any.
  public var choices: [String]
  public var help: String
  /// File that declares it.
  public var file: String

  /// What a value must be, in words, such as `a number from 0 to 1`.
  public var expectation: String {
    let range =
      switch (minimum, maximum) {
      case (let low?, let high?): " from \(plain(low)) to \(plain(high))"
      case (let low?, nil): " of at least \(plain(low))"
      case (nil, let high?): " of at most \(plain(high))"
      case (nil, nil): ""
      }
    return switch value {
    case .number: "a number\(range)"
    case .integer: "an integer\(range)"
    case .boolean: "true or false"
    case .string where choices.isEmpty: "a string"
    case .string: "one of " + choices.joined(separator: ", ")
    }
  }

  private func plain(_ bound: Double) -> String {
    Int(exactly: bound).map(String.init) ?? "\(bound)"
  }

  /// Does the value lie within the declared range and choices?
  var isAllowed: Bool {
    switch value {
    case .number(let number):
      number.isFinite && number >= (minimum ?? -.infinity) && number <= (maximum ?? .infinity)
    case .integer(let number):
      Double(number) >= (minimum ?? -.infinity) && Double(number) <= (maximum ?? .infinity)
    case .string(let text): choices.isEmpty || choices.contains(text)
    case .boolean: true
    }
  }

  /// The parameter with the value that `text` says, or nil when it is of another type, out of range or no choice.
  func reading(_ text: String) -> PolicyParameter? {
    var changed = self
    switch value {
    case .number:
      guard let number = Double(text) else { return nil }
      changed.value = .number(number)
    case .integer:
      guard let number = Int(text) else { return nil }
      changed.value = .integer(number)
    case .string: changed.value = .string(text)
    case .boolean:
      guard let flag = Bool(text) else { return nil }
      changed.value = .boolean(flag)
    }
    return changed.isAllowed ? changed : nil
  }
}

/// What a policy file says about itself, for `simhost policy info`.
public struct PolicyFileDescription: Sendable, Equatable {
  public var file: String
  public var name: String
  public var version: String?
  public var description: String?
  public var author: String?
  public var licence: String?
  /// Hooks in the order of the contract.
  public var hooks: [String]
  /// In the order of their names.
  public var parameters: [PolicyParameter]
}
