import Foundation
import Testing

@testable import Engine

/// What becomes of finished prompts when the decode side has no room, by hand; costs and links as in `KVTransferTests`.
@Suite struct BackPressureTests {
  private static func run(
    _ policy: String, firstToken: FirstTokenSide = .prefill, decodeBlocks: Int = 100,
    stepByStep: Bool = false, _ requests: [(at: Int64, prompt: Int, output: Int)]
  ) throws -> RunResult {
    let file = FileManager.default.temporaryDirectory.path + "/simhost-\(UUID().uuidString).lua"
    try policy.write(toFile: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: file) }
    return try KVTransferTests.run(
      firstToken: firstToken, decodeBlocks: decodeBlocks, stepByStep: stepByStep, policy: file,
      requests)
  }

  private static func decoding(_ answer: String) -> String {
    "return { api = 1, route_decode = function(request, candidates, cluster) return \(answer) end }"
  }

  @Test(arguments: [false, true]) func aRequestMayStay(stepByStep: Bool) throws {
    let result = try Self.run(
      Self.decoding("request.instance, 'stay'"), stepByStep: stepByStep,
      [(at: 0, prompt: 100, output: 3)])
    let record = result.records[0]
    #expect(record.end.nanoseconds == 2000 + 2 * 1005)
    #expect(record.transferStart == .never && record.decodeInstance == InstanceID(0))
    #expect(result.instances[0].decodeTokens == 2 && result.instances[1].iterations == 0)
  }

  @Test func oneThatStaysGivesItsFirstTokenThere() throws {
    let record = try Self.run(
      Self.decoding("request.instance, 'stay'"), firstToken: .decode,
      [(at: 0, prompt: 100, output: 3)]
    ).records[0]
    #expect(record.prefillToken.nanoseconds == 2000)
    #expect(record.firstToken.nanoseconds == 2000 + 1005)
    #expect(record.end.nanoseconds == 2000 + 3 * 1005)
  }

  @Test(arguments: [false, true]) func aRequestMayBeComputedAgain(stepByStep: Bool) throws {
    let result = try Self.run(
      Self.decoding("candidates[1], 'recompute'"), stepByStep: stepByStep,
      [(at: 0, prompt: 100, output: 3)])
    // Prompt and first token, 101 tokens, give the second; then the third.
    #expect(result.records[0].end.nanoseconds == 2000 + 1000 + 1010 + 1005)
    #expect(result.records[0].transferStart == .never && result.instances[0].bytesSent == 0)
    #expect(result.instances[1].recomputedTokens == 101)
    #expect(result.records[0].decodeToken.nanoseconds == 4010)
  }

  /// The decode side holds one request of 26 blocks; the prompts of two others wait, and the policy says how.
  @Test func whoHoldsGoesOnWhenThereIsRoom() throws {
    let policy = """
      return { api = 1, route_decode = function(request, candidates, cluster)
        if candidates[1].kv_free_tokens >= request.context_tokens then return candidates[1] end
      end }
      """
    let requests: [(at: Int64, prompt: Int, output: Int)] = [
      (at: 0, prompt: 100, output: 3), (at: 0, prompt: 100, output: 3),
    ]
    let held = try Self.run(policy, decodeBlocks: 30, requests)
    let native = try KVTransferTests.run(decodeBlocks: 30, requests)
    #expect(held.records[1].transferStart == held.records[0].end)
    #expect(held.records.map(\.end) == native.records.map(\.end))
  }

  @Test func whoWaitsForBlocksIsSeen() throws {
    // The third prompt arrives while the second waits for the first to leave the decode side.
    let result = try Self.run(
      """
      local seen = {}
      return { api = 1,
        route = function(request, candidates, cluster)
          local d, p = cluster.decode[1], cluster.prefill[1]
          if request.stage == "prefill" then seen[#seen + 1] = { d.kv_waiting_count, d.waiting_count, d.kv_reserved_tokens, p.kv_used_tokens } end
          return candidates[1]
        end,
        done = function() return { seen = seen[3] } end }
      """, decodeBlocks: 30,
      [
        (at: 0, prompt: 100, output: 3), (at: 0, prompt: 100, output: 3),
        (at: 20_000, prompt: 8, output: 1),
      ])
    // One waits, one is on its way to 25 blocks of 4 tokens; both hold theirs on the prefill side.
    #expect(result.policyJSON?.filter { !$0.isWhitespace } == "{\"seen\":[1,2,100,200]}")
  }

  /// Finished prompts that nobody takes fill the prefill side, and no prompt is admitted any more.
  @Test(arguments: KVTransferSpec.Mode.allCases) func finishedPromptsStopAdmission(
    mode: KVTransferSpec.Mode
  ) throws {
    let result = try KVTransferTests.run(
      KVTransferSpec(mode: mode), decodeBlocks: 30, prefillBlocks: 50,
      [
        (at: 0, prompt: 100, output: 20), (at: 0, prompt: 100, output: 3),
        (at: 5000, prompt: 100, output: 3),
      ])
    let (first, third) = (result.records[0], result.records[2])
    #expect(third.prefillStart == first.transferEnd, "25 of 50 blocks are free again")
    #expect(result.records[1].transferStart == first.end)
    #expect(result.instances[0].kvPeakBlocks == 50)
  }

  @Test(arguments: [
    ("candidates[1], 'stay'", "let it stay on another instance than prefill/0"),
    ("candidates[1], 'swap'", "returned a second value"),
  ])
  func whatCannotBeIsSaid(answer: String, problem: String) throws {
    let error = try #require(throws: SimulationError.self) {
      try Self.run(Self.decoding(answer), [(at: 0, prompt: 100, output: 3)])
    }
    #expect("\(error)".contains(problem), "\(error)")
  }

  @Test func aPromptHasNothingToStayWith() throws {
    let error = try #require(throws: SimulationError.self) {
      try Self.run(
        "return { api = 1, route = function(_, c) return c[1], 'recompute' end }",
        [(at: 0, prompt: 100, output: 3)])
    }
    #expect("\(error)".contains("before it"), "\(error)")
  }
}
