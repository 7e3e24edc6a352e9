import Foundation
import Testing

@testable import Engine

/// The short way through plain lines: it takes them, and what it takes it reads as Foundation does.
@Suite struct PlainRequestLineTests {
  private struct Request: Decodable, Equatable {
    var input_toks: Int
    var output_toks: Int
    var arrival_time_ns: Int64
  }

  private func plain(_ line: String) -> Request? {
    var bytes = Array(line.utf8)
    return bytes.withUnsafeMutableBufferPointer {
      PlainRequestLine(UnsafeBufferPointer($0)).map {
        Request(input_toks: $0.prompt, output_toks: $0.output, arrival_time_ns: $0.arrival)
      }
    }
  }

  @Test(arguments: 1...18) func numbersOfEveryLengthAreTaken(digits: Int) throws {
    let number = Int("123456789012345678".prefix(digits)) ?? 0
    let arrival = min(number, Int(WorkloadBuilder.maxTime))
    let tokens = min(number, WorkloadBuilder.maxTokens)
    let expected = Request(
      input_toks: tokens, output_toks: 7, arrival_time_ns: Int64(arrival))
    for line in [
      "{\"input_toks\":\(tokens),\"output_toks\":7,\"arrival_time_ns\":\(arrival)}",
      "{\"arrival_time_ns\": \(arrival), \"output_toks\": 7, \"input_toks\": \(tokens)}",
      "{\"output_toks\":7, \"arrival_time_ns\":\(arrival),\"input_toks\": \(tokens)}",
    ] {
      #expect(plain(line) == expected, "\(line)")
    }
  }

  @Test(arguments: [
    "", "{", "{}", "{\"input_toks\":1,\"output_toks\":1}",
    "{\"input_toks\":1,\"output_toks\":1,\"arrival_time_ns\":}",
    "{\"input_toks\":1,\"output_toks\":1,\"arrival_time_ns\":1",
    "{\"input_toks\":1,\"output_toks\":1,\"arrival_time_ns\":1}x",
    "{\"input_toks\":1,\"output_toks\":1,\"arrival_time_ns\":-1}",
    "{\"input_toks\":1,\"output_toks\":1,\"arrival_time_ns\":1.5}",
    "{\"input_toks\":01,\"output_toks\":1,\"arrival_time_ns\":1}",
    "{\"input_toks\":0,\"output_toks\":1,\"arrival_time_ns\":1}",
    "{\"input_toks\":1,\"input_toks\":1,\"arrival_time_ns\":1}",
    "{\"input_toks\":100000001,\"output_toks\":1,\"arrival_time_ns\":1}",
    "{\"input_toks\":1,\"output_toks\":1,\"arrival_time_ns\":1234567890123456789}",
    "{\"input_toks\":1,\"output_toks\":1,\"arrival_time_ns\":123456789012345678901234567890}",
    "{\"input_toks\":1,\"output_toks\":1,\"arrival_time_ns\":100000000000000000000000000000001}",
  ]) func anythingElseIsLeftAlone(line: String) {
    #expect(plain(line) == nil)
  }

  /// Lines with one byte changed, put in or left out: whatever is still taken is what Foundation reads.
  @Test(arguments: 0..<300) func whatIsTakenIsRight(seed: UInt64) throws {
    var random = RandomStream(seed: seed, name: "plain lines")
    func draw(_ below: Int) -> Int { random.nextIndex(below: below) }
    var taken = 0
    for _ in 0..<100 {
      let tokens = draw(2) == 0 ? 1 + draw(9000) : 1 + draw(120_000_000)
      var line = Array(
        "{\"input_toks\":\(tokens),\"output_toks\":\(1 + draw(900)),\"arrival_time_ns\":\(draw(1 << 62) >> draw(60))}"
          .utf8)
      let byte = [0x20, 0x2c, 0x2d, 0x2f, 0x3a, 0x30, 0x39, 0x65, 0x7d, 0x80, 0xba, 0xff][draw(12)]
      switch draw(4) {
      case 0: line[draw(line.count)] = UInt8(byte)
      case 1: line.insert(UInt8(byte), at: draw(line.count))
      case 2: line.remove(at: draw(line.count))
      default: break
      }
      let text = String(decoding: line, as: UTF8.self)
      guard let request = plain(text) else { continue }
      taken += 1
      #expect(try JSONDecoder().decode(Request.self, from: Data(line)) == request, "\(text)")
    }
    #expect(taken > 5)
  }
}
