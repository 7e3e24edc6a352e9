import Foundation
import Testing

@testable import Engine

@Suite struct WorkloadReaderTests {
  @Test func llmServingSimRequestsKeepLengthsArrivalsAndTokenIDs() throws {
    let workload = try TraceFixture.load(
      """
      {"input_toks": 3, "output_toks": 2, "arrival_time_ns": 46926808, "input_tok_ids": [5, 6, 7], "output_tok_ids": [8, 9]}
      {"output_tok_ids":[4],"input_tok_ids":[1,2],"arrival_time_ns":50000000,"output_toks":1,"input_toks":2}
      {"input_toks": 100, "output_toks": 20, "arrival_time_ns": 50000000}
      """)
    #expect(workload.format == "LLMServingSim JSONL")
    #expect(workload.contentUnit == 1)
    #expect(workload.arrivals == [46_926_808, 50_000_000, 50_000_000])
    #expect(workload.lengths == [[3, 2], [2, 1], [100, 20]])
    #expect(workload.ids(0) == [5, 6, 7, 8, 9])
    #expect(workload.ids(1) == [1, 2, 4], "prompt first, whatever the order of the keys")
    #expect(workload.requests[2].contentCount == 0)
    #expect(workload.requests.allSatisfy { $0.session == -1 && !$0.followsPrevious })
    #expect(workload.notes.isEmpty)
  }

