import Foundation
import Testing

/// `simhost sweep --sqlite`: what the CSV says, read back with SQL.
@Suite struct SweepDatabaseTests {
  private static let sweep = [
    "sweep", "policies/least_kv.lua", "policies/random.lua", "--set", "rate=4,16", "--set",
    "split=1:1,2M", "--seeds", "3", "--num-reqs", "30",
  ]

  /// Runs a sweep with more flags into `s.csv` and `s.db` of a folder.
  private static func run(_ folder: String, _ more: [String] = [], through launcher: [String] = [])
    throws -> Program
  {
    try Program.run(
      sweep + ["-o", "\(folder)/s.csv", "--sqlite", "\(folder)/s.db"] + more, through: launcher)
  }

  private static func cells(_ path: String) throws -> [[String]] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\r\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }

  @Test func everyCellOfTheCSVIsInTheDatabase() throws {
    try Program.inFolder { folder in
      let run = try Self.run(folder)
      #expect(run.exitCode == 0, "\(run.errors)")
      let csv = try Self.cells("\(folder)/s.csv")
      let sql = try SQL("\(folder)/s.db")
      #expect(try sql.rows("PRAGMA integrity_check") == [["ok"]])
      let columns = try sql.rows("SELECT name, type FROM pragma_table_info('runs')")
      #expect(columns.map { $0[0] } == csv[0])
      let kinds = Dictionary(uniqueKeysWithValues: columns.map { ($0[0] ?? "", $0[1] ?? "") })
      for (name, kind) in [
        ("policy", "TEXT"), ("rate", "INTEGER"), ("split", "TEXT"), ("seed", "INTEGER"),
        ("completed", "INTEGER"), ("mean_ttft_ms", "REAL"), ("slo_share", "REAL"),
        ("bottleneck", "TEXT"),
      ] { #expect(kinds[name] == kind, "\(name)") }
      let rows = try sql.rows("SELECT * FROM runs ORDER BY rowid")
      #expect(rows.count == 2 * 2 * 2 * 3 && rows.count == csv.count - 1)
      for (row, wanted) in zip(rows, csv.dropFirst()) {
        for ((found, cell), name) in zip(zip(row, wanted), csv[0]) {
          switch kinds[name] {
          // SQL prints 15 digits of 17.
          case "REAL" where !cell.isEmpty:
            let (a, b) = (Double(found ?? "") ?? .nan, Double(cell) ?? .infinity)
            #expect(abs(a - b) <= 1e-14 * abs(b), "\(name)")
          default: #expect(found ?? "" == cell, "\(name)")
          }
        }
      }
      // The doubles themselves, to the last bit.
      let place = try #require(csv[0].firstIndex(of: "mean_ttft_ms"))
      for row in csv.dropFirst() {
        let same = try sql.rows(
          "SELECT count(*) FROM runs WHERE point = \(row[0]) AND seed = \(row[4]) AND mean_ttft_ms = \(row[place])"
        )
        #expect(same == [["1"]])
      }
    }
  }

  @Test func pointsAreMeansOverSeedsAndTheSweepIsNamed() throws {
    try Program.inFolder { folder in
      #expect(try Self.run(folder, ["--goodput", "ttft:100"]).exitCode == 0)
      let sql = try SQL("\(folder)/s.db")
      let points = try sql.rows(
        "SELECT policy, rate, split, seeds, round(p99_ttft_ms, 6) FROM points ORDER BY point")
      let means = try sql.rows(
        "SELECT policy, rate, split, count(*), round(avg(p99_ttft_ms), 6) FROM runs GROUP BY point ORDER BY point"
      )
      #expect(points == means && points.count == 8)
      #expect(points[0].prefix(4) == ["least_kv", "4", "1:1", "3"])
      let best = try sql.rows(
        "SELECT rate, split, max(request_goodput) FROM points WHERE policy = 'random' GROUP BY rate"
      )
      #expect(best.count == 2)
      let facts = try sql.rows("SELECT name, value FROM made_from")
      let names = Dictionary(uniqueKeysWithValues: facts.map { ($0[0] ?? "", $0[1] ?? "") })
      #expect(names["policies"] == "policies/least_kv.lua policies/random.lua")
      #expect(names["goodput"] == "ttft:100" && names["digest"]?.count == 64)
    }
  }

  @Test func equalSweepsHaveEqualBytesAndTheTableIsToBeHadAsJSON() throws {
    try Program.inFolder { folder in
      let names = ["a", "b"]
      for (name, workers) in zip(names, ["1", "3"]) {
        let run = try Program.run(
          Self.sweep + [
            "-o", "\(folder)/\(name).csv", "--sqlite", "\(folder)/\(name).db", "--workers", workers,
            "--json", "--quiet",
          ])
        #expect(run.exitCode == 0 && run.errors.isEmpty, "\(run.errors)")
        let json = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
        let document = try #require(json as? [String: Any])
        let points = try #require(document["points"] as? [[String: Any]])
        #expect(document["axes"] as? [String] == ["rate", "split"] && points.count == 8)
        #expect((points[0]["means"] as? [String: Any])?["mean_ttft_ms"] is Double)
      }
      let bytes = try names.map { try Data(contentsOf: URL(filePath: "\(folder)/\($0).db")) }
      #expect(bytes[0] == bytes[1])
    }
  }

  /// The CSV fits, the database does not: it is nowhere, and its runs are not lost.
  @Test func aDatabaseThatFindsNoRoomLeavesNothingHalf() throws {
    try Program.inFolder { folder in
      // 20 blocks of 512 bytes.
      let limit = ["sh", "-c", "ulimit -f 20; exec \"$0\" \"$@\""]
      let run = try Self.run(folder, ["--seeds", "1"], through: limit)
      #expect(run.exitCode == 2, "\(run.errors)")
      #expect(run.errors.contains("\(folder)/s.db"), "\(run.errors)")
      let left = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      #expect(left == ["s.csv", "s.csv.journal"])
      let again = try Self.run(folder, ["--seeds", "1"])
      #expect(again.exitCode == 0 && again.errors.contains("resuming: 8 of 8"), "\(again.errors)")
      #expect(try SQL("\(folder)/s.db").rows("SELECT count(*) FROM runs") == [["8"]])
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/s.csv.journal"))
    }
  }

  @Test(arguments: [
    ("/dev/full", 2, "no space is left"), ("FOLDER/s.csv", 2, "is asked for twice"),
    ("FOLDER/trace.jsonl", 2, "is an input of this run"), ("FOLDER", 2, "is a folder"),
    ("/proc/no/s.db", 2, "/proc/no/s.db"),
  ])
  func placesThatCannotBeWrittenAreErrors(_ path: String, _ code: Int32, _ message: String) throws {
    guard path != "/dev/full" || FileManager.default.fileExists(atPath: path) else { return }
    try Program.inFolder { folder in
      try FileManager.default.copyItem(
        atPath: "\(Program.root)/workloads/example_trace.jsonl", toPath: "\(folder)/trace.jsonl")
      let run = try Program.run([
        "sweep", "--seeds", "1", "--num-reqs", "10", "--dataset", "\(folder)/trace.jsonl", "-o",
        "\(folder)/s.csv", "--sqlite", path.replacingOccurrences(of: "FOLDER", with: folder),
      ])
      #expect(run.exitCode == code, "\(run.errors)")
      #expect(run.errors.contains(message), "\(run.errors)")
    }
  }

  /// SQLite takes `param.a` and `param.A` for one column.
  @Test func columnsThatDifferInCaseAreRefusedBeforeAnyRun() throws {
    try Program.inFolder { folder in
      let policy = """
        return { api = 1, params = { a = { type = "number", default = 1 }, A = { type = "number", default = 1 } } }
        """
      try policy.write(toFile: "\(folder)/p.lua", atomically: true, encoding: .utf8)
      let run = try Program.run([
        "sweep", "\(folder)/p.lua", "--set", "param.a=1,2", "--set", "param.A=1,2", "-o",
        "\(folder)/s.csv", "--sqlite", "\(folder)/s.db",
      ])
      #expect(run.exitCode == 64, "\(run.errors)")
      #expect(run.errors.contains("one name to SQLite"), "\(run.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["p.lua"])
    }
  }

  /// Names and values are data, whatever they hold.
  @Test func quotesInNamesStayText() throws {
    try Program.inFolder { folder in
      let name = "o'hara \"; DROP TABLE runs; --"
      try FileManager.default.copyItem(
        atPath: "\(Program.root)/policies/random.lua", toPath: "\(folder)/\(name).lua")
      let run = try Program.run([
        "sweep", "\(folder)/\(name).lua", "--seeds", "1", "--num-reqs", "10", "-o",
        "\(folder)/s.csv", "--sqlite", "\(folder)/s.db",
      ])
      #expect(run.exitCode == 0, "\(run.errors)")
      #expect(try SQL("\(folder)/s.db").rows("SELECT policy FROM runs") == [[name]])
    }
  }
}
