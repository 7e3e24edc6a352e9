import Foundation
import Testing

/// `simhost sweep`: every combination once, whatever interrupts it.
@Suite struct SweepCommandTests {
  private static func sweep(_ output: String, _ more: [String] = []) -> [String] {
    [
      "sweep", "policies/least_kv.lua", "policies/random.lua", "--set", "rate=4,16", "--set",
      "max-num-seqs=8:40:8", "--seeds", "3", "--num-reqs", "40", "-o", output,
    ] + more
  }

  private static func text(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }

  /// Numbers of the runs in a journal, in the order in which they were written.
  private static func runs(_ journal: String) -> [Int] {
    guard let text = try? String(contentsOfFile: journal, encoding: .utf8) else { return [] }
    return text.split(separator: "\n").dropFirst().compactMap { line in
      let parts = line.split(separator: " ", maxSplits: 2)
      return parts.count == 3 ? Int(parts[1]) : nil
    }
  }

  @Test func aGridHasARowForEachRun() throws {
    try Program.inFolder { folder in
      let file = "\(folder)/deep/sweep.csv"
      let run = try Program.run(Self.sweep(file))
      #expect(run.exitCode == 0, "\(run.errors)")
      let rows = try Self.text(file).split(separator: "\r\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false)
      }
      #expect(rows.count == 1 + 2 * 2 * 5 * 3)
      #expect(rows[0].prefix(5) == ["point", "policy", "rate", "max-num-seqs", "seed"])
      #expect(rows[1].prefix(5) == ["0", "least_kv", "4", "8", "0"])
      #expect(rows[60].prefix(5) == ["19", "random", "16", "40", "2"])
      #expect(rows.allSatisfy { $0.count == rows[0].count })
      // The row is that of a run of its own.
      let place = try #require(rows[0].firstIndex(of: "completed"))
      #expect(rows.dropFirst().allSatisfy { $0[place] == "40" })
      // Nothing else is left there.
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: "\(folder)/deep") == ["sweep.csv"])
    }
  }

  /// A split is the cluster whose file has those roles; a table tells of each.
  @Test func splitsAreClustersWithOtherRoles() throws {
    try Program.inFolder { folder in
      let common = [
        "--seeds", "1", "--dataset", "workloads/bursty_long_prompts.jsonl", "--goodput",
        "ttft:500 tpot:20",
      ]
      func rows(_ axis: String, _ cluster: String) throws -> (table: String, rows: [[String]]) {
        let run = try Program.run(
          ["sweep", "--set", axis, "-o", "\(folder)/s.csv", "--cluster-config", cluster] + common)
        #expect(run.exitCode == 0, "\(run.errors)")
        let lines = try Self.text("\(folder)/s.csv").split(separator: "\r\n").dropFirst()
        return (run.output, lines.map { $0.split(separator: ",").map(String.init) })
      }
      let one = "configs/cluster/single_node_pd_instance.json"
      let (table, splits) = try rows("split=1:1..2:1,2M", one)
      let files = try rows(
        "cluster=\(one),configs/cluster/single_node_2p1d.json,"
          + "configs/cluster/single_node_colocated_pair.json", one
      ).rows
      #expect(splits.map { $0[2] } == ["1:1", "2:1", "2M"])
      #expect(splits.map { $0.dropFirst(3) } == files.map { $0.dropFirst(3) })
      #expect(table.contains("split   TTFT mean"), "\(table)")
      #expect(table.contains("* most goodput"), "\(table)")
    }
  }

  @Test func acceleratorsAndLengthsAreAxes() throws {
    try Program.inFolder { folder in
      let run = try Program.run([
        "sweep", "--seeds", "1", "--num-reqs", "20", "--set", "decode-hardware=H100,RTXPRO6000",
        "--set", "prompt-scale=0.5,1", "--set", "output-scale=2", "-o", "\(folder)/s.csv",
      ])
      #expect(run.exitCode == 0, "\(run.errors)")
      let rows = try Self.text("\(folder)/s.csv").split(separator: "\r\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
      func column(_ name: String) throws -> [Double] {
        let place = try #require(rows[0].firstIndex(of: name))
        return rows.dropFirst().compactMap { Double($0[place]) }
      }
      let (prompts, tpot) = (try column("total_input_tokens"), try column("mean_tpot_ms"))
      #expect(abs(prompts[0] * 2 - prompts[1]) <= 20)
      // An H100 decodes faster, whatever the prompts.
      #expect(tpot[0] < tpot[2] && tpot[1] < tpot[3])
    }
  }

  /// The same run, judged by stricter and by looser objectives.
  @Test func objectivesAreScaled() throws {
    try Program.inFolder { folder in
      let run = try Program.run([
        "sweep", "--seeds", "1", "--num-reqs", "60", "--goodput", "ttft:40 tpot:13", "--set",
        "slo-scale=0.5,1,2,10", "-o", "\(folder)/s.csv",
      ])
      #expect(run.exitCode == 0, "\(run.errors)")
      let rows = try Self.text("\(folder)/s.csv").split(separator: "\r\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
      func column(_ name: String) throws -> [Double] {
        let place = try #require(rows[0].firstIndex(of: name))
        return rows.dropFirst().compactMap { Double($0[place]) }
      }
      let shares = try column("slo_share")
      #expect(shares == shares.sorted() && shares[0] < 0.1 && shares[3] == 1, "\(shares)")
      #expect(Set(try column("mean_ttft_ms")).count == 1)
    }
  }

  @Test func aSweepKilledTwentyTimesGivesTheSameBytes() throws {
    try Program.inFolder { folder in
      let whole = "\(folder)/whole.csv"
      let database = "\(folder)/killed.db"
      let first = try Program.run(Self.sweep(whole, ["--sqlite", "\(folder)/whole.db"]))
      #expect(first.exitCode == 0, "\(first.errors)")
      let file = "\(folder)/killed.csv"
      let journal = file + ".journal"
      let runs = 60
      var random = SystemRandomNumberGenerator()
      var before: [Int] = []
      for kill in 1...20 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Program.binary)
        process.arguments = Self.sweep(file, ["--workers", "2", "--sqlite", database])
        process.currentDirectoryURL = URL(fileURLWithPath: Program.root)
        process.standardError = FileHandle.nullDevice
        try process.run()
        // Some runs further, and a while that may end in the middle of a write.
        let target = kill * runs / 22
        let deadline = Date(timeIntervalSinceNow: 60)
        while Self.runs(journal).count < target, process.isRunning, Date() < deadline {
          usleep(1000)
        }
        usleep(.random(in: 0..<5000, using: &random))
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        if FileManager.default.fileExists(atPath: file) {
          // On a busy machine it can be done before it is killed: it begins anew.
          #expect(try Self.text(file) == Self.text(whole))
          for path in [file, journal, database] {
            try? FileManager.default.removeItem(atPath: path)
          }
          before = []
          continue
        }
        let after = Self.runs(journal)
        if process.terminationReason == .uncaughtSignal {
          // A line that was cut short is the last one, and no run of before is done again.
          #expect(after.prefix(before.count) == before[...], "kill \(kill)")
          #expect(Set(after.dropLast()).count == max(0, after.count - 1))
        }
        before = after
        let text = try Self.text(journal)
        if !text.hasSuffix("\n") { before = before.dropLast() }
      }
      let last = try Program.run(Self.sweep(file, ["--sqlite", database]))
      #expect(last.exitCode == 0, "\(last.errors)")
      #expect(before.isEmpty || last.errors.contains("resuming: "))
      #expect(try Self.text(file) == Self.text(whole))
      let databases = try [database, "\(folder)/whole.db"].map {
        try Data(contentsOf: URL(filePath: $0))
      }
      #expect(databases[0] == databases[1] && databases[0].count > 10_000)
      #expect(!FileManager.default.fileExists(atPath: journal))
    }
  }

  @Test func brokenLinesAreDoneAgainAndOtherJournalsRefused() throws {
    try Program.inFolder { folder in
      let whole = "\(folder)/whole.csv"
      let small = ["--workers", "1", "--set", "param.headroom=0.1"]
      func sweep(_ file: String, _ more: [String] = []) -> [String] {
        [
          "sweep", "policies/least_kv.lua", "--seeds", "4", "--num-reqs", "20", "-o", file,
        ] + small + more
      }
      #expect(try Program.run(sweep(whole)).exitCode == 0)
      // A run with a wrong checksum, and a line that was cut short.
      let file = "\(folder)/other.csv"
      let journal = file + ".journal"
      let header = try Self.journal(of: sweep(file), journal)
      try (header + "0123 1 a,b\nabc").write(toFile: journal, atomically: true, encoding: .utf8)
      let again = try Program.run(sweep(file))
      #expect(again.exitCode == 0, "\(again.errors)")
      #expect(try Self.text(file) == Self.text(whole))

      try header.write(toFile: journal, atomically: true, encoding: .utf8)
      let refused = try Program.run(sweep(file, ["--seed", "5"]))
      #expect(refused.exitCode == 2)
      #expect(refused.errors.contains("journal of another sweep"), "\(refused.errors)")
      #expect(try Self.text(journal) == header)
    }
  }

  /// The first line of a sweep's journal: what is there when it is killed at once. A sweep that was done before is begun anew.
  private static func journal(of arguments: [String], _ path: String) throws -> String {
    let file = String(path.dropLast(".journal".count))
    for _ in 0..<200 {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: Program.binary)
      process.arguments = arguments
      process.currentDirectoryURL = URL(fileURLWithPath: Program.root)
      process.standardError = FileHandle.nullDevice
      try process.run()
      while process.isRunning, (try? text(path))?.contains("\n") != true { usleep(200) }
      Foundation.kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      if let line = try? text(path).split(separator: "\n").first { return "\(line)\n" }
      try? FileManager.default.removeItem(atPath: file)
    }
    return try #require(nil, "was done each time before it could be killed")
  }

  @Test func randomPointsStayWithinTheirRanges() throws {
    try Program.inFolder { folder in
      let arguments = [
        "sweep", "--random", "12", "--set", "rate=2.0:9.0", "--set",
        "max-num-batched-tokens=256:4096", "--num-reqs", "10", "--seeds", "1",
      ]
      let files = ["\(folder)/a.csv", "\(folder)/b.csv"]
      for (file, workers) in zip(files, ["1", "4"]) {
        let run = try Program.run(arguments + ["-o", file, "--workers", workers])
        #expect(run.exitCode == 0, "\(run.errors)")
      }
      #expect(try Self.text(files[0]) == Self.text(files[1]))
      for row in try Self.text(files[0]).split(separator: "\r\n").dropFirst() {
        let cells = row.split(separator: ",")
        #expect((2...9).contains(Double(cells[2]) ?? 0))
        #expect((256...4096).contains(Int(cells[3]) ?? 0))
      }
    }
  }

  @Test(arguments: [
    (["--set", "speed=1"], 64, "cannot be varied"), (["--set", "rate=1,,2"], 64, "is empty"),
    (["--set", "rate=0"], 64, "requests a second"),
    (["--set", "rate=5:1:1"], 64, "low below high"),
    (["--set", "rate=1:5"], 64, "needs values or a step"),
    (["--set", "rate=1", "--set", "rate=2"], 64, "given twice"),
    (["--set", "max-num-seqs=a"], 64, "whole number"),
    (["--set", "max-num-seqs=-1"], 64, "whole number"),
    (["--set", "cluster=none.json"], 2, "none.json"),
    (["policies/least_kv.lua", "--set", "param.headroom=0,9"], 3, "headroom"),
    (["--set", "dataset=none.jsonl"], 2, "none.jsonl"),
    (["--set", "split=3"], 64, "prefill:decode"), (["--set", "split=1:2,1:1..1:2"], 64, "twice"),
    (["--set", "hardware=H99"], 2, "no data sheet"),
    (["--set", "prompt-scale=0"], 64, "expected a factor"),
    (["--set", "slo-scale=2"], 64, "which is missing"),
    (
      ["--cluster-config", "configs/cluster/heterogeneous.json", "--set", "split=5:5"], 2,
      "not alike"
    ),
  ])
  func badInputIsRefused(_ arguments: [String], _ code: Int32, _ message: String) throws {
    try Program.inFolder { folder in
      let run = try Program.run(["sweep", "-o", "\(folder)/sweep.csv"] + arguments)
      #expect(run.exitCode == code, "\(run.errors)")
      #expect(run.errors.contains(message), "\(run.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }
  }
}
