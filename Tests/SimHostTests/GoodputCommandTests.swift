import Foundation
import Testing

/// `simhost goodput`: the highest rate that keeps the objectives.
@Suite struct GoodputCommandTests {
  private static let quick = ["--num-reqs", "60", "--seeds", "5", "--precision", "5%"]

  /// The rate of each seed of each candidate.
  private static func rates(_ arguments: [String]) throws -> [[Double]] {
    let run = try Program.run(["goodput", "--json"] + quick + arguments)
    #expect(run.exitCode == 0, "\(run.errors)")
    let document = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
    let candidates = try #require((document as? [String: Any])?["candidates"] as? [[String: Any]])
    return try candidates.map { candidate in
      let seeds = try #require(candidate["seeds"] as? [[String: Any]])
      return try seeds.map { seed in
        #expect(try #require(seed["share"] as? Double) >= 0.9)
        return try #require(seed["rate"] as? Double)
      }
    }
  }

  @Test func looserObjectivesBearMore() throws {
    let tight = try Self.rates(["--slo", "ttft=150ms"])[0]
    let loose = try Self.rates(["--slo", "ttft=600ms"])[0]
    for (seed, (less, more)) in zip(tight, loose).enumerated() {
      #expect(less > 0.1 && less < more, "seed \(seed)")
    }
  }

  @Test func moreInstancesBearMoreAndWorkersChangeNothing() throws {
    let slo = ["--slo", "ttft=300ms,tpot=40ms", "policies/least_kv.lua", "policies/random.lua"]
    let small = try Self.rates(slo)
    let cluster = ["--cluster-config", "configs/cluster/single_node_4p4d.json"]
    let large = try Self.rates(slo + cluster)
    #expect(small.count == 2 && small[0] == small[1])  // One instance of a kind: nothing to choose.
    for (less, more) in zip(small[0], large[0]) { #expect(less < more) }
    #expect(try Self.rates(slo + cluster + ["--workers", "1"]) == large)
  }

  /// A split is the cluster whose file has those roles.
  @Test func splitsAreSearchedEach() throws {
    let slo = ["--slo", "ttft=300ms,tpot=40ms"]
    let splits = try Self.rates(slo + ["--split", "1:1..2:1,2M"])
    let files = try ["pd_instance", "2p1d", "colocated_pair"].map {
      try Self.rates(slo + ["--cluster-config", "configs/cluster/single_node_\($0).json"])[0]
    }
    #expect(splits == files)
    let table = try Program.run(
      ["goodput", "native", "policies/random.lua", "--split", "1:1,2:1", "--quiet"] + slo
        + Self.quick)
    #expect(table.exitCode == 0 && table.errors.isEmpty, "\(table.errors)")
    for name in ["native 1:1", "native 2:1", "random 1:1", "random 2:1 less native 1:1: "] {
      #expect(table.output.contains("\n\(name)"), "\(table.output)")
    }
    // With five seeds chance alone could have done it.
    #expect(table.output.contains("which takes 10 seeds or more"), "\(table.output)")
  }

  @Test func theTableSaysWhatLimits() throws {
    let run = try Program.run(["goodput", "--slo", "ttft=200ms", "--target", "95%"] + Self.quick)
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.output.hasPrefix("highest rate at which 95 % of requests keep ttft 200 ms\n"))
    #expect(run.output.contains("ttft (5)"))
    let never = try Program.run(["goodput", "--slo", "ttft=1us"] + Self.quick)
    #expect(never.output.contains("a request alone is too slow"))
  }

  @Test(
    arguments: [
      ([], 64), (["--slo", "ttft=1s", "--target", "120%"], 64), (["--slo", "ttft=400"], 2),
      (["--slo", "ttft=1s", "--split", "1:1,1:1"], 64), (["--slo", "ttft=1s", "--split", "x"], 64),
      (["--slo", "ttft=1s", "--precision", "0"], 64), (["--slo", "ttft=1s", "none.lua"], 3),
    ] as [([String], Int32)])
  func badInputIsRefused(_ arguments: [String], _ code: Int32) throws {
    let run = try Program.run(["goodput"] + arguments)
    #expect(run.exitCode == code, "\(run.errors)")
    #expect(run.output.isEmpty)
  }
}
