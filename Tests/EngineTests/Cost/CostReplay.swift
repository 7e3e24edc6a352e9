import Foundation

@testable import Engine

/// A request of a published run, and a scheduler just large enough to replay it: one instance, first come first
/// served, 2,048 tokens and 128 requests an iteration, chunked prompts, running requests first, memory never full,
/// prompts that begin alike computed once.
struct ReplayRequest {
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

  static func replay(_ requests: [ReplayRequest], cost: some CostModel) -> [Int64] {
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
