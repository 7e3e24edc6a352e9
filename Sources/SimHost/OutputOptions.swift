import ArgumentParser
import Engine

/// What a run leaves behind.
struct OutputOptions: ParsableArguments {
  enum Format: String, ExpressibleByArgument, CaseIterable { case llmservingsim, wide }

  @Option(
    help: ArgumentHelp("CSV with a row for each request; its folder is created.", valueName: "file")
  )
  var output: String?

  @Option(
    help:
      "Columns of the CSV: llmservingsim (its columns and units), or wide (every moment of a request)."
  )
  var outputFormat = Format.llmservingsim

  @Option(
    help: ArgumentHelp("JSON summary with the field names of vLLM's benchmark.", valueName: "file"))
  var summary: String?

  @Option(
    name: .customLong("run"),
    help: ArgumentHelp(
      "JSON summary with the moments of each request and the cluster over time: for simhost report.",
      valueName: "file"))
  var runFile: String?

  @Option(
    help: ArgumentHelp(
      "Page that shows the run, for any browser, without network.", valueName: "file"))
  var report: String?

  @Option(
    name: .customLong("export-vllm"),
    help: ArgumentHelp(
      "JSON as vllm bench serve --save-result --save-detailed writes it.", valueName: "file"))
  var benchServe: String?

  @Option(
    name: .customLong("export-aiperf"),
    help: ArgumentHelp(
      "AIPerf's profile_export_aiperf.json and profile_export.jsonl in this folder.",
      valueName: "folder"))
  var aiperf: String?

  @Option(
    name: .customLong("goodput"),
    help: ArgumentHelp(
      "What a good request keeps, in ms, such as \"ttft:500 tpot:50\"; also e2el.",
      valueName: "targets"))
  var goodputText: [String] = []

  @Option(help: "Simulated seconds between lines on the state of the cluster; 0 or none: no lines.")
  var logInterval: Double?

  @Flag(help: "Print the JSON summary in place of tables, and no talk.")
  var json = false

  @Flag(help: "Say nothing but results, warnings and errors.")
  var quiet = false

  /// How much the run says.
  var level: LogLevel { json || quiet ? .warning : logLevel }

  @Option(help: "WARNING, INFO or DEBUG.")
  var logLevel = LogLevel.info

  func validate() throws {
    // Up to a year.
    if let logInterval, !(logInterval >= 0 && logInterval <= 31_536_000) {
      throw ValidationError("--log-interval \(logInterval): expected seconds, from 0 to 31536000")
    }
    if let logInterval, logInterval > 0, logInterval < 1e-6 {
      throw ValidationError("--log-interval \(logInterval): expected at least a microsecond")
    }
  }

  var targets: GoodputTargets? {
    get throws { goodputText.isEmpty ? nil : try GoodputTargets(parsing: goodputText) }
  }

  var paths: [String] {
    [output, summary, runFile, report, benchServe].compactMap { $0 } + aiperfFiles
  }

  private var aiperfFiles: [String] {
    aiperf.map { ["\($0)/profile_export_aiperf.json", "\($0)/profile_export.jsonl"] } ?? []
  }

  /// The gaps between tokens are kept only for who asks: they are most of a run's memory.
  var needsGaps: Bool { output != nil && outputFormat == .llmservingsim || benchServe != nil }

  /// Whether someone reads the requests one by one when the run is over, besides the wide table.
  var needsRecords: Bool {
    output != nil && outputFormat == .llmservingsim || runFile != nil || report != nil
      || benchServe != nil || aiperf != nil
  }

  /// The wide table, where it can be written while the run goes on; where it cannot, the run keeps its records for it.
  ///
  /// It can without records that are kept for something else, without faults, and with a policy that moves no requests: what
  /// these do to requests has columns of its own, and whether there are any is known at the end.
  func table(
    of scenario: inout Scenario, _ policy: LuaPolicy?, inputs: [String]
  ) throws -> WideCSVStream? {
    guard let output, outputFormat == .wide else { return nil }
    guard !scenario.options.keepRecords, scenario.canLetRecordsGo,
      scenario.options.faults.isEmpty, policy?.hooks.isDisjoint(with: .acting) ?? true,
      WideCSVStream.canWrite(to: output)
    else {
      scenario.options.keepRecords = true
      return nil
    }
    return try WideCSVStream(
      to: output, inputs: inputs, cluster: scenario.cluster, targets: scenario.options.targets,
      session: scenario.workload.sessionName)
  }

  /// Most moments of the time series; nil takes none.
  var seriesMoments: Int? { runFile == nil && report == nil ? nil : Self.mostMoments }

  /// Guess: about as many as a plot has pixels to show.
  static let mostMoments = 400

  /// Writes the files, all or none of each.
  ///
  /// - Parameter table: what was written of the wide table on the way.
  func save(_ run: FinishedRun, inputs: [String], table: WideCSVStream? = nil) throws {
    let result = run.result
    let cluster = run.scenario.cluster
    if let table {
      try table.finish()
    } else if let output {
      switch outputFormat {
      case .llmservingsim:
        try LLMServingSimCSV(result, cluster: cluster, queueingEnd: run.queueingEnd)
          .save(to: output, inputs: inputs)
      case .wide:
        try WideCSV(
          result, cluster: cluster, targets: run.scenario.options.targets,
          session: run.scenario.workload.sessionName, kinds: RequestKinds(run.scenario.workload)
        ).save(to: output, inputs: inputs)
      }
    }
    if runFile != nil || report != nil {
      let record = SummaryJSON(
        run.summary, description: run.description, result: result, detailed: true, recorded: true)
      if let runFile { try record.save(to: runFile, inputs: inputs) }
      if let report {
        // The page shows what the file would hold.
        let file = try RunFile(bytes: Array(record.text.utf8), path: runFile ?? "this run")
        try ReportCommand.page(ReportData([file])).save(to: report, inputs: inputs)
      }
    }
    if let benchServe {
      try BenchServeJSON(run.summary, description: run.description, result: result)
        .save(to: benchServe, inputs: inputs)
    }
    if !aiperfFiles.isEmpty {
      let export = AIPerfExport(run.summary, description: run.description, result: result)
      try export.statistics.save(to: aiperfFiles[0], inputs: inputs)
      try export.requests.save(to: aiperfFiles[1], inputs: inputs)
    }
    if let summary {
      try SummaryJSON(run.summary, description: run.description, result: result)
        .save(to: summary, inputs: inputs)
    }
  }
}

extension Workload {
  /// The session of a request, where the trace names it.
  fileprivate func sessionName(_ id: RequestID) -> String? {
    if sessionNames.isEmpty { return nil }
    let session = Int(requests[Int(id.index)].session)
    return sessionNames.indices.contains(session) ? sessionNames[session] : nil
  }
}

extension LogLevel: ExpressibleByArgument {
  init?(argument: String) { self.init(rawValue: argument.uppercased()) }
}

/// All that is known after a run.
struct FinishedRun {
  var scenario: Scenario
  var result: RunResult
  var summary: RunSummary
  var description: RunDescription
  /// Where `queuing_delay` of the CSV ends.
  var queueingEnd = LLMServingSimCSV.QueueingEnd.firstChunk
}
