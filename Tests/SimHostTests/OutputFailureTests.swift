import Foundation
import Testing

/// Outputs that cannot be written: one clear error with exit code 2, and nothing under the name that was asked for.
@Suite struct OutputFailureTests {
  /// A command that writes a file, its name left out at the end.
  struct Writer: CustomTestStringConvertible, Sendable {
    var arguments: [String]
    var isSweep = false
    var testDescription: String { arguments.joined(separator: " ") }
  }

  private static let run = ["--quiet", "--num-reqs", "60", "--policy", "policies/least_kv.lua"]
  private static let samples = ["--seeds", "2", "--num-reqs", "20"]

  static let writers =
    ["--output", "--summary", "--run", "--report", "--trace", "--decisions"].map {
      Writer(arguments: run + [$0])
    } + [
      Writer(arguments: ["compare", "native", "policies/random.lua"] + samples + ["-o"]),
      Writer(
        arguments: ["goodput", "--slo", "ttft=400ms", "--precision", "30%"] + samples + ["-o"]),
      Writer(arguments: ["sweep", "--set", "rate=2:60:1"] + samples + ["-o"], isSweep: true),
      Writer(arguments: ["report", "RUN", "-o"]),
      Writer(arguments: ["workload", "generate", "--rate", "5", "--num-reqs", "400", "-o"]),
    ]

  /// Runs a writer; `RUN` stands for the file of a run.
  private static func write(
    _ writer: Writer, to path: String, _ folder: String, through launcher: [String] = []
  ) throws -> Program {
    let record = "\(folder)/record.json"
    if writer.arguments.contains("RUN"), !FileManager.default.fileExists(atPath: record) {
      #expect(try Program.run(["--quiet", "--num-reqs", "60", "--run", record]).exitCode == 0)
    }
    let arguments = writer.arguments.map { $0 == "RUN" ? record : $0 }
    return try Program.run(arguments + [path], through: launcher)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")), arguments: writers)
  func aFullDeviceIsAnError(_ writer: Writer) throws {
    try Program.inFolder { folder in
      let run = try Self.write(writer, to: "/dev/full", folder)
      guard !writer.isSweep else {
        // Beside a device there is no place for a journal.
        #expect(run.exitCode == 64, "\(run.errors)")
        return
      }
      #expect(run.exitCode == 2, "\(run.errors)")
      #expect(run.errors.contains("/dev/full: no space is left"), "\(run.errors)")
    }
  }

  /// A file that may not grow beyond a block stands for a disk that fills up while it is written.
  @Test(arguments: writers) func aDiskThatFillsUpLeavesNothing(_ writer: Writer) throws {
    try Program.inFolder { folder in
      let place = "\(folder)/new/file"
      let limit = ["sh", "-c", "ulimit -f 4; exec \"$0\" \"$@\""]
      // Both of these fit into a block.
      guard !["compare", "goodput"].contains(writer.arguments[0]) else { return }
      let run = try Self.write(writer, to: place, folder, through: limit)
      #expect(run.exitCode == 2, "\(run.errors)")
      #expect(run.errors.contains(place), "\(run.errors)")
      #expect(!run.errors.contains("wrote"), "\(run.errors)")
      let left = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/new")
      #expect(left == (writer.isSweep ? ["file.journal"] : []))
      guard writer.isSweep else { return }
      // With room again, the sweep goes on from there.
      let again = try Self.write(writer, to: place, folder)
      #expect(again.exitCode == 0 && again.errors.contains("resuming: "), "\(again.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/new") == ["file"])
    }
  }

  /// A packed trace goes through a program of its own, which meets the same disk.
  @Test func aPackedTraceLeavesNothingEither() throws {
    try Program.inFolder { folder in
      let run = try Program.run(
        ["--quiet", "--trace", "\(folder)/new/trace.json.gz"],
        through: ["sh", "-c", "ulimit -f 4; exec \"$0\" \"$@\""])
      #expect(run.exitCode == 2, "\(run.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/new").isEmpty)
    }
  }

  /// Root may write anywhere: the test then runs the program as somebody else, where that one may read it.
  private static let launcher: [String]? = {
    guard getuid() == 0 else { return [] }
    let other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    let run = try? Program.run(["--version"], through: other)
    return run?.exitCode == 0 ? other : nil
  }()

  @Test(.enabled(if: launcher != nil, "needs a user who is not root"), arguments: writers)
  func aLockedFolderIsAnErrorBeforeTheRun(_ writer: Writer) throws {
    try Program.inFolder { folder in
      let locked = "\(folder)/locked"
      try FileManager.default.createDirectory(atPath: locked, withIntermediateDirectories: true)
      try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: locked)
      let run = try Self.write(
        writer, to: "\(locked)/file", folder, through: Self.launcher ?? [])
      #expect(run.exitCode == 2, "\(run.errors)")
      #expect(run.errors.contains("file: may not be written to"), "\(run.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: locked).isEmpty)
    }
  }

