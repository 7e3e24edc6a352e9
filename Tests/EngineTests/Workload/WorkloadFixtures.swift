import Foundation

@testable import Engine

/// Small traces in temporary files.
enum TraceFixture {
  /// Loads `text` as a file called `name`, whose folder is removed afterwards.
  static func load(
    _ text: String, name: String = "trace.txt",
    options: WorkloadLoadOptions = WorkloadLoadOptions()
  ) throws -> Workload {
    try load(bytes: Data(text.utf8), name: name, options: options)
  }

  static func load(
    bytes: Data, name: String = "trace.txt", options: WorkloadLoadOptions = WorkloadLoadOptions()
  ) throws -> Workload {
    try inFile(bytes, name: name) { path in
      try Workload.load(path: path, options: options)
    }
  }

  /// The error that loading must end in; its file is the fixture's name without the folder.
  static func error(
    _ text: String, options: WorkloadLoadOptions = WorkloadLoadOptions()
  ) -> InputError? {
    error(bytes: Data(text.utf8), options: options)
  }

  static func error(
    bytes: Data, options: WorkloadLoadOptions = WorkloadLoadOptions()
  ) -> InputError? {
    do {
      _ = try load(bytes: bytes, options: options)
      return nil
    } catch var error as InputError {
      error.file = URL(fileURLWithPath: error.file).lastPathComponent
      return error
    } catch {
      return nil
    }
  }

  static func inFile<Result>(
    _ bytes: Data, name: String = "trace.txt", _ body: (String) throws -> Result
  )
    throws -> Result
  {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("simhost-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent(name)
    try bytes.write(to: file)
    return try body(file.path)
  }

  /// What `gzip` makes of `data`.
  static func gzip(_ data: Data) throws -> Data {
    try inFile(data) { path in
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = ["gzip", "-c", path]
      let pipe = Pipe()
      process.standardOutput = pipe
      try process.run()
      let packed = pipe.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      return packed
    }
  }

  /// Root of the package.
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// A file of the reference data: under SIMHOST_DATA, else beside the package; nil where it is
  /// absent.
  static func referenceData(_ path: String) -> String? {
    let folder =
      ProcessInfo.processInfo.environment["SIMHOST_DATA"].map { URL(fileURLWithPath: $0) }
      ?? root.deletingLastPathComponent().appendingPathComponent("shared/data")
    let file = folder.appendingPathComponent(path).path
    return FileManager.default.isReadableFile(atPath: file) ? file : nil
  }
}

extension Workload {
  /// Arrivals in nanoseconds.
  var arrivals: [Int64] { requests.map(\.arrival.nanoseconds) }
  /// Prompt and output tokens.
  var lengths: [[Int32]] { requests.map { [$0.promptTokens, $0.outputTokens] } }
  /// Content entries of one request.
  func ids(_ index: Int) -> [UInt32] {
    let request = requests[index]
    return Array(
      content[Int(request.contentStart)..<Int(request.contentStart + request.contentCount)])
  }
}
