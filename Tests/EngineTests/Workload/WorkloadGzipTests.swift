import Foundation
import Testing

@testable import Engine

@Suite struct WorkloadGzipTests {
  static let text = (0..<20_000).map {
    #"{"timestamp": \#($0), "input_length": \#($0 % 700 + 1), "output_length": 3}"#
  }.joined(separator: "\n")

  @Test func gzipReadsLikeTheFileItHolds() throws {
    let packed = try TraceFixture.gzip(Data(Self.text.utf8))
    let plain = try TraceFixture.load(Self.text)
    let unpacked = try TraceFixture.load(bytes: packed, name: "trace")
    #expect(plain.requests.count == 20_000)
    #expect(plain.requests == unpacked.requests)
    // Members of a gzip file follow one another (RFC 1952, section 2.2).
    let csv = WorkloadErrorTests.vidur + "0,1,1\n"
    let twice = try TraceFixture.gzip(Data(csv.utf8)) + TraceFixture.gzip(Data("1,2,2\n".utf8))
    #expect(try TraceFixture.load(bytes: twice).lengths == [[1, 1], [2, 2]])
  }

  @Test func truncatedGzipIsRefusedWhereverItEnds() throws {
    let packed = try TraceFixture.gzip(Data(Self.text.utf8))
    for count in [2, 3, 9, 10, 11, packed.count / 2, packed.count - 8, packed.count - 1] {
      let error = try #require(
        TraceFixture.error(bytes: packed.prefix(count)), "\(count) bytes were accepted")
      #expect(error.file == "trace.txt", "\(error)")
    }
  }

  @Test func damagedGzipIsRefused() throws {
    var packed = try TraceFixture.gzip(Data(Self.text.utf8))
    packed[packed.count - 6] ^= 1  // the checksum
    let error = try #require(TraceFixture.error(bytes: packed))
    #expect(error.problem.contains("damaged or cut short"), "\(error)")
    #expect(error.problem.contains("crc"), "\(error)")
  }

  @Test func emptyGzipIsAnEmptyTrace() throws {
    let packed = try TraceFixture.gzip(Data())
    #expect(TraceFixture.error(bytes: packed)?.problem == "is empty")
  }

  @Test func aLimitOnRequestsEndsTheUnpackingEarly() throws {
    var options = WorkloadLoadOptions()
    options.limit = 3
    let packed = try TraceFixture.gzip(Data(Self.text.utf8))
    #expect(try TraceFixture.load(bytes: packed, options: options).requests.count == 3)
  }

  @Test func noProcessIsLeftBehindHoweverReadingEnds() throws {
    let packed = try TraceFixture.gzip(Data(Self.text.utf8))
    for bytes in [1, 65_536, Self.text.utf8.count + 1] {
      try TraceFixture.inFile(packed) { path in
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        let process = try readBytes(bytes, from: descriptor)
        // A zombie would still take signals.
        #expect(kill(process, 0) == -1 && errno == ESRCH, "after \(bytes) bytes")
      }
    }
  }

  /// Unpacks about that many bytes or all; returns the id of the process that did it.
  private func readBytes(_ count: Int, from descriptor: Int32) throws -> pid_t {
    var gzip = try GzipProcess(input: descriptor, file: "trace")
    var buffer = [UInt8](repeating: 0, count: 65_536)
    var total = 0
    while total < count {
      let more = read(gzip.output, &buffer, min(buffer.count, count - total))
      try #require(more >= 0)
      total += more
      if more == 0 {
        try gzip.finish(file: "trace")
        break
      }
    }
    return gzip.process
  }

  /// Worker threads block most signals: what they start must end all the same.
  @Test func manyReadersAtOnceGiveUpEarlyWithoutWaitingForEver() async throws {
    let packed = try TraceFixture.gzip(Data(Self.text.utf8))
    try await withThrowingTaskGroup(of: Int.self) { group in
      for limit in 1...20 {
        group.addTask {
          var options = WorkloadLoadOptions()
          options.limit = limit
          return try TraceFixture.load(bytes: packed, options: options).requests.count - limit
        }
      }
      for try await difference in group { #expect(difference == 0) }
    }
  }

  @Test func bombsStopAtTheFirstLineOrAtTheLimit() throws {
    // 100 MB of zeros pack into 0.1 MB: one line that does not end.
    let zeros = try TraceFixture.gzip(Data(count: 100_000_000))
    #expect(TraceFixture.error(bytes: zeros)?.problem == "the line has more than 8 MiB")

    let packed = try TraceFixture.gzip(Data(Self.text.utf8))
    try TraceFixture.inFile(packed) { path in
      var source = try ByteSource(path: path, maxDecompressedBytes: 500_000)
      var buffer = [UInt8](repeating: 0, count: 65_536)
      #expect(throws: InputError.self) {
        while try buffer.withUnsafeMutableBytes({ try source.read(into: $0) }) > 0 {}
      }
    }
  }
}
