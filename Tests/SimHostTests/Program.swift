import Foundation

/// The built program, run as a user would: from the root of the repository, with arguments and nothing else.
struct Program {
  var exitCode: Int32
  var output: String
  var errors: String

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  /// Beside the test bundle that runs.
  static let binary: String = {
    let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
    var folder = URL(fileURLWithPath: bundle).resolvingSymlinksInPath().deletingLastPathComponent()
    while folder.path != "/" {
      let candidate = folder.appendingPathComponent("simhost").path
      if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
      folder = folder.deletingLastPathComponent()
    }
    return root + "/.build/debug/simhost"
  }()

  /// Runs `simhost` with a limit of host time; one that is stopped by it has exit code 124.
  ///
  /// - Parameter launcher: a program that starts it, with arguments of its own, such as `setpriv`.
  static func run(
    _ arguments: [String], in folder: String = root, limit: Int = 60,
    through launcher: [String] = []
  ) throws -> Program {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
    process.arguments = ["-s", "KILL", "\(limit)"] + launcher + [binary] + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardInput = FileHandle.nullDevice
    let scratch = FileManager.default.temporaryDirectory.path + "/simhost-\(UUID().uuidString)"
    let files = [scratch + ".out", scratch + ".err"]
    defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
    let handles = try files.map { file in
      _ = FileManager.default.createFile(atPath: file, contents: nil)
      return try FileHandle(forWritingTo: URL(fileURLWithPath: file))
    }
    process.standardOutput = handles[0]
    process.standardError = handles[1]
    try process.run()
    process.waitUntilExit()
    for handle in handles { try handle.close() }
    let texts = try files.map {
      String(decoding: try Data(contentsOf: URL(fileURLWithPath: $0)), as: UTF8.self)
    }
    return Program(
      exitCode: process.terminationStatus, output: texts[0], errors: texts[1])
  }

  /// Runs another program, such as a shell, and returns how it ended and what it wrote to stdout; stderr is dropped.
  static func capture(
    _ executable: String, _ arguments: [String], in folder: String = root,
    environment: [String: String]? = nil
  ) throws -> Program {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    if let environment { process.environment = environment }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return Program(
      exitCode: process.terminationStatus, output: String(decoding: output, as: UTF8.self),
      errors: "")
  }

  /// For programs that are to find `simhost`.
  static let environment = [
    "PATH": URL(fileURLWithPath: binary).deletingLastPathComponent().path + ":/usr/bin:/bin"
  ]

  /// A folder of its own for a test.
  static func inFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.path + "/simhost-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }
}