  @Test func noOutputReplacesAnInput() throws {
    try Program.inFolder { folder in
      let root = FileManager.default
      let (trace, policy, cluster, record) = (
        "\(folder)/trace.jsonl", "\(folder)/policy.lua", "\(folder)/cluster.json",
        "\(folder)/record.json"
      )
      for (from, to) in [
        ("workloads/example_trace.jsonl", trace), ("policies/least_kv.lua", policy),
        ("configs/cluster/single_node_pd_instance.json", cluster),
      ] {
        try root.copyItem(atPath: "\(Program.root)/\(from)", toPath: to)
      }
      #expect(try Program.run(["--quiet", "--num-reqs", "20", "--run", record]).exitCode == 0)
      let made = ["--dataset", trace, "--cluster-config", cluster]
      let inputs = [trace, policy, cluster]
      var commands: [[String]] = [["report", record, "-o", record]]
      for input in inputs {
        for flag in ["--output", "--summary", "--run", "--report", "--trace", "--decisions"] {
          commands.append(["--policy", policy] + made + [flag, input])
        }
        commands.append(["compare", "native", policy] + made + ["-o", input])
        commands.append(["goodput", policy, "--slo", "ttft=1s"] + made + ["-o", input])
        commands.append(["sweep", policy] + made + ["-o", input])
      }
      let before = try (inputs + [record]).map { try Data(contentsOf: URL(filePath: $0)) }
      for command in commands {
        let run = try Program.run(command)
        #expect(run.exitCode == 2, "\(command): \(run.errors)")
        #expect(run.errors.contains("is an input of this run"), "\(command): \(run.errors)")
      }
      let after = try (inputs + [record]).map { try Data(contentsOf: URL(filePath: $0)) }
      #expect(before == after)
      #expect(try root.contentsOfDirectory(atPath: folder).count == 4)
    }
  }

  /// Files are written all the same, and the error says why the rest of the text is missing.
  @Test(arguments: [
    ["--output", "FILE", "--log-interval", "1"], ["--json"], ["--trace", "FILE"],
    ["compare", "native", "policies/random.lua", "--seeds", "2", "--num-reqs", "20", "-o", "FILE"],
    ["workload", "info", "workloads/example_trace.jsonl"],
    ["workload", "generate", "--rate", "5", "--num-reqs", "4000"],
  ])
  func aReaderThatHasGoneIsAnError(_ command: [String]) throws {
    try Program.inFolder { folder in
      let file = "\(folder)/file"
      // The reader ends before the program begins.
      let script = "mkfifo $0.pipe; : <$0.pipe & exec 3>$0.pipe; wait; exec \"$@\" >&3"
      let run = try Program.run(
        command.map { $0 == "FILE" ? file : $0 }, through: ["bash", "-c", script, file])
      #expect(run.exitCode == 2, "\(run.errors)")
      #expect(run.errors.contains("stdout: Broken pipe"), "\(run.errors)")
      #expect(FileManager.default.fileExists(atPath: file) == command.contains("FILE"))
    }
  }

  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")),
    arguments: [
      ["--quiet"], ["--json"], ["--seeds", "2"], ["workload", "generate", "--rate", "5"],
      ["workload", "info", "workloads/example_trace.jsonl"], ["policy", "docs"],
    ])
  func textThatFindsNoRoomIsAnError(_ command: [String]) throws {
    let run = try Program.run(
      command + (command.contains("generate") ? ["--num-reqs", "9"] : []),
      through: ["sh", "-c", "exec \"$0\" \"$@\" >/dev/full"])
    #expect(run.exitCode == 2, "\(run.errors)")
    #expect(run.errors.contains("No space left"), "\(run.errors)")
  }
}
