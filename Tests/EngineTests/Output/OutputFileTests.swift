import Foundation
import Testing

@testable import Engine

@Suite struct OutputFileTests {
  struct Note: OutputDocument {
    var content: String
    var repeats = 1
    func write(to sink: inout ByteSink) {
      for _ in 0..<repeats { sink.write(content) }
    }
  }

  /// A fresh folder that the test removes.
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("simhost-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private func files(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  @Test func foldersAreCreatedAndNothingElseIsLeft() throws {
    try withFolder { folder in
      let path = "\(folder)/a/b/run.csv"
      try Note(content: "hello").save(to: path)
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "hello")
      #expect(try files(in: "\(folder)/a/b") == ["run.csv"])
      try Note(content: "again").save(to: path)
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "again")
    }
  }

  @Test func contentLargerThanTheBufferArrivesWhole() throws {
    try withFolder { folder in
      let line = String(repeating: "x", count: 1009) + "\n"
      try Note(content: line, repeats: 1000).save(to: "\(folder)/long")
      let text = try String(contentsOfFile: "\(folder)/long", encoding: .utf8)
      #expect(text == String(repeating: line, count: 1000))
    }
  }

  @Test func relativeNamesNeedNoFolder() {
    #expect(OutputFile.parent(of: "run.csv") == ".")
    #expect(OutputFile.parent(of: "a/run.csv") == "a")
    #expect(OutputFile.parent(of: "/run.csv") == "/")
    #expect(OutputFile.parent(of: "a//b/") == "a")
    #expect(OutputFile.parent(of: "/") == "/")
  }

  @Test func folderAsAFileIsRefused() throws {
    try withFolder { folder in
      let error = #expect(throws: OutputError.self) { try Note(content: "").save(to: folder) }
      #expect(error?.problem == "is a folder")
      let slash = #expect(throws: OutputError.self) {
        try Note(content: "").save(to: "\(folder)/new/")
      }
      #expect(slash?.problem == "is the name of a folder")
      let left = try files(in: folder)
      #expect(left.isEmpty)
    }
  }

  @Test func fileAsAFolderIsRefused() throws {
    try withFolder { folder in
      try Note(content: "x").save(to: "\(folder)/file")
      let error = #expect(throws: OutputError.self) {
        try Note(content: "").save(to: "\(folder)/file/run.csv")
      }
      #expect(error?.problem == "a part of its path is not a folder")
    }
  }

  @Test func inputIsNeverOverwritten() throws {
    try withFolder { folder in
      let trace = "\(folder)/trace.jsonl"
      try Note(content: "precious").save(to: trace)
      let link = "\(folder)/link.csv"
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: trace)
      for path in [trace, "\(folder)/./trace.jsonl", link] {
        let error = #expect(throws: OutputError.self) {
          try Note(content: "").save(to: path, inputs: ["\(folder)/other", trace])
        }
        #expect(error?.problem == "is an input of this run (\(trace))")
      }
      #expect(try String(contentsOfFile: trace, encoding: .utf8) == "precious")
    }
  }

  @Test func twoOutputsNeedTwoFiles() throws {
    try withFolder { folder in
      let error = #expect(throws: OutputError.self) {
        try OutputFile.check(
          ["\(folder)/run", "\(folder)/../\(folder.split(separator: "/").last!)/run"], inputs: [])
      }
      #expect(error?.problem == "is asked for twice")
    }
  }

  @Test func linkStaysALink() throws {
    try withFolder { folder in
      try Note(content: "old").save(to: "\(folder)/file")
      let link = "\(folder)/link"
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "file")
      try Note(content: "new").save(to: link)
      #expect(try String(contentsOfFile: "\(folder)/file", encoding: .utf8) == "new")
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "file")
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/dangling", withDestinationPath: "nowhere")
      #expect(throws: OutputError.self) {
        try Note(content: "new").save(to: "\(folder)/dangling")
      }
    }
  }

  /// `/dev/full` refuses every write as a full disk does.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func fullDiskIsAnError() {
    let error = #expect(throws: OutputError.self) { try Note(content: "x").save(to: "/dev/full") }
    #expect(
      error?.description == "/dev/full: no space is left; make room, or write elsewhere")
  }

  @Test func failedWriteLeavesTheOldFileAndNoOther() throws {
    try withFolder { folder in
      try Note(content: "old").save(to: "\(folder)/run.csv")
      let file = try OutputFile.open("\(folder)/run.csv")
      #expect(throws: OutputError.self) { try file.finish(failure: ENOSPC) }
      #expect(try files(in: folder) == ["run.csv"])
      #expect(try String(contentsOfFile: "\(folder)/run.csv", encoding: .utf8) == "old")
    }
  }

  @Test func devicesAreWrittenDirectly() throws {
    try Note(content: "gone").save(to: "/dev/null")
    #expect(OutputFile.isSpecial("/dev/null"))
  }

  /// Root may write anywhere, so that the check is for others.
  @Test(.enabled(if: getuid() != 0)) func lockedFolderIsRefused() throws {
    try withFolder { folder in
      try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder)
      defer {
        try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder)
      }
      let error = #expect(throws: OutputError.self) {
        try Note(content: "").save(to: "\(folder)/run.csv")
      }
      #expect(error?.problem == "may not be written to")
    }
  }

  /// Tests run with signals blocked, which their children inherit.
  @Test func aSignalRemovesWhatIsBeingWritten() async throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("simhost-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    await #expect(processExitsWith: .signal(SIGTERM)) { [folder = folder as String] in
      try Note(content: "done").save(to: "\(folder)/done")
      _ = try OutputFile.open("\(folder)/first")
      try OutputFile.open("\(folder)/second").abandon()
      _ = try OutputFile.open("\(folder)/third")
      guard try FileManager.default.contentsOfDirectory(atPath: folder).count == 3 else { exit(1) }
      var none = sigset_t()
      sigemptyset(&none)
      pthread_sigmask(SIG_SETMASK, &none, nil)
      kill(getpid(), SIGTERM)
      sleep(30)
    }
    #expect(try files(in: folder) == ["done"])
  }
}
