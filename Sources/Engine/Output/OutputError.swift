/// A result file that could not be written. Reads as `file: problem; suggestion`.
public struct OutputError: Error, Equatable, Sendable, CustomStringConvertible {
  public var path: String
  public var problem: String
  public var suggestion: String?

  public init(path: String, problem: String, suggestion: String? = nil) {
    self.path = path
    self.problem = problem
    self.suggestion = suggestion
  }

  public var description: String {
    let text = "\(path.isEmpty ? "output file" : path): \(problem)"
    return suggestion.map { "\(text); \($0)" } ?? text
  }
}