  @Test func llmServingSimSessionsBecomeCallsThatFollowOneAnother() throws {
    let workload = try TraceFixture.load(
      """
      {"input_toks": 1, "output_toks": 1, "arrival_time_ns": 5}
      {"session_id": "a", "arrival_time_ns": 7, "sub_requests": [{"input_toks":10,"output_toks":2,"tool_duration_ns":127},{"input_toks":20,"output_toks":3,"tool_duration_ns":9},{"input_toks":30,"output_toks":4,"tool_duration_ns":55}]}
      {"sub_requests": [{"input_toks":2,"output_toks":2,"input_tok_ids":[1,2]}], "arrival_time_ns": 8}
      """)
    #expect(workload.lengths == [[1, 1], [10, 2], [20, 3], [30, 4], [2, 2]])
    #expect(workload.sessionNames == ["a", "session_4"], "named after its first request")
    #expect(workload.requests.map(\.session) == [-1, 0, 0, 0, 1])
    #expect(workload.requests.map(\.turn) == [0, 0, 1, 2, 0])
    #expect(workload.requests.map(\.followsPrevious) == [false, false, true, true, false])
    #expect(
      workload.requests.map(\.toolDelay.nanoseconds) == [0, 0, 127, 9, 0],
      "the wait is that of the call before; the last one's is ignored")
    #expect(workload.ids(4) == [1, 2])
  }

  @Test func mooncakeHasMillisecondsAndAnIDForEach512Tokens() throws {
    let workload = try TraceFixture.load(
      """
      {"timestamp": 0, "input_length": 512, "output_length": 5, "hash_ids": [46]}
      {"timestamp": 27482, "input_length": 513, "output_length": 52, "hash_ids": [46, 47]}
      {"timestamp": 30000.5, "input_length": 9, "output_length": 1}
      """)
    #expect(workload.format == "Mooncake JSONL")
    #expect(workload.contentUnit == 512)
    #expect(workload.arrivals == [0, 27_482_000_000, 30_000_500_000])
    #expect(workload.ids(1) == [46, 47])
    #expect(workload.requests[2].contentCount == 0)
  }

  @Test func bailianHasSecondsAnd16TokenBlocksAndChainsOfChats() throws {
    let workload = try TraceFixture.load(
      """
      {"chat_id": 159, "parent_chat_id": -1, "timestamp": 61.114, "input_length": 33, "output_length": 13, "type": "text", "turn": 1, "hash_ids": [1, 2, 3]}
      {"chat_id": 160, "parent_chat_id": -1, "timestamp": 62, "input_length": 33, "output_length": 13, "type": "text", "turn": 1, "hash_ids": [8, 9]}
      {"chat_id": 161, "parent_chat_id": 159, "timestamp": 70.5, "input_length": 16, "output_length": 13, "type": "text", "turn": 2, "hash_ids": [1]}
      """)
    #expect(workload.format == "Bailian JSONL")
    #expect(workload.contentUnit == 16)
    #expect(workload.arrivals == [61_114_000_000, 62_000_000_000, 70_500_000_000])
    #expect(workload.requests.map(\.session) == [0, 1, 0])
    #expect(workload.requests.map(\.turn) == [0, 0, 1])
    #expect(workload.sessionNames == ["159", "160"])
  }

  @Test func azureArrivalsCountFromTheFirstRow() throws {
    let workload = try TraceFixture.load(
      "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
        + "2023-11-16 18:17:03.9799600,4808,10\r\n"
        + "2023-11-16 18:17:04.0319600,3180,8\r\n"
        + "2023-11-17 00:00:00,1,1\r\n")
    #expect(workload.format == "Azure CSV")
    // 18:17:03.97996 to midnight: 5 h 42 min 56.02004 s = 20,576.02004 s
    #expect(workload.arrivals == [0, 52_000_000, 20_576_020_040_000])
    #expect(workload.lengths == [[4808, 10], [3180, 8], [1, 1]])
    #expect(workload.notes == ["arrivals count from the first row"])
  }

  @Test func azure2024TimesWithAnOffsetAreUnderstood() throws {
    let workload = try TraceFixture.load(
      """
      TIMESTAMP,ContextTokens,GeneratedTokens
      2024-02-29 23:59:59.009930+00:00,2162,5
      2024-03-01 00:00:00+00:00,2399,6
      2024-03-01T01:00:01+01:00,76,15
      """)
    #expect(workload.arrivals == [0, 990_070_000, 1_990_070_000])
  }

  @Test func burstGPTFailuresAreSkippedAndCounted() throws {
    let first = try TraceFixture.load(
      """
      Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type
      5,ChatGPT,472,18,490,Conversation log
      45,ChatGPT,1087,0,1087,Conversation log
      118.25,GPT-4,417,276,693,"API log, new"
      """)
    #expect(first.format == "BurstGPT CSV")
    #expect(first.arrivals == [0, 113_250_000_000])
    #expect(first.lengths == [[472, 18], [417, 276]])
    #expect(
      first.notes == ["1 row of failed requests skipped", "arrivals count from the first row"])

    let second = try TraceFixture.load(
      """
      Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type
      0,7,3.5,ChatGPT,10,18,28,Conversation log
      1,8,1.25,ChatGPT,11,2,13,Conversation log
      2,7,0.5,ChatGPT,12,3,15,Conversation log
      3,,0.5,ChatGPT,12,3,15,API log
      """)
    #expect(second.requests.map(\.session) == [0, 1, 0, -1])
    #expect(second.requests.map(\.turn) == [0, 0, 1, 0])
    #expect(second.sessionNames == ["7", "8"])
  }

  @Test func vidurReadsSecondsInAnyNotation() throws {
    let workload = try TraceFixture.load(
      """
      arrived_at,num_prefill_tokens,num_decode_tokens
      6.1e-05,374,44
      0.1234567894,396,109
      12,879,55
      """)
    #expect(workload.format == "Vidur CSV")
    #expect(workload.arrivals == [61_000, 123_456_789, 12_000_000_000])
  }

  @Test func lengthsWithoutArrivalsNeedARate() throws {
    let text = """
      num_prefill_tokens,num_decode_tokens,num_total_tokens,pd_ratio
      3772,54,3826,69.85185185185185
      2015,156,2171,12.916666666666666
      """
    let error = try #require(TraceFixture.error(text))
    #expect(error.line == 2 && error.key == "arrived_at")
    #expect(error.suggestion?.contains("--rate") == true)

    var options = WorkloadLoadOptions()
    options.arrivals = try ArrivalProcess(parsing: "4", gaps: .constant)
    let workload = try TraceFixture.load(text, options: options)
    #expect(workload.arrivals == [250_000_000, 500_000_000])
    #expect(workload.lengths == [[3772, 54], [2015, 156]])
  }

  @Test func splitwiseReadsRequestsToLanguageModels() throws {
    let workload = try TraceFixture.load(
      """
      request_id,request_type,application_id,arrival_timestamp,batch_size,prompt_size,token_size
      0,2,0,0.25,1,512,20
      1,2,0,1.5,1,100,1
      """)
    #expect(workload.format == "Splitwise CSV")
    #expect(workload.arrivals == [250_000_000, 1_500_000_000])
    #expect(workload.lengths == [[512, 20], [100, 1]])
  }

  @Test func zerosInTracesOfRealTrafficAreCounted() throws {
    let workload = try TraceFixture.load(
      """
      TIMESTAMP,ContextTokens,GeneratedTokens
      2023-11-16 18:17:03,0,10
      2023-11-16 18:17:04,7,0
      2023-11-16 18:17:05,0,0
      """)
    #expect(workload.lengths == [[7, 1]])
    #expect(
      workload.notes == [
        "2 rows without prompt tokens skipped", "1 row with 0 output tokens raised to 1",
        "arrivals count from the first row",
      ])
  }

  @Test func aSkippedRowLeavesNoContentBehind() throws {
    let workload = try TraceFixture.load(
      """
      {"timestamp": 0, "input_length": 0, "output_length": 5, "hash_ids": []}
      {"timestamp": 1, "input_length": 1, "output_length": 5, "hash_ids": [3]}
      """)
    #expect(workload.ids(0) == [3])
    #expect(workload.content == [3])
  }

  @Test func theNameOfAFileSaysNothingAboutItsFormat() throws {
    let text = #"{"timestamp": 1, "input_length": 2, "output_length": 3}"#
    for name in ["trace.csv", "azure.csv.gz", "x"] {
      #expect(try TraceFixture.load(text, name: name).format == "Mooncake JSONL")
    }
  }

  @Test func byteOrderMarkCarriageReturnsAndEmptyLinesAreAccepted() throws {
    let workload = try TraceFixture.load(
      "\u{FEFF}\r\n\n{\"timestamp\": 1, \"input_length\": 2, \"output_length\": 3}\r\n\r\n\n")
    #expect(workload.lengths == [[2, 3]])
    let csv = try TraceFixture.load(
      "\u{FEFF}arrived_at, num_prefill_tokens ,\"num_decode_tokens\"\n 1 , \"2\" ,3")
    #expect(csv.lengths == [[2, 3]])
  }

  @Test func linesThatStraddleTheChunksOfReadingAreWhole() throws {
    // 3 lines of about 0.9, 2.7 and 0.4 MB, read in chunks of 1 MiB.
    let counts = [130_000, 390_000, 60_000]
    var text = ""
    for (index, count) in counts.enumerated() {
      let ids = (0..<count).map { String($0 + 100_000) }.joined(separator: ",")
      text += "{\"input_toks\":\(count),\"output_toks\":1,\"arrival_time_ns\":\(index),"
      text += "\"input_tok_ids\":[\(ids)]}\n"
    }
    let workload = try TraceFixture.load(text)
    #expect(workload.requests.map(\.promptTokens) == counts.map { Int32($0) })
    for index in 0..<3 {
      #expect(workload.ids(index) == (0..<counts[index]).map { UInt32($0 + 100_000) })
    }
  }
}
