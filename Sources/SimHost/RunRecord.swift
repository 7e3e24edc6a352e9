import Engine
import Foundation

/// What a summary says of its run.
struct RunRecord {
  var bytes: Data
  var arguments: [String]
  var sources: [(file: String, digest: String)]

  /// The policy's files that are not what they were, in words.
  var changes: [String] {
    sources.filter { SourceFile(reading: $0.file).sha256 != $0.digest }
      .map { "\(ConsoleText.printable($0.file)) is not the file that it was" }
  }

  init(_ path: String) throws {
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw InputError(file: path, problem: "cannot be read")
    }
    let root = (try? JSONSerialization.jsonObject(with: bytes)) as? [String: Any]
    guard let run = root?["run"] as? [String: Any], let arguments = run["arguments"] as? [String]
    else {
      throw InputError(
        file: path, problem: "says no command line", expected: "a summary that --summary wrote")
    }
    let policy = run["policy"] as? [String: Any]
    let sources = policy?["sources"] as? [[String: String]] ?? []
    self.bytes = bytes
    self.arguments = arguments
    self.sources = sources.map { ($0["file"] ?? "", $0["sha256"] ?? "") }
  }
}
