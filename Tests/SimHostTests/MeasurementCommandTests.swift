import Foundation
import Testing

/// `--warmup` and `--cooldown`: statistics of the requests in the middle, books of all.
@Suite struct MeasurementCommandTests {
  private static func json(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test func requestsAtBothEndsAreLeftOut() throws {
    let run = try Program.run(["--warmup", "20", "--cooldown", "5s", "--json"])
    #expect(run.exitCode == 0, "\(run.errors)")
    let json = try Self.json(run.output)
    let measurement = try #require(json["measurement"] as? [String: Any])
    let measured = try #require(measurement["requests"] as? Int)
    #expect(measurement["warmup"] as? String == "20 requests")
    #expect(measured < 280 && measured > 200)
    #expect(measurement["left_out"] as? Int == 300 - measured)
    #expect(json["num_prompts"] as? Int == measured)
    #expect((json["conservation"] as? [String: Int])?["injected"] == 300)
    #expect((json["backlog"] as? [String: Any])?["saturated"] as? Bool == false)
    #expect(json["p99.9_ttft_ms"] is NSNull && json["p99.9_itl_ms"] is Double)
    // What runs are made of is the same: a window changes no moment of any request.
    try Program.inFolder { folder in
      var files: [Data] = []
      for more in [[], ["--warmup", "20"], ["--warmup", "20", "--step-by-step"]] {
        let file = "\(folder)/\(files.count).csv"
        let wide = ["--output", file, "--output-format", "wide"] + more
        #expect(try Program.run(wide).exitCode == 0)
        files.append(try Data(contentsOf: URL(filePath: file)))
      }
      #expect(files[0] == files[1] && files[1] == files[2])
    }
  }

  @Test func experimentsMeasureAlike() throws {
    try Program.inFolder { folder in
      let file = "\(folder)/sweep.csv"
      let run = try Program.run([
        "sweep", "--seeds", "1", "--num-reqs", "60", "--warmup", "10", "--cooldown", "10", "-o",
        file,
      ])
      #expect(run.exitCode == 0, "\(run.errors)")
      let rows = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\r\n")
        .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
      let place = try #require(rows[0].firstIndex(of: "num_prompts"))
      #expect(rows[1][place] == "40")
    }
    let goodput = try Program.run([
      "goodput", "--slo", "ttft=400ms", "--seeds", "2", "--num-reqs", "60", "--precision", "20%",
      "--warmup", "10",
    ])
    #expect(goodput.exitCode == 0, "\(goodput.errors)")
  }

  @Test func whatLeavesNothingIsRefused() throws {
    let nothing = try Program.run(["--warmup", "300"])
    #expect(nothing.exitCode == 2)
    #expect(nothing.errors.contains("leave none of 300 requests"), "\(nothing.errors)")
    let unread = try Program.run(["--warmup", "soon"])
    #expect(unread.exitCode == 64)
    #expect(unread.errors.contains("expected seconds"), "\(unread.errors)")
  }

  @Test func classesAndTenantsAreToldAndWritten() throws {
    try Program.inFolder { folder in
      let trace = "\(folder)/kinds.jsonl"
      let made = try Program.run([
        "workload", "generate", "--rate", "5", "--num-reqs", "120", "--output", trace, "--kind",
        "3*tenant=a,class=chat,ttft_slo_s=0.05", "--kind", "1*tenant=b,class=batch,deadline_s=60",
      ])
      #expect(made.exitCode == 0, "\(made.errors)")
      let run = try Program.run(["--dataset", trace, "--quiet"])
      #expect(run.output.contains("class           requests   TTFT p99"), "\(run.output)")
      #expect(run.output.contains("\nchat"), "\(run.output)")
      #expect(run.output.contains("fairness"), "\(run.output)")
      let json = try Self.json(Program.run(["--dataset", trace, "--json"]).output)
      let classes = try #require(json["classes"] as? [[String: Any]])
      #expect(classes.map { $0["class"] as? String } == ["batch", "chat"])
      #expect(classes.map { $0["ttft_slo_ms"] as? Double } == [nil, 50])
      #expect(classes[0]["slo_share"] as? Double == 1)
      #expect(classes.reduce(0) { $0 + ($1["requests"] as? Int ?? 0) } == 120)
      let tenants = try #require(json["tenants"] as? [[String: Any]])
      #expect(tenants.map { $0["tenant"] as? String } == ["a", "b"])
      #expect(json["fairness"] is Double)
    }
  }
}
