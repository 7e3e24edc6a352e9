import Foundation
import Testing

/// `simhost report`, and `--report` of a run, as a user runs them.
@Suite struct ReportCommandTests {
  /// A run's file and the page that the run made at once.
  private static func run(_ folder: String, _ more: [String] = []) throws -> String {
    let run = try Program.run(
      ["--policy", "policies/least_kv.lua", "--num-reqs", "60", "--run", "\(folder)/run.json"]
        + more)
    #expect(run.exitCode == 0, "\(run.errors)")
    return try String(contentsOfFile: "\(folder)/run.json", encoding: .utf8)
  }

  @Test func reportOfARunIsThatOfItsFile() throws {
    try Program.inFolder { folder in
      _ = try Self.run(folder, ["--report", "\(folder)/one.html"])
      let run = try Program.run(["report", "\(folder)/run.json", "-o", "\(folder)/two.html"])
      #expect(run.exitCode == 0, "\(run.errors)")
      let pages = try ["one", "two"].map {
        try String(contentsOfFile: "\(folder)/\($0).html", encoding: .utf8)
      }
      #expect(pages[0] == pages[1])
      #expect(!pages[0].contains("{{"))
      // Self-contained: nothing that a browser would fetch.
      for word in ["<link", "<img", "<iframe", " src=", "@import", "url("] {
        let own = pages[0].components(separatedBy: "<script>")[0]
        #expect(!own.contains(word), "the page fetches something by \(word)")
      }
      #expect(pages[0].utf8.count < 1_300_000)
    }
  }

  /// The summary's fields are in the run's file, so that whatever reads one reads the other.
  @Test func runFileBeginsWithTheSummary() throws {
    try Program.inFolder { folder in
      let text = try Self.run(folder, ["--summary", "\(folder)/summary.json"])
      let summary = try String(contentsOfFile: "\(folder)/summary.json", encoding: .utf8)
      #expect(text.hasPrefix(summary.dropLast(3)))
      #expect(text.contains("\"latencies\": ["))
    }
  }

  @Test(arguments: [
    ("{", ":1: "), ("[]", "an object"), ("{\"requests\": {}}", "bottleneck: missing"),
    ("{\"completed\": 3}", "requests: is missing"), ("", "run.json:1: "),
  ])
  func otherFilesAreRefused(_ text: String, _ message: String) throws {
    try Program.inFolder { folder in
      try text.write(toFile: "\(folder)/run.json", atomically: true, encoding: .utf8)
      let run = try Program.run(["report", "\(folder)/run.json", "-o", "\(folder)/page.html"])
      #expect(run.exitCode == 2)
      #expect(run.errors.contains("run.json") && run.errors.contains(message), "\(run.errors)")
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/page.html"))
    }
  }

  @Test func damageIsNamedWithItsPlace() throws {
    try Program.inFolder { folder in
      let text = try Self.run(folder)
      for (old, new, place) in [
        ("\"outcome\": [\"finished\"", "\"outcome\": [\"vanished\"", "requests.outcome[0]"),
        ("\"kv_used\": [", "\"kv_used\": [-1, ", "series.instances[0].kv_used"),
        ("\"first_token_ns\": [", "\"first_token_ns\": [1e400, ", "number out of range"),
        ("\"arrival_ns\": [", "\"arrival_ns\": [1, ", "requests.arrival_ns"),
        ("\"bottleneck\": {", "\"bottleneck\": 7, \"x\": {", "bottleneck"),
      ] {
        #expect(text.contains(old), "\(old)")
        try text.replacingOccurrences(of: old, with: new)
          .write(toFile: "\(folder)/damaged.json", atomically: true, encoding: .utf8)
        let run = try Program.run(["report", "\(folder)/damaged.json", "-o", "\(folder)/p.html"])
        #expect(run.exitCode == 2, "\(new)")
        #expect(run.errors.contains(place), "\(run.errors)")
      }
    }
  }

  @Test func pageIsNotWrittenOverItsRun() throws {
    try Program.inFolder { folder in
      _ = try Self.run(folder)
      let run = try Program.run(["report", "\(folder)/run.json", "-o", "\(folder)/run.json"])
      #expect(run.exitCode == 2)
      #expect(run.errors.contains("is an input of this run"), "\(run.errors)")
    }
  }
}
