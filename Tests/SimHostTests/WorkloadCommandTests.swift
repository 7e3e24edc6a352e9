import ArgumentParser
import Engine
import Foundation
import Testing

@testable import SimHost

@Suite struct WorkloadCommandTests {
  /// Runs `simhost workload` with these arguments in this process.
  static func run(_ arguments: [String]) throws {
    var command = try WorkloadCommand.parseAsRoot(arguments)
    try command.run()
  }

  /// Exit code that the arguments end in; 0 is success.
  static func exitCode(_ arguments: [String]) -> Int32 {
    do {
      try run(arguments)
      return 0
    } catch {
      return WorkloadCommand.exitCode(for: error).rawValue
    }
  }

  static func inFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("simhost-workload-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }

  @Test func aTraceIsWrittenIntoAFolderThatIsMadeForIt() throws {
    try Self.inFolder { folder in
      let file = folder.appendingPathComponent("a/b/trace.jsonl")
      try Self.run(["generate", "--rate", "5", "--num-reqs", "20", "-o", file.path])
      #expect(try Workload.load(path: file.path).requests.count == 20)
      // Nothing else is left there.
      let names = try FileManager.default.contentsOfDirectory(
        atPath: file.deletingLastPathComponent().path)
      #expect(names == ["trace.jsonl"])
    }
  }

  @Test func theFlagsSayWhatTheTraceIsLike() throws {
    try Self.inFolder { folder in
      let file = folder.appendingPathComponent("trace").path
      func generate(_ arguments: String) throws -> Workload {
        try Self.run(["generate", "-o", file] + arguments.split(separator: " ").map(String.init))
        return try Workload.load(path: file)
      }
      let steps = try generate("--rate 0:1,2:2 --arrivals constant --num-reqs 4")
      #expect(steps.requests.map(\.arrival.seconds) == [1, 2, 2.5, 3])
      let pulses = try generate("--rate 1 --arrivals constant --pulse 1,9 --num-reqs 3")
      #expect(pulses.requests.map(\.arrival.seconds) == [10, 20, 30])
      let lengths = try generate("--rate 1 --num-reqs 1 --prompt-tokens 7 --output-tokens 9")
      #expect(lengths.requests.map { [$0.promptTokens, $0.outputTokens] } == [[7, 9]])
      let blocks = try generate(
        "--rate 1 --num-reqs 9 --prefixes 1 --prefix-tokens 512 --format mooncake")
      #expect(blocks.format == "Mooncake JSONL")
      #expect(blocks.content.filter { $0 == 0 }.count == 9)
      let turns = try generate(
        "--rate 1 --num-reqs 2 --turns 3 --tool-delay 0.5 --max-context 99999")
      #expect(turns.requests.map(\.turn) == [0, 1, 2, 0, 1, 2])
      #expect(turns.requests[1].toolDelay.nanoseconds == 500_000_000)
      let ids = try generate("--rate 1 --num-reqs 2 --prompt-tokens 5 --token-ids")
      #expect(ids.content.count == 10)
    }
  }

  @Test(arguments: [
    "generate", "generate --rate 5", "generate --num-reqs 5", "generate --rate x --num-reqs 5",
    "generate --rate 5 --num-reqs 0", "generate --rate 5 --num-reqs=-1",
    "generate --rate 5 --duration nan", "generate --rate 5 --num-reqs 5 --arrivals gamma",
    "generate --rate 5 --num-reqs 5 --arrivals poisson --burstiness 2",
    "generate --rate 5 --num-reqs 5 --burstiness 0", "generate --rate 5 --num-reqs 5 --pulse 5",
    "generate --rate 5 --num-reqs 5 --pulse 0,0", "generate --rate 5 --num-reqs 5 --pulse a,b",
    "generate --rate 5 --num-reqs 5 --prompt-tokens nonsense",
    "generate --rate 5 --num-reqs 5 --prefixes 3",
    "generate --rate 5 --num-reqs 5 --prefix-tokens 3",
    "generate --rate 5 --num-reqs 5 --prefix-skew 1",
    "generate --rate 5 --num-reqs 5 --prefixes 0 --prefix-tokens 5",
    "generate --rate 5 --num-reqs 5 --tool-delay 3",
    "generate --rate 5 --num-reqs 5 --max-context 3",
    "generate --rate 5 --num-reqs 5 --turns 3 --max-context 0",
    "generate --rate 5 --num-reqs 5 --turns 3 --format mooncake",
    "generate --rate 5 --num-reqs 5 --token-ids --format mooncake",
    "generate --rate 5 --num-reqs 5 --format csv", "generate --rate 5 --num-reqs 5 --seed -1",
    "generate --rate 0:5,1:0 --num-reqs 1000", "generate --rate 5 --num-reqs 5 --typo 1",
    "info", "info file --num-reqs 0", "info file --rate x",
  ])
  func wrongFlagsAreAQuestionOfUsage(_ arguments: String) {
    #expect(Self.exitCode(arguments.split(separator: " ").map(String.init)) == 64)
  }

  @Test func filesThatCannotBeReadOrWrittenEndInExitCode2() throws {
    try Self.inFolder { folder in
      let generate = ["generate", "--rate", "5", "--num-reqs", "3", "-o"]
      #expect(Self.exitCode(generate + [folder.path]) == 2)
      #expect(Self.exitCode(generate + [""]) == 2)
      let file = folder.appendingPathComponent("file").path
      try Data("rubbish".utf8).write(to: URL(fileURLWithPath: file))
      #expect(Self.exitCode(generate + [file + "/trace"]) == 2)
      #expect(Self.exitCode(["info", file]) == 2)
      #expect(Self.exitCode(["info", folder.path]) == 2)
      #expect(Self.exitCode(["info", file + "-absent"]) == 2)
    }
  }

  @Test func infoTellsWhatATraceHolds() throws {
    try Self.inFolder { folder in
      let file = folder.appendingPathComponent("trace").path
      let text = """
        {"input_toks":4,"output_toks":1,"arrival_time_ns":2000000000}
        {"session_id":"s","arrival_time_ns":1000000000,"sub_requests":[{"input_toks":2,"output_toks":3},{"input_toks":6,"output_toks":3}]}
        """
      try Data(text.utf8).write(to: URL(fileURLWithPath: file))
      #expect(Self.exitCode(["info", file]) == 2, "not sorted")
      var options = WorkloadLoadOptions()
      options.sortArrivals = true
      var workload = try Workload.load(path: file, options: options)
      workload.source = "trace"
      #expect(
        WorkloadCommand.Info.lines(workload) == [
          "trace",
          "  format    LLMServingSim JSONL",
          "  requests  3, of which 1 wait for another's end",
          "  arrivals  1.000 s to 2.000 s, 1.000 a second; "
            + "gaps vary by 0.00 of their mean (1 is Poisson)",
          "  prompt    mean 4.0, min 2, p50 4, p90 6, p99 6, max 6; 12 tokens in all",
          "  output    mean 2.3, min 1, p50 3, p90 3, p99 3, max 3; 7 tokens in all",
          "  sessions  1 of 2.0 requests on average",
          "  prefixes  unknown: the trace does not say what its tokens are",
          "  note      requests sorted by arrival",
        ])
    }
  }
}
