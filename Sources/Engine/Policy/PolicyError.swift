/// A policy that did something wrong. Exit code 3.
public struct PolicyError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Policy file, as the user named it.
  public var file: String
  public var line: Int?
  /// Hook that was running; nil while loading.
  public var hook: String?
  /// Simulated time; nil before the first event.
  public var time: SimTime?
  /// What the hook was asked about, such as `request 17` or `instance decode/0`.
  public var subject: String?
  public var problem: String
  public var suggestion: String?
  /// Lua traceback, one line each; may be empty.
  public var traceback: [String]

  public init(
    file: String, line: Int? = nil, hook: String? = nil, time: SimTime? = nil,
    subject: String? = nil,
    problem: String, suggestion: String? = nil, traceback: [String] = []
  ) {
    self.file = file
    self.line = line
    self.hook = hook
    self.time = time
    self.subject = subject
    self.problem = problem
    self.suggestion = suggestion
    self.traceback = traceback
  }

  public var description: String {
    var text = file
    if let line { text += ":\(line)" }
    text += ": "
    if let hook { text += "in \(hook)" }
    if let time { text += " at \(time.seconds) s" }
    if let subject { text += " for \(subject)" }
    if hook != nil || time != nil { text += ": " }
    text += problem
    if let suggestion { text += "; \(suggestion)" }
    for line in traceback { text += "\n    \(line)" }
    return text
  }
}
