import Foundation
import Testing

@testable import Engine

/// Whatever happens to the bytes of a trace, reading it ends in a workload or in an error that names
/// the file: never in a trap.
@Suite struct WorkloadDamageTests {
  static let traces = [
    WorkloadErrorTests.azure
      + "2023-11-16 18:17:03.9799600,374,44\n2023-11-16 19:17:04+01:00,396,109\n",
    WorkloadErrorTests.burst + "5,ChatGPT,472,18,490,Conversation log\n45,GPT-4,10,7,17,API log\n",
    WorkloadErrorTests.vidur + "0.25,100,20\n1e1,7,3\n",
    WorkloadErrorTests.splitwise + "0,2,0,0.5,1,1024,33\n1,2,0,1.5,1,4096,3\n",
    """
    {"timestamp":0,"input_length":1024,"output_length":1,"hash_ids":[1,2]}
    {"timestamp":1,"input_length":1000,"output_length":1,"hash_ids":[1,3]}
    """,
    """
    {"chat_id":1,"parent_chat_id":-1,"timestamp":0.5,"input_length":33,"output_length":2,"hash_ids":[1,2,3]}
    {"chat_id":2,"parent_chat_id":1,"timestamp":1.5,"input_length":40,"output_length":2,"type":"a\\u00e4"}
    """,
    """
    {"input_toks":2,"output_toks":2,"arrival_time_ns":5,"input_tok_ids":[1,2],"output_tok_ids":[3,4]}
    {"session_id":"s","arrival_time_ns":10,"sub_requests":[{"output_tok_ids":[9],"input_toks":2,"output_toks":1,"tool_duration_ns":4,"input_tok_ids":[1,2]},{"input_toks":3,"output_toks":1}]}
    """,
  ]

  /// Bytes that mean something in one of the formats, and some that mean nothing.
  static let bytes =
    Array("{}[]\",:-+.eE0123456789 \n\r\t\\nNu".utf8) + [0, 0x1f, 0x7f, 0xc3, 0xff]

  @Test func damagedTracesAreReadOrRefused() throws {
    var options = WorkloadLoadOptions()
    options.sortArrivals = true
    for (place, text) in Self.traces.enumerated() {
      #expect(try TraceFixture.load(text).requests.count >= 2, "trace \(place)")
      for seed in 0..<150 as Range<UInt64> {
        let damaged = Self.damage(Data(text.utf8), seed)
        do {
          let workload = try TraceFixture.load(bytes: damaged, options: options)
          _ = WorkloadProfile(workload)
          #expect(workload.arrivals.allSatisfy { $0 >= 0 }, "trace \(place), seed \(seed)")
          #expect(
            workload.requests.allSatisfy {
              $0.promptTokens > 0 && $0.outputTokens > 0
                && Int($0.contentStart) + Int($0.contentCount) <= workload.content.count
            }, "trace \(place), seed \(seed)")
        } catch let error as InputError {
          #expect(error.file.hasSuffix("trace.txt"), "trace \(place), seed \(seed)")
        }
      }
    }
  }

  /// One to four bytes or stretches replaced, removed, doubled or put in.
  static func damage(_ data: Data, _ seed: UInt64) -> Data {
    var bytes = Array(data)
    var random = RandomStream(seed: seed, name: "damage")
    for _ in 0...random.nextIndex(below: 4) {
      let start = random.nextIndex(below: bytes.count)
      let end = min(bytes.count, start + 1 + random.nextIndex(below: 12))
      let byte = Self.bytes[random.nextIndex(below: Self.bytes.count)]
      switch random.nextIndex(below: 5) {
      case 0: bytes[start] = byte
      case 1: bytes.insert(byte, at: start)
      case 2: bytes.removeSubrange(start..<min(end, max(start, bytes.count - 1)))
      case 3: bytes.insert(contentsOf: bytes[start..<end], at: start)
      default: bytes.insert(contentsOf: repeatElement(UInt8(ascii: "9"), count: 20), at: start)
      }
    }
    return Data(bytes)
  }
}
