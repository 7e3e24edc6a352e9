import Foundation
import Testing

@testable import Engine
@testable import SimHost

/// `simhost tune`: finds what is there to be found, and does not take luck for it.
@Suite struct TuneCommandTests {
  /// Sends a share of the prompts to the first instance, whatever waits there.
  private static let policy = """
    return {
      api = 1,
      params = {
        share = { type = "number", default = 0.8, min = 0, max = 1 },
        unused = { type = "integer", default = 3, min = 1, max = 9 },
      },
      route = function(request, candidates, cluster)
        if (request.id * 7) % 100 < 100 * cluster.params.share then return candidates[1] end
        return cluster:argmin(candidates, "inflight")
      end,
    }
    """

  private static let loaded = [
    "--cluster-config", "configs/cluster/single_node_4p4d.json", "--dataset",
    "workloads/overload.jsonl", "--num-reqs", "120", "--seeds", "9",
  ]

  @Test func theKnownBestIsFound() throws {
    try Program.inFolder { folder in
      let file = "\(folder)/share.lua"
      try Self.policy.write(toFile: file, atomically: true, encoding: .utf8)
      let arguments =
        ["tune", file, "--maximize", "goodput", "--goodput", "ttft:100", "--points", "18"]
        + Self.loaded
      let run = try Program.run(arguments)
      #expect(run.exitCode == 0, "\(run.errors)")
      let best = try #require(run.output.firstMatch(of: #/Best: --param share=([0-9.]+) /#))
      #expect((Double(best.1) ?? 1) < 0.25, "\(run.output)")
      #expect(run.output.contains("Verdict: best is better than defaults"), "\(run.output)")
      #expect(run.output.contains("18 points on 1 sample "))
      #expect(run.output.contains("6 points on 3 samples"))
      #expect(run.output.contains("2 points on 9 samples"))
      #expect(try Program.run(arguments + ["--workers", "1"]).output == run.output)
      let json = try Program.run(arguments + ["--json", "--quiet"])
      #expect(json.exitCode == 0 && json.errors.isEmpty, "\(json.errors)")
      let document = try JSONSerialization.jsonObject(with: Data(json.output.utf8))
      let found = try #require(document as? [String: Any])
      #expect((found["best"] as? [String: Any])?["share"] as? String == String(best.1))
      #expect(found["better_than_defaults"] as? Bool == true)
      #expect((found["rounds"] as? [Any])?.count == 3 && found["comparisons"] != nil)
    }
  }

  /// A parameter that changes nothing: the defaults stay.
  @Test func nothingIsMadeOfNothing() throws {
    try Program.inFolder { folder in
      let file = "\(folder)/share.lua"
      try Self.policy.write(toFile: file, atomically: true, encoding: .utf8)
      let run = try Program.run(
        [
          "tune", file, "--minimize", "p99_ttft_ms", "--points", "9", "--set", "param.share=0.8",
        ] + Self.loaded)
      #expect(run.output.contains("The defaults are the best of 9 points."), "\(run.output)")
    }
  }

  @Test func pointsStayWithinWhatIsDeclared() throws {
    func parameter(
      _ name: String, _ value: PolicyParameter.Value, from low: Double? = nil,
      to high: Double? = nil, among choices: [String] = []
    ) -> PolicyParameter {
      PolicyParameter(
        name: name, value: value, minimum: low, maximum: high, choices: choices, help: "",
        file: "")
    }
    let parameters = [
      parameter("a", .number(2), from: 0), parameter("b", .integer(5), from: 1, to: 9),
      parameter("c", .string("x"), among: ["x", "y"]), parameter("d", .boolean(false)),
      parameter("free", .string("any")), parameter("e", .number(-3)), parameter("f", .number(0)),
    ]
    let plan = try TunePlan(parameters, given: [], count: 300, seed: 1)
    #expect(plan.points[0] == ["2.0", "5", "x", "false", "-3.0", "0.0"])
    #expect(plan.points.count == 300 && Set(plan.points).count == 300)
    for point in plan.points {
      #expect((0.2...20).contains(Double(point[0]) ?? -1), "\(point)")
      #expect((1...9).contains(Int(point[1]) ?? 0))
      #expect(["x", "y"].contains(point[2]) && ["true", "false"].contains(point[3]))
      #expect((-30 ... -0.3).contains(Double(point[4]) ?? 0))
      #expect((-10...10).contains(Double(point[5]) ?? 99))
    }
    // Every third point beyond the default: factors are drawn, not differences.
    #expect(plan.points.count { (Double($0[0]) ?? 0) < 2 } > 100)
  }

  @Test(arguments: [
    (["policies/least_kv.lua"], 64, "give --maximize or --minimize"),
    (["native", "--minimize", "mean_ttft_ms"], 64, "one policy to tune"),
    (["policies/least_kv.lua", "--maximize", "goodput"], 64, "say what a good request keeps"),
    (["policies/least_kv.lua", "--maximize", "speed"], 64, "expected goodput, mean_ttft_ms"),
    (["policies/round_robin.lua", "--minimize", "mean_ttft_ms"], 64, "declares no parameter"),
    (
      ["policies/least_kv.lua", "--minimize", "mean_ttft_ms", "--set", "rate=1"], 64,
      "tune varies parameters"
    ),
    (
      ["policies/least_kv.lua", "--minimize", "mean_ttft_ms", "--set", "param.x=1"], 64,
      "no such parameter"
    ),
  ])
  func badInputIsRefused(_ arguments: [String], _ code: Int32, _ message: String) throws {
    let run = try Program.run(["tune"] + arguments)
    #expect(run.exitCode == code, "\(run.errors)")
    #expect(run.errors.contains(message), "\(run.errors)")
  }
}
