import Foundation
import Testing

@testable import Engine

/// Faults by hand; costs and links as in `KVTransferTests`: 1,000 ns an iteration, 10 ns a prompt token, 5 ns a decode
/// request, 256 bytes of KV a token, one byte a nanosecond and 100 ns.
///
/// A request of 100 + 4 tokens: prompt until 2,000, KV cache until 2,000 + 100 + 25,600 = 27,700, then tokens at 28,705,
/// 29,710 and 30,715.
@Suite struct FaultRunTests {
  static let prefill = InstanceID(0)
  static let decode = InstanceID(1)

  static func run(
    _ faults: [Fault], mode: KVTransferSpec.Mode = .push,
    firstToken: FirstTokenSide = .prefill, roles: [InstanceRole] = [.prefill, .decode],
    stepByStep: Bool = false, policy: String? = nil,
    _ requests: [(at: Int64, prompt: Int, output: Int)] = [(at: 0, prompt: 100, output: 4)]
  ) throws -> RunResult {
    var file: String?
    if let policy {
      file = FileManager.default.temporaryDirectory.path + "/simhost-\(UUID().uuidString).lua"
      try policy.write(toFile: file ?? "", atomically: true, encoding: .utf8)
    }
    defer { if let file { try? FileManager.default.removeItem(atPath: file) } }
    return try KVTransferTests.run(
      KVTransferSpec(mode: mode), firstToken: firstToken, roles: roles, stepByStep: stepByStep,
      policy: file, faults: faults, requests)
  }

  static func fault(
    _ kind: Fault.Kind, _ id: InstanceID, at start: Int64, for length: Int64? = nil
  ) -> Fault {
    Fault(
      kind, .instance(id), at: SimTime(nanoseconds: start),
      for: length.map { SimDuration(nanoseconds: $0) }, words: "fault")
  }

  @Test(arguments: [false, true]) func aPromptBeginsAnew(stepByStep: Bool) throws {
    let result = try Self.run(
      [Self.fault(.kill, Self.prefill, at: 1500, for: 1000)], stepByStep: stepByStep)
    let record = result.records[0]
    #expect(record.retries == 1 && record.prefillStart.nanoseconds == 2500)
    #expect(record.firstToken.nanoseconds == 4500)
    #expect(record.end.nanoseconds == 30_715 + 2500)
    // Its only chunk was under way: nothing was there to be lost.
    #expect(result.faults[0].lostTokens == 0 && result.instances[0].repeatedTokens == 0)
    #expect(result.faults[0].recovery?.nanoseconds == 28_700)
    #expect(result.instances[0].busy.nanoseconds == 1500 + 2000)
    #expect(result.instances[0].down.nanoseconds == 1000)
  }

  @Test(arguments: [false, true]) func aFaultComesBeforeAllElse(stepByStep: Bool) throws {
    // The prompt would end at 2,000: it has not.
    let result = try Self.run(
      [Self.fault(.kill, Self.prefill, at: 2000, for: 500)], stepByStep: stepByStep)
    #expect(result.records[0].firstToken.nanoseconds == 2500 + 2000)
    #expect(result.instances[0].iterations == 1 && result.instances[0].busy.nanoseconds == 4000)
  }

  @Test(arguments: [false, true]) func whatWasGeneratedIsComputedAsAPrompt(stepByStep: Bool) throws
  {
    // Two tokens are there at 29,000. 102 tokens are computed anew and bring the third; then the KV cache moves.
    let result = try Self.run(
      [Self.fault(.kill, Self.decode, at: 29_000, for: 100)], stepByStep: stepByStep)
    let record = result.records[0]
    let third: Int64 = 29_000 + 1000 + 1020
    #expect(record.firstToken.nanoseconds == 2000 && record.prefillToken.nanoseconds == third)
    #expect(record.transferEnd.nanoseconds == third + 100 + 102 * 256)
    #expect(record.end.nanoseconds == third + 100 + 102 * 256 + 1005)
    #expect(Array(result.gaps) == [26_705, third - 28_705, 26_112 + 1105])
    // The KV of the prompt and of one token was there.
    #expect(result.faults[0].lostTokens == 101 && result.instances[0].repeatedTokens == 101)
    #expect(result.faults[0].recovery?.nanoseconds == 28_232)
    #expect(result.instances[1].decodeTokens == 2)
  }

