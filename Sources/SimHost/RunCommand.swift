import ArgumentParser
import Engine
import Foundation

/// `simhost [run]`: simulates a workload on a cluster.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Simulate a workload on a cluster (the default).",
    discussion: """
      EXAMPLES
        simhost --policy policies/least_kv.lua
        simhost --policy policies/least_kv.lua --param headroom=0.1 --log-interval 10
        simhost --cluster-config configs/cluster/single_node_2p1d.json \\
          --dataset workloads/bursty_long_prompts.jsonl --output outputs/run.csv

      Paths are looked up in the working folder, then among the files that come with simhost.
      Exit codes: 0 done, 1 internal error, 2 a wrong input or output file, 3 the policy, 64 the command line.
      """)

  @Option(help: ArgumentHelp("Cluster to simulate.", valueName: "file"))
  var clusterConfig = "configs/cluster/single_node_pd_instance.json"

  @Option(
    help: ArgumentHelp(
      "Trace: JSONL of LLMServingSim, Mooncake or Bailian, CSV of Azure, BurstGPT, Vidur or Splitwise; gzip too.",
      valueName: "file"))
  var dataset = "workloads/example_trace.jsonl"

  @Option(help: "Read only this many requests or sessions.")
  var numReqs: Int?

  @Flag(help: "Sort the trace by arrival instead of refusing one that is not in order.")
  var sortArrivals = false

  @Option(help: "Seed of all that is random: the policy's dice, drawn arrivals.")
  var seed: UInt64 = 0

  @OptionGroup(title: "Many seeds") var seedOptions: SeedOptions
  @OptionGroup var clusterOptions: ClusterOptions
  @OptionGroup(title: "Policy") var policyOptions: PolicyOptions
  @OptionGroup(title: "Compatibility") var compat: CompatOptions
  @OptionGroup(title: "Measurement") var measurement: MeasurementOptions
  @OptionGroup(title: "Output") var outputs: OutputOptions
  @OptionGroup(title: "Trace") var traceOptions: TraceOptions
  @OptionGroup(title: "Decisions") var decisionOptions: DecisionOptions

  @OptionGroup(title: "Faults") var faultOptions: FaultOptions

  @Option(help: "Who gives the first token of a request that is handed over: prefill or decode.")
  var firstToken = FirstTokenSide.prefill

  @Flag(help: "Advance one iteration and one request at a time: slow, the same bytes.")
  var stepByStep = false

  @Flag(help: "Verify the KV books after every instant.")
  var check = false

  func validate() throws {
    try compat.check(
      profileFolder: clusterOptions.profileFolder, policies: policyOptions, stepByStep: stepByStep)
    if compat.compat != nil, firstToken == .decode {
      throw ValidationError(
        "--first-token decode cannot be combined with --compat llmservingsim, whose first token is the prefill side's"
      )
    }
    if compat.compat != nil, !faultOptions.isEmpty {
      throw ValidationError("faults cannot be combined with --compat llmservingsim, which has none")
    }
    if compat.compat != nil, seedOptions.seeds != nil {
      throw ValidationError("--seeds cannot be combined with --compat llmservingsim")
    }
    if outputs.json, seedOptions.seeds != nil {
      throw ValidationError("--json is of one run: simhost compare and sweep take many seeds")
    }
    if traceOptions.trace != nil, compat.compat != nil || seedOptions.seeds != nil {
      throw ValidationError("--trace is of one native run: leave out --compat and --seeds")
    }
    if decisionOptions.isAsked, compat.compat != nil || seedOptions.seeds != nil {
      throw ValidationError(
        "--decisions and --regret are about one native run: leave out --compat and --seeds")
    }
  }

  func run() throws {
    let console = Console(level: outputs.level)
    let report = ConsoleReport(style: console.outputStyle, width: console.width)
    let resources = ResourceFolders()
    let inputs =
      [clusterConfig, dataset].map(resources.file)
      + (policyOptions.policy + [faultOptions.faults].compactMap { $0 }).map(resources.file)
    if let count = seedOptions.seeds {
      try runSeeds(count, console: console, resources: resources, inputs: inputs)
      return
    }
    // What can go wrong at the end should go wrong at the start.
    let paths = outputs.paths + [decisionOptions.decisions, traceOptions.trace].compactMap { $0 }
    try OutputFile.check(paths, inputs: inputs)

    var scenario = try scenario(resources)
    let policy = try policyOptions.load(seed: seed, resources: resources, console: console)
    let startup = ConsoleReport(style: console.errorStyle, width: console.width)
    if console.level >= .info {
      console.text(startup.startup(describe(scenario, policy)))
    }
    if clusterOptions.profileFolder == nil, ProfileCache().hasAll(of: scenario.cluster.instances) {
      console.info("the cache has measured profiles of this cluster: --cached-profiles uses them")
    }

    let trace = try traceOptions.open(scenario.cluster, inputs: inputs)
    let table =
      compat.compat == nil ? try outputs.table(of: &scenario, policy, inputs: inputs) : nil
    var observer = TerminalObserver(
      console: console, interval: scenario.options.logInterval ?? .zero, trace: trace, table: table)
    var finished: FinishedRun
    var hookCosts: [HookCost] = []
    let recorder = decisionOptions.recorder
    if compat.compat != nil {
      finished = try finish(
        scenario, ReferenceSimulation.run(scenario, routing: compat.routing, observer: observer),
        nil)
      finished.queueingEnd = .lastChunk
    } else if let recorder {
      let result = try recorder.run(scenario, policy, observer: &observer, inputs: inputs)
      hookCosts = policy?.hookCosts ?? []
      finished = try finish(scenario, result, policy)
    } else if var policy {
      let result = try Simulation.run(scenario, policy: &policy, observer: &observer)
      hookCosts = policy.hookCosts
      finished = try finish(scenario, result, policy)
    } else {
      var native = NativePolicy()
      finished = try finish(
        scenario, Simulation.run(scenario, policy: &native, observer: &observer), nil)
    }
    let injected = scenario.workload.requests.count
    if let law = finished.result.brokenLaw(injected: injected) {
      throw SimulationError.brokenLaw(law)
    }

    try trace?.finish(finished.result)
    try outputs.save(finished, inputs: inputs, table: table)
    if outputs.json {
      let summary = SummaryJSON(
        finished.summary, description: finished.description, result: finished.result)
      console.result(String(summary.text.dropLast()))
    } else {
      console.result(report.final(finished.summary, finished.description, hookCosts: hookCosts))
      for table in [report.classes(finished.summary), report.tenants(finished.summary)] {
        if let table { console.result("\n" + table) }
      }
    }
    if let drift = finished.summary.backlog, drift.isSaturated {
      console.warning(
        "the backlog grows by \(ConsoleText.fixed(drift.slope, 2)) requests a second, "
          + "\(ConsoleText.percent(drift.share)) of the arrivals: latencies say how long the trace is"
      )
    }
    if decisionOptions.regret, let recorder { console.result(recorder.regret.text(report)) }
    for path in paths { console.info("wrote \(path)") }
    if let failure = console.failure { throw failure }
  }

  func scenario(_ resources: ResourceFolders) throws -> Scenario {
    var reading = WorkloadLoadOptions()
    reading.limit = numReqs
    reading.sortArrivals = sortArrivals
    reading.seed = seed
    let workload = try Workload.load(path: resources.file(dataset), options: reading)
    var options = RunOptions()
    options.seed = seed
    if let seconds = outputs.logInterval, seconds > 0 {
      options.logInterval = SimDuration(nanoseconds: Int64((seconds * 1e9).rounded()))
    }
    // The trace tells of every iteration, so that none may be passed over; the results are the same.
    options.stepByStep = stepByStep || traceOptions.trace != nil
    options.check = check
    options.firstToken = firstToken
    options.predictor = policyOptions.predictor
    options.viewLag = policyOptions.viewLag
    options.keepGaps = outputs.needsGaps
    options.keepRecords = outputs.needsRecords || traceOptions.trace != nil
    options.measure(measurement.window)
    options.seriesMoments = outputs.seriesMoments
    options.targets = try outputs.targets
    if compat.compat != nil, let profiles = clusterOptions.profileFolder {
      let cluster = try clusterOptions.cluster(clusterConfig, resources)
      try compat.check(cluster)
      return try ReferenceSimulation.scenario(
        cluster: cluster, profileDirectory: profiles, workload: workload, options: options)
    }
    let (cluster, costs) = try clusterOptions.load(clusterConfig, resources)
    options.faults = try faultOptions.plan(cluster, resources)
    return Scenario(cluster: cluster, costs: costs, workload: workload, options: options)
  }

  func finish(
    _ scenario: Scenario, _ result: RunResult, _ policy: LuaPolicy?
  ) throws -> FinishedRun {
    var description = describe(scenario, policy)
    description.policy.table = result.policyJSON
    description.arguments = RerunCommand.arguments(
      of: Array(CommandLine.arguments.dropFirst()), seed: scenario.options.seed)
    return FinishedRun(
      scenario: scenario, result: result, summary: try RunSummary(result, of: scenario),
      description: description)
  }

  private func describe(_ scenario: Scenario, _ policy: LuaPolicy?) -> RunDescription {
    RunDescription(
      scenario,
      policy: policy.map(PolicyDescription.init)
        ?? (compat.compat == nil ? PolicyDescription(name: "native") : compat.description),
      notes: scenario.workload.notes + policyOptions.notes + measurement.notes)
  }
}

extension SourceFile {
  /// The file as it is now.
  init(reading path: String) {
    let bytes = try? Data(contentsOf: URL(fileURLWithPath: path))
    self.init(path: path, sha256: bytes.map { SHA256.hexadecimal($0) } ?? "")
  }
}

extension PolicyDescription {
  /// All files of a policy as one.
  init(_ policy: LuaPolicy) {
    let files = policy.descriptions
    self.init(
      name: files.map(\.name).joined(separator: "+"),
      version: files.count == 1 ? files[0].version ?? "" : "",
      files: files.map(\.file),
      parameters: files.flatMap(\.parameters).map {
        Parameter(name: $0.name, value: $0.value.description)
      },
      hooks: policy.hookCosts.map(HookCalls.init))
    sources = policy.sources.map(SourceFile.init(reading:))
  }
}

extension FirstTokenSide: ExpressibleByArgument {}
