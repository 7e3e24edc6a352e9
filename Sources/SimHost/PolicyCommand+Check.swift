import ArgumentParser
import Engine
import Foundation

extension PolicyCommand {
  /// `simhost policy check`: tries a policy before it is trusted with a study.
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Load a policy, let it decide a thousand times on small clusters, and each time twice.",
      discussion: """
        Finds what goes wrong, what differs between two equal runs, parameters and hooks without use, and slow hooks. \
        Several files are checked together, as --policy takes them. Exit code 3 when something is wrong, 0 with remarks.

        EXAMPLES
          simhost policy check policies/least_kv.lua
          simhost policy check policies/power_of_two.lua --param choices=3
        """)

    @Argument(help: "Policy in Lua.") var files: [String]

    @Option(help: ArgumentHelp("As in a run; may be repeated.", valueName: "name=value"))
    var param: [String] = []

    /// Clusters and traces with something to decide for every hook: several instances of each kind, little memory; and how many
    /// requests or sessions of the trace.
    private static let setups = [
      ("single_node_4p4d", "shared_prefixes", 150), ("single_node_colocated_pair", "overload", 150),
      ("single_node_pd_instance", "overload", 150), ("single_node_4p4d", "agentic_sessions", 15),
    ]
    /// Calls of hooks after which a policy has been tried enough.
    private static let enough = 1000
    /// Host time of one call that makes a remark, in ns. guess: 1,000 calls a request would add a second to 100 requests.
    private static let slow = 100_000

    func run() throws {
      let resources = ResourceFolders()
      var calls: [String: (count: Int, nanoseconds: Int)] = [:]
      var hooks: [String] = []
      var decisions = 0
      var runs = 0
      for seed in 0..<4 as Range<UInt64> {
        for setup in Self.setups where seed == 0 || decisions < Self.enough {
          let scenario = try scenario(setup, seed: seed, resources)
          let first = try simulate(scenario, seed: seed, resources)
          let second = try simulate(scenario, seed: seed, resources)
          runs += 1
          guard first.trace == second.trace else {
            throw PolicyError(
              file: files[0],
              problem: "two equal runs on \(setup.0) and \(setup.1) with seed \(seed) differ",
              suggestion:
                "does it keep something that outlives a run, or depend on the order of calls?")
          }
          hooks = first.costs.map(\.hook)
          for cost in first.costs {
            calls[cost.hook, default: (0, 0)].count += cost.calls
            calls[cost.hook, default: (0, 0)].nanoseconds += cost.hostNanoseconds
            decisions += cost.calls
          }
        }
      }
      print(
        "\(decisions) calls of hooks in \(runs) small runs, each done twice with the same bytes")
      var remarks = try remarks(resources)
      for hook in hooks {
        let (count, nanoseconds) = calls[hook] ?? (0, 0)
        if count == 0 { remarks.append("\(hook) was never called here") }
        if count > 0, nanoseconds / count > Self.slow {
          remarks.append("\(hook) takes \(nanoseconds / count / 1000) µs of host time a call")
        }
      }
      for remark in remarks { print(ConsoleText.printable("remark: \(remark)")) }
      if remarks.isEmpty { print("no remarks") }
    }

    private func load(seed: UInt64, _ resources: ResourceFolders) throws -> LuaPolicy {
      var options = LuaPolicyOptions()
      options.seed = seed
      options.libraryFolder = resources.all("policies/lib").first
      options.version = SimHostCommand.version
      return try LuaPolicy.load(
        files: files.map(resources.file), parameters: try PolicyOptions.pairs(param),
        options: options)
    }

    /// What the text tells.
    private func remarks(_ resources: ResourceFolders) throws -> [String] {
      let policy = try load(seed: 0, resources)
      let text = policy.sources.compactMap { FileManager.default.contents(atPath: $0) }
        .map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
      return PolicySourceCheck(
        text: text, parameters: policy.descriptions.flatMap(\.parameters).map(\.name)
      ).findings
    }

    private func scenario(
      _ setup: (String, String, Int), seed: UInt64, _ resources: ResourceFolders
    ) throws -> Scenario {
      // Enough memory for the weights and a few requests.
      let memory = InstanceDefaults(limits: SchedulerLimits(), memoryUtilization: 0.25)
      let cluster = try ClusterSpec.load(
        path: resources.file("configs/cluster/\(setup.0).json"), defaults: memory,
        models: ModelCatalog(folders: resources.all("configs/model")))
      let costs = try CostSelection.models(
        for: cluster, hardware: HardwareCatalog(folders: resources.all("configs/hardware")),
        profileDirectory: nil)
      var reading = WorkloadLoadOptions()
      reading.limit = setup.2
      reading.seed = seed
      let workload = try Workload.load(
        path: resources.file("workloads/\(setup.1).jsonl"), options: reading)
      var options = RunOptions()
      options.seed = seed
      return Scenario(cluster: cluster, costs: costs, workload: workload, options: options)
    }

    private func simulate(_ scenario: Scenario, seed: UInt64, _ resources: ResourceFolders) throws
      -> (trace: [String], costs: [HookCost])
    {
      var policy = try load(seed: seed, resources)
      var observer = SilentObserver()
      let result = try Simulation.run(scenario, policy: &policy, observer: &observer)
      if let law = result.brokenLaw(injected: scenario.workload.requests.count) {
        throw SimulationError.brokenLaw(law)
      }
      return (result.records.map { "\($0)" } + [result.policyJSON ?? ""], policy.hookCosts)
    }
  }
}