  @Test(arguments: [false, true]) func aKVCacheIsSentAnew(stepByStep: Bool) throws {
    let result = try Self.run(
      [Self.fault(.kill, Self.decode, at: 10_000, for: 5000)], stepByStep: stepByStep)
    let record = result.records[0]
    #expect(record.retries == 1 && record.firstToken.nanoseconds == 2000)
    #expect(record.transferStart.nanoseconds == 15_000)
    #expect(record.transferEnd.nanoseconds == 15_000 + 25_700)
    #expect(record.kvWait?.nanoseconds == 13_000)
    #expect(result.instances[0].kvWait.nanoseconds == 13_000)
    // 7,900 bytes of the first try had been sent.
    #expect(result.instances[0].bytesSent == 7900 + 25_600)
    #expect(result.faults[0].lostTokens == 0)
    #expect(result.faults[0].recovery?.nanoseconds == 30_700)
  }

  @Test(arguments: [false, true]) func anotherDecodeInstanceTakesOver(stepByStep: Bool) throws {
    let result = try Self.run(
      [Self.fault(.kill, Self.decode, at: 10_000)], roles: [.prefill, .decode, .decode],
      stepByStep: stepByStep)
    #expect(result.records[0].decodeInstance == InstanceID(2))
    #expect(result.records[0].transferEnd.nanoseconds == 10_000 + 25_700)
    #expect(result.faults[0].end == result.end)
  }

  @Test(arguments: [false, true]) func linksSlowDownAndStop(stepByStep: Bool) throws {
    func end(_ kind: Fault.Kind, _ id: InstanceID) throws -> Int64 {
      try Self.run([Self.fault(kind, id, at: 10_000, for: 5000)], stepByStep: stepByStep)
        .records[0].transferEnd.nanoseconds
    }
    // 7,900 bytes are there at 10,000. Half as fast, 2,500 follow until 15,000.
    for id in [Self.prefill, Self.decode] {
      #expect(try end(.slowLink(2), id) == 27_700 + 2500)
      #expect(try end(.cutLink, id) == 27_700 + 5000)
    }
  }

  @Test(arguments: [false, true]) func aLostTransferIsRepeated(stepByStep: Bool) throws {
    let result = try Self.run(
      [Self.fault(.loseTransfers, Self.prefill, at: 10_000)], stepByStep: stepByStep)
    #expect(result.records[0].transferEnd.nanoseconds == 10_000 + 25_700)
    #expect(result.records[0].retries == 1 && result.faults[0].recovery?.nanoseconds == 25_700)
  }

  @Test(arguments: [false, true]) func aSlowInstanceIsSlowFromItsNextIterationOn(stepByStep: Bool)
    throws
  {
    let slow = try Self.run(
      [Self.fault(.slow(2), Self.prefill, at: 0)], stepByStep: stepByStep)
    #expect(slow.records[0].firstToken.nanoseconds == 4000)
    let later = try Self.run(
      [Self.fault(.slow(2), Self.prefill, at: 1)], stepByStep: stepByStep)
    #expect(later.records[0].firstToken.nanoseconds == 2000)
    // Of the decode instance's iterations, the second begins at 28,705 and the third at 30,715.
    let decode = try Self.run(
      [Self.fault(.slow(2), Self.decode, at: 28_000, for: 2000)], stepByStep: stepByStep)
    #expect(decode.records[0].end.nanoseconds == 28_705 + 2010 + 1005)
    #expect(decode.end == decode.records[0].end)
  }

