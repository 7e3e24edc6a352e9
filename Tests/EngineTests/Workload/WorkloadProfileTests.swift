import Testing

@testable import Engine

@Suite struct WorkloadProfileTests {
  @Test func lengthsAndArrivalsAreThoseOfHandArithmetic() throws {
    let rows = (1...10).map { "\($0),\($0 * 10),\($0)" }.joined(separator: "\n")
    let profile = WorkloadProfile(try TraceFixture.load(WorkloadErrorTests.vidur + rows))
    #expect(profile.requests == 10 && profile.sessions == 0 && profile.followUps == 0)
    #expect(profile.first.seconds == 1 && profile.last.seconds == 10)
    // 9 gaps of 1 s each, all the same.
    #expect(profile.rate == 1 && profile.gapVariation == 0)
    // Nearest rank of 10: p50 is the 5th, p90 the 9th, p99 the 10th.
    #expect(
      profile.prompt
        == WorkloadProfile.Lengths(
          total: 550, mean: 55, min: 10, p50: 50, p90: 90, p99: 100, max: 100))
    #expect(profile.output.total == 55)
    #expect(profile.prefixShare == nil)
  }

  @Test func oneRequestHasNoRate() throws {
    let profile = WorkloadProfile(try TraceFixture.load(WorkloadErrorTests.vidur + "3,7,2"))
    #expect(profile.rate == nil && profile.gapVariation == nil)
    #expect(profile.prompt.p50 == 7 && profile.prompt.p99 == 7)
  }

  @Test func sharedBlocksCountFromTheStartOnly() throws {
    // The second request shares its first 512 tokens; block 3 stands behind another beginning in
    // the third, whose id 9 is new.
    let profile = WorkloadProfile(
      try TraceFixture.load(
        """
        {"timestamp":0,"input_length":1024,"output_length":1,"hash_ids":[1,2]}
        {"timestamp":1,"input_length":1000,"output_length":1,"hash_ids":[1,3]}
        {"timestamp":2,"input_length":1000,"output_length":1,"hash_ids":[9,3]}
        """))
    #expect(profile.prefixShare == 512 / 3024.0)
  }

  @Test func aTurnFindsTheAnswerBeforeItInTheCache() throws {
    func ids(_ range: Range<Int>) -> String {
      "[" + range.map(String.init).joined(separator: ",") + "]"
    }
    let workload = try TraceFixture.load(
      """
      {"arrival_time_ns":1,"sub_requests":[{"input_toks":20,"output_toks":20,"input_tok_ids":\(ids(0..<20)),"output_tok_ids":\(ids(20..<40))},{"input_toks":50,"output_toks":1,"input_tok_ids":\(ids(0..<50))}]}
      """)
    let profile = WorkloadProfile(workload)
    // Two blocks of 16 of the first call's 40 tokens, of 70 prompt tokens in all.
    #expect(profile.prefixShare == 32 / 70.0)
    #expect(profile.sessions == 1 && profile.followUps == 1)
    #expect(profile.requestsOutsideSessions == 0)
  }

  @Test func aRepeatedRequestFindsTheWholeBlocksOfItsPrompt() throws {
    let ids = "[" + (0..<20).map(String.init).joined(separator: ",") + "]"
    let answer = "[" + (0..<20).map(String.init).joined(separator: ",") + "]"
    let line =
      #"{"arrival_time_ns":1,"input_toks":20,"output_toks":20,"input_tok_ids":\#(ids),"output_tok_ids":\#(answer)}"#
    let profile = WorkloadProfile(try TraceFixture.load(line + "\n" + line))
    #expect(profile.prefixShare == 16 / 40.0)
  }
}
