import Foundation
import Testing

@testable import Engine

@Suite struct OutputCSVTests {
  /// The law behind it: latency = end − arrival, TPOT = ⌊(latency − TTFT)/(output − 1)⌋.
  @Test func tableHasTheColumnsAndRowsOfLLMServingSim() {
    let text = LLMServingSimCSV(MetricsFixture.run, cluster: MetricsFixture.cluster).text
    // Request 2 ended on instance 0; the others on instance 1 in order of completion.
    #expect(
      text.split(separator: "\r\n", omittingEmptySubsequences: false) == [
        "instance id,request id,model,input,output,arrival,end_time,latency,queuing_delay,TTFT,TPOT,ITL",
        "0,2,test/model,20,1,300000000,320000000,20000000,0,20000000,0,\"[]\"",
        "1,0,test/model,40,3,100000000,250000000,150000000,10000000,50000000,50000000,"
          + "\"[40000000, 60000000]\"",
        "1,1,test/model,60,2,200000000,1370000000,1170000000,30000000,70000000,1100000000,"
          + "\"[1100000000]\"",
        "",
      ])
  }

  @Test func rowsOfOneInstanceAreInOrderOfCompletion() {
    for seed in 0..<50 as Range<UInt64> {
      let run = MetricsFixture.randomRun(seed: seed, requests: 50)
      let text = LLMServingSimCSV(run, cluster: MetricsFixture.cluster).text
      let rows = text.split(separator: "\r\n").dropFirst().map { $0.split(separator: ",") }
      #expect(rows.count == run.records.count { $0.outcome == .finished }, "seed \(seed)")
      let keys = rows.map { [Int($0[0])!, Int($0[6])!, Int($0[1])!] }
      let sorted = keys.sorted { $0.lexicographicallyPrecedes($1) }
      #expect(keys == sorted, "seed \(seed)")
    }
  }

  /// Files of the reference simulator, read into records and written again, are the same bytes.
  @Test(arguments: ["example_single_run", "example_pd_run", "example_dp_run"])
  func filesOfTheReferenceAreReproduced(_ name: String) throws {
    let root = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../..").standardized
    let data =
      ProcessInfo.processInfo.environment["SIMHOST_DATA"]
      ?? root.appendingPathComponent("../shared/data").standardized.path
    let file = "\(data)/llmservingsim/outputs/\(name).csv"
    guard FileManager.default.fileExists(atPath: file) else {
      print("skipped: \(file) is not there")
      return
    }
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let rows = text.split(separator: "\r\n").dropFirst().map(Row.init)
    var run = RunResult()
    run.gapStarts = [0]
    for row in rows.sorted(by: { $0.record.id < $1.record.id }) {
      run.records.append(row.record)
      run.gaps += row.gaps
      run.gapStarts.append(run.gaps.count)
    }
    var cluster = MetricsFixture.cluster
    let model = String(text.split(separator: "\r\n")[1].split(separator: ",")[2])
    for index in cluster.instances.indices { cluster.instances[index].model.name = model }
    #expect(LLMServingSimCSV(run, cluster: cluster).text == text)
  }

  private struct Row {
    var record = RequestRecord()
    var gaps: [Int64] = []

    init(_ line: Substring) {
      let fields = line.split(separator: ",", maxSplits: 11)
      func number(_ column: Int) -> Int64 { Int64(fields[column])! }
      record.prefillInstance = InstanceID(Int(number(0)))
      record.id = RequestID(Int(number(1)))
      record.promptTokens = Int32(number(3))
      record.outputTokens = Int32(number(4))
      record.arrival = SimTime(nanoseconds: number(5))
      record.end = SimTime(nanoseconds: number(6))
      record.prefillStart = record.arrival + SimDuration(nanoseconds: number(8))
      record.firstToken = record.arrival + SimDuration(nanoseconds: number(9))
      gaps = fields[11].split(whereSeparator: { !$0.isNumber }).map { Int64($0)! }
    }
  }

  @Test func integersAreWrittenInFull() {
    for value in [0, 9, 10, -1, 99, 100, 12345, .max, .min] as [Int64] {
      var sink = ByteSink()
      sink.write(value)
      #expect(sink.text == String(value))
    }
    var bound: Int64 = 1
    for _ in 0..<18 {
      bound *= 10
      for value in [bound - 1, bound, bound + 1] {
        var sink = ByteSink()
        sink.write(value)
        #expect(sink.text == String(value))
      }
    }
  }

  @Test func millisecondsOfAllLengthsAreExact() {
    var random = RandomStream(seed: 0, name: "digits")
    var bound: Int64 = 1
    for _ in 0..<18 {
      bound *= 10
      let within = (0..<50).map { _ in Int64(random.next() % UInt64(bound)) }
      for value in [bound - 1, bound, bound + 1] + within {
        var sink = ByteSink()
        sink.write(milliseconds: value)
        let part = String(value % 1_000_000)
        let zeros = String(repeating: "0", count: 6 - part.count)
        #expect(sink.text == "\(value / 1_000_000).\(zeros)\(part)")
      }
    }
  }

  @Test(arguments: [
    (0, "0.000000"), (1, "0.000001"), (999_999, "0.999999"), (1_000_000, "1.000000"),
    (1_234_567, "1.234567"), (-1_500_000, "-1.500000"),
    (Int64.max, "9223372036854.775807"), (Int64.min, "-9223372036854.775808"),
  ])
  func millisecondsAreExact(_ nanoseconds: Int64, _ text: String) {
    var sink = ByteSink()
    sink.write(milliseconds: nanoseconds)
    #expect(sink.text == text)
  }
}
