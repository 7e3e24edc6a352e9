import Testing

@testable import Engine

/// Public traces, where the reference data is there; see `TraceFixture.referenceData`.
@Suite struct WorkloadRealTraceTests {
  static let mooncake = TraceFixture.referenceData("traces/mooncake/conversation_trace.jsonl")
  static let azure = TraceFixture.referenceData("traces/azure-2023/AzureLLMInferenceTrace_code.csv")
  static let vidur = TraceFixture.referenceData(
    "traces/vidur/arxiv_summarization_stats_llama2_tokenizer_filtered_v2.csv")
  static let shareGPT = TraceFixture.referenceData(
    "llmservingsim/workloads/sharegpt-llama-3.1-8b-300-sps10.jsonl")

  @Test(.enabled(if: mooncake != nil, "the reference data is absent"))
  func mooncakeConversations() throws {
    let workload = try Workload.load(path: try #require(Self.mooncake))
    #expect(workload.requests.count == 12_031)
    #expect(workload.notes.isEmpty)
    let profile = WorkloadProfile(workload)
    #expect(profile.prompt.mean.rounded() == 12_035)
    #expect(profile.output.mean.rounded() == 343)
    let share = try #require(profile.prefixShare)
    #expect(abs(share - 0.366) < 0.01, "36.6 % of blocks are used again; found \(share)")
  }

  @Test(.enabled(if: azure != nil, "the reference data is absent"))
  func azureCode() throws {
    let workload = try Workload.load(path: try #require(Self.azure))
    #expect(workload.requests.count == 8_819)
    // 18:17:03.97996 to 19:14:19.928016
    #expect(workload.arrivals.last == 3_435_948_056_000)
    #expect(WorkloadProfile(workload).prompt.max == 7_437)
  }

  @Test(.enabled(if: vidur != nil, "the reference data is absent"))
  func vidurLengths() throws {
    var options = WorkloadLoadOptions()
    options.arrivals = try ArrivalProcess(parsing: "10")
    let workload = try Workload.load(path: try #require(Self.vidur), options: options)
    #expect(workload.requests.count == 28_257)
  }

  @Test(.enabled(if: shareGPT != nil, "the reference data is absent"))
  func shareGPTWithTokenIDs() throws {
    let workload = try Workload.load(path: try #require(Self.shareGPT))
    #expect(workload.requests.count == 300)
    #expect(workload.arrivals.first == 46_926_808)
    #expect(workload.arrivals.last == 29_183_763_203)
    let profile = WorkloadProfile(workload)
    #expect(profile.prompt.total == 257_239)
    #expect(profile.output.total == 195_753)
    #expect(profile.prompt.max == 3_998)
    #expect(workload.content.count == 257_239 + 195_753)
    #expect(workload.ids(0).prefix(3) == [5971, 2927, 220])
  }
}
