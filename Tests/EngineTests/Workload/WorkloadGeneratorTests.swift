import Foundation
import Testing

@testable import Engine

@Suite struct WorkloadGeneratorTests {
  static func parameters(seed: UInt64 = 0, count: Int = 200) throws -> GeneratorParameters {
    var parameters = GeneratorParameters(
      arrivals: try ArrivalProcess(parsing: "0:10,5:30"),
      promptTokens: try RandomQuantity(parsing: "lognormal:mean=300,sigma=1,min=2,max=2000"),
      outputTokens: try RandomQuantity(parsing: "uniform:1-50"))
    parameters.count = count
    parameters.seed = seed
    return parameters
  }

  /// One of each kind of workload.
  static func kinds(seed: UInt64) throws -> [(GeneratorParameters, WorkloadWriter.Style)] {
    let plain = try parameters(seed: seed)
    var prefixed = try parameters(seed: seed, count: 40)
    prefixed.prefixes = .init(count: 4, tokens: try RandomQuantity(parsing: "uniform:100-900"))
    var ids = prefixed
    ids.content = .tokenIDs
    var blocks = prefixed
    blocks.content = .blocks
    var sessions = try parameters(seed: seed, count: 20)
    sessions.sessions = .init(
      turns: try RandomQuantity(parsing: "geometric:3"),
      toolDelay: try RandomQuantity(parsing: "exponential:2"), maxContext: 3000)
    var agents = sessions
    agents.prefixes = prefixed.prefixes
    agents.content = .tokenIDs
    return [
      (plain, .llmServingSim), (prefixed, .llmServingSim), (ids, .llmServingSim),
      (blocks, .mooncake), (sessions, .llmServingSim), (agents, .llmServingSim),
    ]
  }

  static func bytes(_ workload: Workload, _ style: WorkloadWriter.Style) throws -> Data {
    var data = Data()
    try WorkloadWriter(workload, as: style).write { data.append(contentsOf: $0) }
    return data
  }

  @Test func whatIsWrittenReadsBackEqual() throws {
    for seed in 0..<15 as Range<UInt64> {
      for (kind, (parameters, style)) in try Self.kinds(seed: seed).enumerated() {
        let workload = try WorkloadGenerator.generate(parameters)
        let read = try TraceFixture.load(bytes: try Self.bytes(workload, style))
        #expect(read.requests == workload.requests, "kind \(kind), seed \(seed)")
        #expect(read.content == workload.content, "kind \(kind), seed \(seed)")
        #expect(read.contentUnit == workload.contentUnit, "kind \(kind), seed \(seed)")
        #expect(read.sessionNames == workload.sessionNames, "kind \(kind), seed \(seed)")
        #expect(read.notes.isEmpty)
      }
    }
  }

  @Test func theSameSeedGivesTheSameBytesAndAnotherSeedOthers() throws {
    for kind in try Self.kinds(seed: 0).indices {
      var seen: Set<Data> = []
      for seed in 0..<15 as Range<UInt64> {
        let (parameters, style) = try Self.kinds(seed: seed)[kind]
        let once = try Self.bytes(WorkloadGenerator.generate(parameters), style)
        #expect(try once == Self.bytes(WorkloadGenerator.generate(parameters), style))
        #expect(seen.insert(once).inserted, "kind \(kind), seed \(seed)")
      }
    }
  }

  @Test func lengthsStayWithinTheirLimitsAndArrivalsInOrder() throws {
    for seed in 0..<50 as Range<UInt64> {
      let workload = try WorkloadGenerator.generate(Self.parameters(seed: seed))
      #expect(workload.requests.count == 200)
      #expect(workload.requests.allSatisfy { (2...2000).contains($0.promptTokens) })
      #expect(workload.requests.allSatisfy { (1...50).contains($0.outputTokens) })
      #expect(workload.arrivals == workload.arrivals.sorted(), "seed \(seed)")
    }
  }

  @Test func durationAndCountEndTheWorkloadWhicheverIsFirst() throws {
    var parameters = try Self.parameters(count: 10_000)
    parameters.duration = 3
    let short = try WorkloadGenerator.generate(parameters)
    // 30 expected, within five standard deviations.
    #expect((3...57).contains(short.requests.count))
    #expect(short.requests.allSatisfy { $0.arrival.seconds < 3 })
    parameters.count = 5
    #expect(try WorkloadGenerator.generate(parameters).arrivals == Array(short.arrivals.prefix(5)))
    parameters.count = nil
    #expect(try WorkloadGenerator.generate(parameters).requests == short.requests)
  }

  /// Each kind of draw has a stream of its own.
  @Test func anotherLengthDistributionLeavesTheRestAsItIs() throws {
    var parameters = try Self.parameters()
    let before = try WorkloadGenerator.generate(parameters)
    parameters.promptTokens = try RandomQuantity(parsing: "0.5*fixed:9|0.5*uniform:1-9")
    let after = try WorkloadGenerator.generate(parameters)
    #expect(after.arrivals == before.arrivals)
    #expect(after.requests.map(\.outputTokens) == before.requests.map(\.outputTokens))
    #expect(after.requests.map(\.promptTokens) != before.requests.map(\.promptTokens))
  }

