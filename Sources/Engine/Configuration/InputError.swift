/// Something wrong in a file that the user gave us: configuration, trace, profile. Exit code 2.
///
/// Reads as `file:line: key: problem; expected …; did you mean …`.
public struct InputError: Error, Equatable, Sendable, CustomStringConvertible {
  public var file: String
  /// 1-based; nil where the file as a whole is meant.
  public var line: Int?
  /// Key path or column, such as `nodes[0].instances[1].tp_size`.
  public var key: String?
  /// What was found.
  public var problem: String
  /// What would be right.
  public var expected: String?
  public var suggestion: String?

  public init(
    file: String, line: Int? = nil, key: String? = nil, problem: String, expected: String? = nil,
    suggestion: String? = nil
  ) {
    self.file = file
    self.line = line
    self.key = key
    self.problem = problem
    self.expected = expected
    self.suggestion = suggestion
  }

  public var description: String {
    var text = file
    if let line { text += ":\(line)" }
    text += ": "
    if let key { text += "\(key): " }
    text += problem
    if let expected { text += "; expected \(expected)" }
    if let suggestion { text += "; \(suggestion)" }
    return text
  }
}
