import Foundation
import Testing

@testable import Engine

/// Each wrong trace ends in an error that names file, line and key, and says what would be right.
@Suite struct WorkloadErrorTests {
  static let azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
  static let burst = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
  static let vidur = "arrived_at,num_prefill_tokens,num_decode_tokens\n"
  static let splitwise =
    "request_id,request_type,application_id,arrival_timestamp,batch_size,prompt_size,token_size\n"
  static let good = #"{"input_toks":3,"output_toks":2,"arrival_time_ns":5}"# + "\n"

  struct Case: Sendable, CustomTestStringConvertible {
    var text: String
    var line: Int?
    var key: String?
    var says: String
    init(_ text: String, _ line: Int?, _ key: String?, _ says: String) {
      (self.text, self.line, self.key, self.says) = (text, line, key, says)
    }
    var testDescription: String { "\(key ?? "file"): \(says)" }
  }

  @Test(arguments: [
    Case("", nil, nil, "is empty"),
    Case("\n\r\n\n", nil, nil, "is empty"),
    Case("\u{FEFF}", nil, nil, "is empty"),
    Case(azure, nil, nil, "has no requests"),
    Case(azure + "2023-11-16 18:17:03,0,0\n", nil, nil, "every row was skipped"),
    Case("hello world\n", 1, nil, "fit no trace format"),
    Case("[{\"a\":1}]", 1, nil, "JSON array"),
    Case("{}", 1, nil, "has no keys"),
    Case(#"{"prompt":1,"answer":2}"#, 1, nil, "fit no trace format"),
    Case(#"{"timestamp":1,"input_length":2}"#, 1, "output_length", "key is missing"),
    Case(#"{"input_toks":3,"output_toks":2}"#, 1, "arrival_time_ns", "key is missing"),
    Case("TIMESTAMP,ContextTokens\n1,2\n", 1, "GeneratedTokens", "column is missing"),
    Case(azure.dropLast() + ",Extra\n1,2,3,4\n", 1, "Extra", "is no column of Azure CSV"),
    Case(azure.dropLast() + ",TIMESTAMP\n1,2,3,4\n", 1, "TIMESTAMP", "twice"),
  ])
  func theFirstLineDecides(_ wrong: Case) throws { try check(wrong) }

  @Test(arguments: [
    Case("{\"input_toks\":3,", 1, nil, "found the end of the text"),
    Case(good + "{\"input_toks\":3,\n", 2, nil, "found the end of the text"),
    Case(good + "x\n", 2, nil, "found 'x'"),
    Case(good + good.dropLast() + "}\n", 2, nil, "found '}'"),
    Case(good + #"{"output_toks":2,"arrival_time_ns":5}"#, 2, "input_toks", "is missing"),
    Case(good + #"{"input_toks":2,"arrival_time_ns":5}"#, 2, "output_toks", "is missing"),
    Case(good + #"{"input_toks":2,"output_toks":5}"#, 2, "arrival_time_ns", "is missing"),
    Case(
      #"{"input_toks":"3","output_toks":2,"arrival_time_ns":5}"#, 1, "input_toks", "found '\"'"),
    Case(#"{"input_toks":null,"output_toks":2,"arrival_time_ns":5}"#, 1, "input_toks", "found 'n'"),
    Case(#"{"input_toks":NaN,"output_toks":2,"arrival_time_ns":5}"#, 1, "input_toks", "found 'N'"),
    Case(
      good + #"{"input_toks":1,"output_toks":NaN,"arrival_time_ns":5}"#, 2, "output_toks",
      "found 'N'"),
    Case(
      good + #"{"input_toks":1,"output_toks":1,"arrival_time_ns":Infinity}"#, 2,
      "arrival_time_ns", "found 'I'"),
    Case(#"{"input_toks":1.5,"output_toks":2,"arrival_time_ns":5}"#, 1, "input_toks", "whole"),
    Case(#"{"input_toks":-3,"output_toks":2,"arrival_time_ns":5}"#, 1, "input_toks", "is negative"),
    Case(#"{"input_toks":0,"output_toks":2,"arrival_time_ns":5}"#, 1, "input_toks", "is 0"),
    Case(#"{"input_toks":3,"output_toks":0,"arrival_time_ns":5}"#, 1, "output_toks", "is 0"),
    Case(
      #"{"input_toks":100000001,"output_toks":2,"arrival_time_ns":5}"#, 1, "input_toks",
      "is 100000001"),
    Case(
      #"{"input_toks":1e400,"output_toks":2,"arrival_time_ns":5}"#, 1, "input_toks", "out of range"),
    Case(
      #"{"input_toks":1,"output_toks":2,"arrival_time_ns":-1}"#, 1, "arrival_time_ns", "negative"),
    Case(
      #"{"input_toks":1,"output_toks":2,"arrival_time_ns":99999999999999999999}"#, 1,
      "arrival_time_ns", "more than 100 years"),
    Case(
      #"{"input_toks":1,"output_toks":2,"arrival_time_ns":3153600000000000001}"#, 1,
      "arrival_time_ns", "more than 100 years"),
    Case(#"{"input_toks":1,"input_toks":1,"arrival_time_ns":1}"#, 1, "input_toks", "twice"),
    Case(
      #"{"input_toks":1,"output_toks":1,"arrival_time_ns":1,"input_tokens_ids":[]}"#, 1,
      "input_tokens_ids", "is no key of"),
    Case(
      #"{"input_toks":2,"output_toks":1,"arrival_time_ns":1,"input_tok_ids":[1]}"#, 1,
      "input_tok_ids", "holds 1 ids"),
    Case(
      #"{"input_toks":1,"output_toks":1,"arrival_time_ns":1,"input_tok_ids":[1],"output_tok_ids":[]}"#,
      1, "output_tok_ids", "holds 0 ids"),
    Case(
      #"{"input_toks":1,"output_toks":1,"arrival_time_ns":1,"output_tok_ids":[1]}"#, 1,
      "output_tok_ids", "without `input_tok_ids`"),
    Case(
      #"{"input_toks":1,"output_toks":1,"arrival_time_ns":1,"input_tok_ids":[-1]}"#, 1,
      "input_tok_ids", "id out of range"),
    Case(
      #"{"input_toks":1,"output_toks":1,"arrival_time_ns":1,"input_tok_ids":[4294967296]}"#, 1,
      "input_tok_ids", "id out of range"),
    Case(
      #"{"input_toks":1,"output_toks":1,"arrival_time_ns":1,"input_tok_ids":[1.5]}"#, 1,
      "input_tok_ids", "not a whole number"),
    Case(
      #"{"input_toks":1,"output_toks":1,"arrival_time_ns":1,"input_tok_ids":{}}"#, 1,
      "input_tok_ids", "found '{'"),
  ])
  func llmServingSimRequests(_ wrong: Case) throws { try check(wrong) }

  @Test(arguments: [
    Case(#"{"arrival_time_ns":1,"sub_requests":[]}"#, 1, "sub_requests", "is empty"),
    Case(#"{"arrival_time_ns":1,"sub_requests":3}"#, 1, "sub_requests", "found '3'"),
    Case(#"{"arrival_time_ns":1,"sub_requests":[3]}"#, 1, nil, "found '3'"),
    Case(
      #"{"arrival_time_ns":1,"sub_requests":[{"input_toks":1,"output_toks":1},{"input_toks":1}]}"#,
      1, "sub_requests[1].output_toks", "is missing"),
    Case(
      #"{"arrival_time_ns":1,"sub_requests":[{"input_toks":1,"output_toks":1},{"input_toks":0,"output_toks":1}]}"#,
      1, "sub_requests[1].input_toks", "is 0"),
    Case(
      #"{"arrival_time_ns":1,"sub_requests":[{"input_toks":1,"output_toks":1,"tool_duration_ns":-5}]}"#,
      1, "sub_requests[0].tool_duration_ns", "negative"),
    Case(
      #"{"arrival_time_ns":1,"sub_requests":[{"input_toks":1,"output_toks":1,"tool_duration_ns":3000000000000000000},{"input_toks":1,"output_toks":1,"tool_duration_ns":3000000000000000000},{"input_toks":1,"output_toks":1}]}"#,
      1, "sub_requests[2].tool_duration_ns", "more than 100 years"),
    Case(
      #"{"arrival_time_ns":1,"input_toks":1,"sub_requests":[{"input_toks":1,"output_toks":1}]}"#,
      1, "sub_requests", "beside the keys of a single request"),
    Case(
      #"{"session_id":"a","arrival_time_ns":1,"sub_requests":[{"input_toks":1,"output_toks":1}]}"#
        + "\n"
        + #"{"session_id":"a","arrival_time_ns":2,"sub_requests":[{"input_toks":1,"output_toks":1}]}"#,
      2, "session_id", "`a` names a second session"),
    Case(
      #"{"session_id":7,"arrival_time_ns":1,"sub_requests":[{"input_toks":1,"output_toks":1}]}"#,
      1, "session_id", "found '7'"),
  ])
  func llmServingSimSessions(_ wrong: Case) throws { try check(wrong) }

  @Test(arguments: [
    Case(
      #"{"timestamp":1,"input_length":513,"output_length":2,"hash_ids":[1]}"#, 1, "hash_ids",
      "holds 1 ids"),
    Case(
      #"{"timestamp":1,"input_length":512,"output_length":2,"hash_ids":[1,2]}"#, 1, "hash_ids",
      "holds 2 ids"),
    Case(
      #"{"timestamp":-1,"input_length":512,"output_length":2,"hash_ids":[1]}"#, 1, "timestamp",
      "negative"),
    Case(
      #"{"timestamp":1,"input_length":5,"output_length":2,"hash_ids":[]}"#, 1, "hash_ids",
      "holds 0 ids"),
    Case(
      #"{"chat_id":1,"parent_chat_id":-1,"timestamp":1,"input_length":33,"output_length":2,"hash_ids":[1]}"#,
      1, "hash_ids", "holds 1 ids"),
    Case(
      #"{"chat_id":"x","parent_chat_id":-1,"timestamp":1,"input_length":33,"output_length":2}"#,
      1, "chat_id", "found '\"'"),
  ])
  func blockTraces(_ wrong: Case) throws { try check(wrong) }

  @Test(arguments: [
    Case(azure + "2023-11-16 18:17:03,1,1\n2023-11-16 18:17:04,1\n", 3, "GeneratedTokens", "has 2"),
    Case(azure + "2023-11-16 18:17:03,1,1,1\n", 2, nil, "has 4 columns"),
    Case(azure + "2023-11-31 18:17:03,1,1\n", 2, "TIMESTAMP", "is `2023-11-31 18:17:03`"),
    Case(azure + "2023-02-29 18:17:03,1,1\n", 2, "TIMESTAMP", "is `"),
    Case(azure + "2023-11-16 24:00:00,1,1\n", 2, "TIMESTAMP", "is `"),
    Case(azure + "2023-11-16 18:17:03.,1,1\n", 2, "TIMESTAMP", "is `"),
    Case(azure + "2023-11-16 18:17:03.1234567890,1,1\n", 2, "TIMESTAMP", "is `"),
    Case(azure + "2023-11-16 18:17:03 UTC,1,1\n", 2, "TIMESTAMP", "is `"),
    Case(azure + "9999-11-16 18:17:03,1,1\n", 2, "TIMESTAMP", "is `"),
    Case(azure + "soon,1,1\n", 2, "TIMESTAMP", "is `soon`"),
    Case(azure + ",1,1\n", 2, "TIMESTAMP", "is ``"),
    Case(azure + "2023-11-16 18:17:03,nan,1\n", 2, "ContextTokens", "is `nan`"),
    Case(azure + "2023-11-16 18:17:03,1,inf\n", 2, "GeneratedTokens", "is `inf`"),
    Case(azure + "2023-11-16 18:17:03,-1,1\n", 2, "ContextTokens", "is negative"),
    Case(azure + "2023-11-16 18:17:03,,1\n", 2, "ContextTokens", "is empty"),
    Case(azure + "2023-11-16 18:17:03,1.5,1\n", 2, "ContextTokens", "whole"),
    Case(azure + "2023-11-16 18:17:03,1e30,1\n", 2, "ContextTokens", "whole number in range"),
    Case(azure + "2023-11-16 18:17:03,1000000000,1\n", 2, "ContextTokens", "is 1000000000"),
    Case(
      azure + "2023-11-16 18:17:03,1,1\n2023-11-16 18:17:02,1,1\n", 3, "TIMESTAMP",
      "earlier than that of the request before"),
    Case(
      azure + "1970-11-16 18:17:03,1,1\n2100-11-16 18:17:02,1,1\n", nil, nil,
      "span more than 100 years"),
    Case(azure + "\"2023-11-16 18:17:03,1,1\n", 2, nil, "a quote does not end"),
    Case(burst + "x,GPT-4,1,1,2,log\n", 2, "Timestamp", "is `x`"),
    Case(burst + "-5,GPT-4,1,1,2,log\n", 2, "Timestamp", "negative"),
    Case(burst + "1e99,GPT-4,1,1,2,log\n", 2, "Timestamp", "more than 100 years"),
    Case(burst + "5,GPT-4,1,1,2,log\n4,GPT-4,1,1,2,log\n", 3, "Timestamp", "earlier"),
    Case(burst + "5,GPT-4,1,0,2,log\n", nil, nil, "every row was skipped"),
    Case(vidur + "0,1,1\nnan,1,1\n", 3, "arrived_at", "is `nan`"),
    Case(splitwise + "0,1,0,0.5,1,3,3\n", 2, "request_type", "is `1`"),
    Case(splitwise + "0,2,0,0.5,8,3,3\n", 2, "batch_size", "is `8`"),
  ])
  func csvRows(_ wrong: Case) throws { try check(wrong) }

  private func check(_ wrong: Case) throws {
    let error = try #require(TraceFixture.error(wrong.text), "the trace was accepted")
    #expect(error.file == "trace.txt")
    #expect(error.line == wrong.line, "\(error)")
    #expect(error.key == wrong.key, "\(error)")
    #expect(error.problem.contains(wrong.says), "\(error)")
  }

  @Test func theMessageOfAnUnsortedTraceSaysWhatToDo() throws {
    let error = try #require(
      TraceFixture.error(
        Self.good + #"{"input_toks":3,"output_toks":2,"arrival_time_ns":4}"#))
    #expect(error.line == 2)
    #expect(error.suggestion?.contains("--sort-arrivals") == true)
    #expect(
      error.description
        == "trace.txt:2: arrival_time_ns: is earlier than that of the request before; "
        + "sort the file by arrival, or let --sort-arrivals do it")
  }

  @Test func whatCannotBeOpenedOrReadIsSaid() throws {
    #expect(throws: InputError.self) { try Workload.load(path: "/no/such/trace.jsonl") }
    #expect(throws: InputError.self) { try Workload.load(path: "/") }
    do {
      _ = try Workload.load(path: "/no/such/trace.jsonl")
    } catch {
      #expect(error.description.hasPrefix("/no/such/trace.jsonl: cannot be opened (No such file"))
    }
  }

  @Test func aLineOfTenMegabytesIsRefusedWithItsNumber() throws {
    let long = String(repeating: " ", count: 10_000_000)
    let error = try #require(TraceFixture.error(Self.good + Self.good + "{" + long + "}\n"))
    #expect(error.line == 3)
    #expect(error.problem == "the line has more than 8 MiB")
    let header = try #require(TraceFixture.error(long))
    #expect(header.line == 1)
  }

  @Test func manyEmptyLinesAreNoTrace() throws {
    let error = try #require(
      TraceFixture.error(Self.good + String(repeating: "\n", count: 100_000)))
    #expect(error.line == 1002)
  }

  @Test func binaryDataIsNoTrace() throws {
    for bytes in [
      Data([0, 1, 2, 3]), Data([0x1f]), Data([0xff, 0xfe, 0x7b, 0]), Data([0x89, 80]),
    ] {
      #expect(TraceFixture.error(bytes: bytes) != nil)
    }
  }

  @Test func optionsOutOfRangeAreRefused() throws {
    for speedup in [0, -1, Double.nan, .infinity] {
      var options = WorkloadLoadOptions()
      options.speedup = speedup
      #expect(TraceFixture.error(Self.good, options: options)?.key == "speed-up")
    }
    var options = WorkloadLoadOptions()
    options.speedup = 1e-300
    #expect(TraceFixture.error(Self.good, options: options) != nil)
    options = WorkloadLoadOptions()
    options.limit = 0
    #expect(TraceFixture.error(Self.good, options: options)?.key == "number of requests")
  }
}
