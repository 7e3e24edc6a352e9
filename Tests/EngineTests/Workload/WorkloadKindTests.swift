import Foundation
import Testing

@testable import Engine

/// Kinds of requests in generated traces: drawn by weight, told in the file, read back equal.
@Suite struct WorkloadKindTests {
  private static func parameters(_ kinds: [String]) throws -> GeneratorParameters {
    var parameters = GeneratorParameters(
      arrivals: try ArrivalProcess(parsing: "5", gaps: .poisson, pulse: nil),
      promptTokens: try RandomQuantity(parsing: "uniform:10-90"),
      outputTokens: try RandomQuantity(parsing: "5"))
    parameters.count = 400
    parameters.kinds = try kinds.map { try RequestKind(parsing: $0) }
    return parameters
  }

  private static let kinds = [
    "3*tenant=a,class=chat,priority=-2,ttft_slo_s=0.5,tpot_slo_s=0.025",
    "1*tenant=b \"x\",deadline_s=60.000000001",
  ]

  @Test func kindsComeInTheirSharesAndChangeNothingElse() throws {
    let plain = try WorkloadGenerator.generate(Self.parameters([]))
    let mixed = try WorkloadGenerator.generate(Self.parameters(Self.kinds))
    #expect(plain.traits.isEmpty && mixed.traits.count == 2)
    let first = mixed.requests.count { mixed.traits[Int($0.traits)].tenant == "a" }
    #expect((260...340).contains(first), "300 expected, found \(first)")
    for (a, var b) in zip(plain.requests, mixed.requests) {
      b.traits = -1
      #expect(a == b)
    }
  }

  @Test(arguments: [false, true]) func tracesReadBackEqual(sessions: Bool) throws {
    var parameters = try Self.parameters(Self.kinds + ["2*class=batch"])
    if sessions {
      parameters.sessions = GeneratorParameters.Sessions(
        turns: try RandomQuantity(parsing: "uniform:1-4"), toolDelay: .fixed(1))
    }
    let workload = try WorkloadGenerator.generate(parameters)
    var text: [UInt8] = []
    try WorkloadWriter(workload, as: .llmServingSim).write { text += $0 }
    let path = FileManager.default.temporaryDirectory.path + "/simhost-\(UUID().uuidString).jsonl"
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(FileManager.default.createFile(atPath: path, contents: Data(text)))
    let read = try Workload.load(path: path)
    #expect(read.requests == workload.requests && read.traits == workload.traits)
    #expect(read.traits.contains { $0.priority == -2 && $0.tpotTarget?.nanoseconds == 25_000_000 })
    #expect(read.traits.contains { $0.deadline?.nanoseconds == 60_000_000_001 })
    if sessions {
      for (a, b) in zip(read.requests, read.requests.dropFirst()) where b.followsPrevious {
        #expect(a.traits == b.traits, "a session is of one kind")
      }
    }
  }

  @Test(arguments: [
    ("0*class=a", "above 0"), ("x*class=a", "weight x"), ("class", "name=value"),
    ("class=", "name=value"), ("colour=red", "has no colour"), ("class=a,class=b", "twice"),
    ("priority=1.5", "a whole number"), ("deadline_s=0", "seconds above 0"),
    ("ttft_slo_s=nan", "seconds above 0"), ("", "name=value"),
  ])
  func whatIsNoKindIsRefused(_ text: String, _ problem: String) {
    let error = #expect(throws: SpecError.self) { try RequestKind(parsing: text) }
    #expect("\(error.map { "\($0)" } ?? "")".contains(problem))
  }

  @Test func mooncakesFormatHasNoKinds() throws {
    var parameters = try Self.parameters(Self.kinds)
    parameters.content = .blocks
    #expect(throws: SpecError.self) { try WorkloadGenerator.generate(parameters) }
  }
}
