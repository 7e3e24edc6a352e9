import Foundation
import Testing

@testable import Engine

/// The profile model against LLMServingSim's own published outputs, to the nanosecond.
@Suite(.enabled(if: CostFixture.data != nil, "reference data is absent; set SIMHOST_DATA"))
struct CostProfileAnchorTests {
  @Test func firstIterationsOfTheExampleRun() throws {
    let cost = try CostFixture.profile(
      CostFixture.llama8B, rules: .reference, in: #require(CostFixture.profiles))
    #expect(
      cost.iterationTime(CostFixture.shape([(1, 10)])) == SimDuration(nanoseconds: 11_146_817))
    #expect(
      cost.iterationTime(CostFixture.shape([(10, 0)])) == SimDuration(nanoseconds: 10_998_250))
  }

  @Test func bothRulesAgreeInsideTheGrid() throws {
    let profiles = try #require(CostFixture.profiles)
    let reference = try CostFixture.profile(CostFixture.llama8B, rules: .reference, in: profiles)
    let native = try CostFixture.profile(CostFixture.llama8B, rules: .native, in: profiles)
    for batch in [[(1, 10)], [(10, 0)], [(512, 700), (1, 99)], [(2048, 8000)]] {
      let shape = CostFixture.shape(batch.map { (new: $0.0, computed: $0.1) })
      #expect(reference.iterationTime(shape) == native.iterationTime(shape))
    }
  }

  @Test(
    arguments: [
      ("Llama-3.1-8B", "llama-3.1-8b", CostFixture.llama8B, 1),
      ("Qwen3-32B", "qwen3-32b", CostFixture.qwen32B, 2),
    ])
  func replayOfABenchmarkRunIsExact(
    run: String, workload: String, model: ModelSpec, tpSize: Int
  ) throws {
    let data = try #require(CostFixture.data) + "/llmservingsim"
    let cost = try CostFixture.profile(
      model, tpSize: tpSize, rules: .reference, in: data + "/profiler/perf")
    let requests = try ReplayRequest.read(
      workload: "\(data)/workloads/sharegpt-\(workload)-300-sps10.jsonl",
      ends: "\(data)/bench/examples/RTXPRO6000/\(run)/outputs/sim.csv")
    try #require(requests.count == 300)
    let ends = ReplayRequest.replay(requests, cost: cost)
    let wrong = zip(requests, ends).filter { $0.end != $1 }
    #expect(wrong.isEmpty, "\(wrong.count) requests end at another nanosecond")
  }
}

/// A request of a published run, and a scheduler just large enough to replay it: one instance, first come first
/// served, 2,048 tokens and 128 requests an iteration, chunked prompts, running requests first, memory never full,
/// prompts that begin alike computed once.
private struct ReplayRequest {
  var input: Int
  var output: Int
  var arrival: Int64
  /// As published.
  var end: Int64
  /// Prompt and output.
  var tokens: [Int]

  private struct Line: Decodable {
    var input_toks: Int
    var output_toks: Int
    var arrival_time_ns: Int64
    var input_tok_ids: [Int]
    var output_tok_ids: [Int]
  }

  static func read(workload: String, ends: String) throws -> [ReplayRequest] {
    var endOf: [Int: Int64] = [:]
    let csv = try String(contentsOfFile: ends, encoding: .utf8)
    for row in csv.split(whereSeparator: \.isNewline).dropFirst() {
      let cells = row.split(separator: ",", maxSplits: 7)
      guard cells.count == 8, let id = Int(cells[1]), let end = Int64(cells[6]) else { continue }
      endOf[id] = end
    }
    let lines = try Data(contentsOf: URL(fileURLWithPath: workload)).split(separator: 0x0A)
    return try lines.enumerated().map { id, bytes in
      let line = try JSONDecoder().decode(Line.self, from: Data(bytes))
      return ReplayRequest(
        input: line.input_toks, output: line.output_toks, arrival: line.arrival_time_ns,
        end: endOf[id] ?? -1, tokens: line.input_tok_ids + line.output_tok_ids)
    }
  }

  static func replay(_ requests: [ReplayRequest], cost: ProfileCost) -> [Int64] {
    var ends = requests.map { _ in Int64(0) }
    var running: [(request: Int, computed: Int, reached: Int)] = []
    var known: Set<ArraySlice<Int>> = []
    var next = 0
    var now = requests[0].arrival
    while next < requests.count || !running.isEmpty {
      var budget = 2048
      var batch: [(new: Int, computed: Int)] = []
      var scheduled: [Int] = []
      func take(_ i: Int) {
        let (request, computed, reached) = running[i]
        let new = min(budget, reached - computed)
        batch.append((new, computed))
        scheduled.append(i)
        running[i].computed += new
        budget -= new
        // A full block of 16 tokens, with all that stands before it, is known once it is scheduled.
        for block in computed / 16..<(computed + new) / 16 {
          known.insert(requests[request].tokens[..<((block + 1) * 16)])
        }
      }
      for i in running.indices where budget > 0 { take(i) }
      while next < requests.count, budget > 0, running.count < 128, requests[next].arrival <= now {
        let request = requests[next]
        var hit = 0
        while hit + 16 <= request.input - 1, known.contains(request.tokens[..<(hit + 16)]) {
          hit += 16
        }
        running.append((next, hit, request.input))
        next += 1
        take(running.count - 1)
      }
      if batch.isEmpty {
        now = requests[next].arrival
        continue
      }
      now += cost.iterationTime(CostFixture.shape(batch)).nanoseconds
      for i in scheduled where running[i].computed >= running[i].reached {
        running[i].reached += 1
        let request = requests[running[i].request]
        if running[i].reached >= request.input + request.output { ends[running[i].request] = now }
      }
      running.removeAll {
        let request = requests[$0.request]
        return $0.reached >= request.input + request.output
      }
    }
    return ends
  }
}