  @Test(arguments: [false, true]) func whoHasNoInstanceLeftIsRejected(stepByStep: Bool) throws {
    for start: Int64 in [0, 1000, 10_000, 29_000] {
      let result = try Self.run(
        [Self.fault(.kill, Self.decode, at: start)], stepByStep: stepByStep)
      #expect(result.records[0].outcome == .rejected)
      #expect(result.reasons == ["no instance is left that could serve it"])
    }
  }

  @Test(arguments: [false, true]) func aPolicySaysWhoBeginsAnew(stepByStep: Bool) throws {
    let result = try Self.run(
      [Self.fault(.kill, Self.decode, at: 10_000, for: 10)], stepByStep: stepByStep,
      policy: """
        local told = {}
        return { api = 1,
          on_instance_down = function(instance, requests, cluster)
            told[#told + 1] = instance.name .. " " .. instance.state .. " " .. #requests .. " " .. requests[1].stage
            return { requests[1] }, "too old"
          end,
          on_instance_up = function(instance) told[#told + 1] = instance.name .. " " .. instance.state end,
          done = function() return { told = told } end }
        """, [(at: 0, prompt: 100, output: 4), (at: 5000, prompt: 50, output: 4)])
    #expect(result.records.map(\.outcome) == [.rejected, .finished])
    #expect(result.reasons == ["too old"])
    #expect(result.faults[0].rejected == 1 && result.faults[0].requests == 2)
    let told = try #require(result.policyJSON)
    #expect(told.contains("decode/1 down 2 decode") && told.contains("decode/1 up"))
  }

  @Test(arguments: [
    ("7", "on_instance_down returned a number (7)"), ("'later'", "on_instance_down returned"),
    ("{ 1 }", "which is none of the 1 requests"), ("'reject', 1", "as the reason"),
  ]) func whatCannotBeIsSaid(answer: String, problem: String) throws {
    let error = try #require(throws: SimulationError.self) {
      try Self.run(
        [Self.fault(.kill, Self.decode, at: 10_000, for: 10)],
        policy: "return { api = 1, on_instance_down = function() return \(answer) end }")
    }
    #expect("\(error)".contains(problem), "\(error)")
  }

  /// Every fault, on every instance, at every moment of a request's life, a nanosecond before and after, and between two.
  @Test(arguments: KVTransferSpec.Mode.allCases, [FirstTokenSide.prefill, .decode])
  func everyFaultAtEveryPoint(mode: KVTransferSpec.Mode, firstToken: FirstTokenSide) throws {
    let plain = try Self.run([], mode: mode, firstToken: firstToken).records[0]
    var moments = [
      0, plain.prefillStart.nanoseconds, plain.prefillToken.nanoseconds,
      plain.transferStart.nanoseconds, plain.transferEnd.nanoseconds,
      plain.decodeStart.nanoseconds, plain.decodeToken.nanoseconds, plain.end.nanoseconds,
    ].sorted()
    moments += zip(moments, moments.dropFirst()).map { ($0 + $1) / 2 }
    let times = Set(moments.flatMap { [$0 - 1, $0, $0 + 1] }).filter { $0 >= 0 }.sorted()
    for time in times {
      for id in [Self.prefill, Self.decode] {
        for kind in [Fault.Kind.kill, .slow(3), .slowLink(3), .cutLink, .loseTransfers] {
          for length: Int64 in [1, 3000, 100_000] {
            let faults = [Self.fault(kind, id, at: time, for: length)]
            let requests: [(at: Int64, prompt: Int, output: Int)] = [
              (at: 0, prompt: 100, output: 4), (at: 0, prompt: 30, output: 1),
              (at: 1000, prompt: 60, output: 9),
            ]
            let lazy = try Self.run(faults, mode: mode, firstToken: firstToken, requests)
            let step = try Self.run(
              faults, mode: mode, firstToken: firstToken, stepByStep: true, requests)
            let difference = firstDifference(lazy, step)
            #expect(difference == nil, "\(kind) of \(id) at \(time) for \(length)")
            #expect(lazy.records.allSatisfy { $0.outcome == .finished })
          }
        }
      }
    }
  }
}