  @Test func eachPromptBeginsWithAPrefixAndThePopularOnesMoreOften() throws {
    for seed in 0..<10 as Range<UInt64> {
      var parameters = try Self.parameters(seed: seed, count: 300)
      parameters.promptTokens = .fixed(10)
      parameters.content = .tokenIDs
      parameters.prefixes = .init(count: 8, tokens: .fixed(64), skew: 1)
      let workload = try WorkloadGenerator.generate(parameters)
      var uses: [[UInt32]: Int] = [:]
      for index in workload.requests.indices {
        #expect(workload.ids(index).count == 74)
        uses[Array(workload.ids(index).prefix(64)), default: 0] += 1
      }
      #expect(uses.count <= 8, "seed \(seed)")
      // The first of eight has 1/(1 + 1/2 + … + 1/8) = 36.8 % of requests: 110 of 300, sd 8.3.
      #expect(abs((uses.values.max() ?? 0) - 110) < 42, "seed \(seed)")
      // All but the first use of each prefix find four blocks of 16 tokens.
      let shared = Double((300 - uses.count) * 64) / Double(300 * 74)
      let share = try #require(WorkloadProfile(workload).prefixShare)
      #expect(abs(share - shared) < 1e-9, "seed \(seed)")
    }
  }

  @Test func eachTurnRepeatsAllBeforeIt() throws {
    for seed in 0..<10 as Range<UInt64> {
      let parameters = try Self.kinds(seed: seed)[5].0
      let workload = try WorkloadGenerator.generate(parameters)
      #expect(workload.sessionNames.count == 20)
      for index in workload.requests.indices {
        let request = workload.requests[index]
        #expect(workload.ids(index).count == Int(request.promptTokens + request.outputTokens))
        #expect(request.followsPrevious == (request.turn > 0))
        guard request.followsPrevious else { continue }
        let before = workload.requests[index - 1]
        #expect(request.session == before.session && request.turn == before.turn + 1)
        #expect(request.promptTokens > before.promptTokens + before.outputTokens)
        #expect(request.promptTokens + request.outputTokens <= 3000)
        #expect(workload.ids(index).starts(with: workload.ids(index - 1)))
        #expect(request.toolDelay > .zero)
      }
    }
  }

  @Test func parametersOutOfRangeAreRefused() throws {
    let changes: [@Sendable (inout GeneratorParameters) -> Void] = [
      { $0.count = nil }, { $0.count = 0 }, { $0.count = .max }, { $0.count = -1 },
      { $0.duration = 0 }, { $0.duration = .nan }, { $0.duration = .infinity },
      { $0.duration = 1e-9 },
      { $0.prefixes = .init(count: 0, tokens: .fixed(5)) },
      { $0.prefixes = .init(count: .max, tokens: .fixed(5)) },
      { $0.prefixes = .init(count: 1_000_000, tokens: .fixed(1e8)) },
      { $0.prefixes = .init(count: 5, tokens: .fixed(5), skew: .nan) },
      { $0.prefixes = .init(count: 5, tokens: .fixed(5), skew: -1) },
      { $0.sessions = .init(turns: .fixed(2), toolDelay: .fixed(1), maxContext: 0) },
      {
        $0.sessions = .init(turns: .fixed(2), toolDelay: .fixed(1))
        $0.content = .blocks
      },
    ]
    for (index, change) in changes.enumerated() {
      var parameters = try Self.parameters()
      change(&parameters)
      #expect(throws: SpecError.self, "change \(index)") {
        try WorkloadGenerator.generate(parameters)
      }
    }
  }

  @Test func extremeLengthsAndWaitsStayInRange() throws {
    var parameters = try Self.parameters(count: 3)
    parameters.promptTokens = .fixed(1e8)
    parameters.outputTokens = .fixed(1e8)
    parameters.prefixes = .init(count: 1, tokens: .fixed(1e8))
    parameters.sessions = .init(turns: .fixed(5), toolDelay: .fixed(1e8), maxContext: 100_000_000)
    let workload = try WorkloadGenerator.generate(parameters)
    #expect(workload.requests.allSatisfy { $0.promptTokens == 100_000_000 })
    let read = try TraceFixture.load(bytes: try Self.bytes(workload, .llmServingSim))
    #expect(read.requests == workload.requests)
  }

  @Test func mooncakesFormatRefusesWhatItCannotSay() throws {
    let fine = try WorkloadGenerator.generate(Self.parameters())
    let sessions = try WorkloadGenerator.generate(Self.kinds(seed: 0)[4].0)
    let ids = try WorkloadGenerator.generate(Self.kinds(seed: 0)[2].0)
    let blocks = try WorkloadGenerator.generate(Self.kinds(seed: 0)[3].0)
    for workload in [fine, sessions, ids] {
      #expect(throws: SpecError.self) { try WorkloadWriter(workload, as: .mooncake) }
    }
    #expect(throws: SpecError.self) { try WorkloadWriter(blocks, as: .llmServingSim) }
  }

  @Test func namesOfSessionsAreQuoted() throws {
    var workload = Workload(source: "test", format: "test")
    workload.sessionNames = ["a\"b\\c\u{1}\nä"]
    workload.requests = [
      WorkloadRequest(arrival: SimTime(nanoseconds: 5), promptTokens: 1, outputTokens: 2)
    ]
    workload.requests[0].session = 0
    let read = try TraceFixture.load(bytes: try Self.bytes(workload, .llmServingSim))
    #expect(read.sessionNames == workload.sessionNames)
    #expect(read.requests == workload.requests)
  }
}
