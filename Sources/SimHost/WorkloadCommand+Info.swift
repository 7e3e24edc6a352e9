import ArgumentParser
import Engine

extension WorkloadCommand {
  /// `simhost workload info`: what a trace is like, in a dozen lines.
  struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what is in a trace of any format that can be read, plain or gzip.",
      discussion: """
        EXAMPLES
          simhost workload info workloads/example_trace.jsonl
          simhost workload info AzureLLMInferenceTrace_code.csv
          simhost workload info arxiv_lengths.csv --rate 2
        """)

    @Argument(
      help:
        "Trace: LLMServingSim, Mooncake or Bailian JSONL, or Azure, BurstGPT, Vidur or Splitwise CSV."
    )
    var file: String

    @Option(help: "Read only this many requests or sessions.")
    var numReqs: Int?

    @Flag(help: "Sort by arrival instead of refusing a trace that is not in order.")
    var sortArrivals = false

    @Option(
      help: """
        Draw Poisson arrivals of this rate in place of the trace's; needed for a trace of lengths only.
        """,
      transform: { try ArrivalProcess(parsing: $0) })
    var rate: ArrivalProcess?

    @Option(help: "Seed of those arrivals.")
    var seed: UInt64 = 0

    func validate() throws {
      if let numReqs, numReqs < 1 { throw ValidationError("--num-reqs must be 1 or more") }
    }

    func run() throws {
      try WorkloadCommand.reportingBadFiles {
        var options = WorkloadLoadOptions()
        options.limit = numReqs
        options.sortArrivals = sortArrivals
        options.arrivals = rate
        options.seed = seed
        for line in Info.lines(try Workload.load(path: file, options: options)) { print(line) }
      }
    }

    /// What is printed of a workload.
    static func lines(_ workload: Workload) -> [String] {
      let profile = WorkloadProfile(workload)
      var lines = [ConsoleText.printable(workload.source)]
      func add(_ label: String, _ text: String) {
        lines.append("  " + ConsoleText.padded(label, 10) + text)
      }
      add("format", workload.format)
      add("requests", requests(profile))
      add("arrivals", arrivals(profile))
      add("prompt", lengths(profile.prompt))
      add("output", lengths(profile.output))
      if profile.sessions > 0 {
        let mean =
          Double(profile.requests - profile.requestsOutsideSessions) / Double(profile.sessions)
        add(
          "sessions",
          "\(ConsoleText.grouped(profile.sessions)) of \(ConsoleText.fixed(mean, 1)) requests on average"
        )
      }
      add("prefixes", prefixes(workload, profile))
      for note in workload.notes { add("note", note) }
      return lines
    }

    private static func requests(_ profile: WorkloadProfile) -> String {
      let count = ConsoleText.grouped(profile.requests)
      guard profile.followUps > 0 else { return count }
      return "\(count), of which \(ConsoleText.grouped(profile.followUps)) wait for another's end"
    }

    private static func arrivals(_ profile: WorkloadProfile) -> String {
      func seconds(_ time: SimTime) -> String { ConsoleText.fixed(time.seconds, 3) + " s" }
      guard let rate = profile.rate, let variation = profile.gapVariation else {
        return "at \(seconds(profile.first))"
      }
      let mean = ConsoleText.fixed(rate, ConsoleText.decimals(for: rate))
      let gaps = ConsoleText.fixed(variation, 2)
      return
        "\(seconds(profile.first)) to \(seconds(profile.last)), \(mean) a second; "
        + "gaps vary by \(gaps) of their mean (1 is Poisson)"
    }

    private static func lengths(_ lengths: WorkloadProfile.Lengths) -> String {
      let mean = ConsoleText.fixed(lengths.mean, 1)
      let ranks = [
        ("min", lengths.min), ("p50", lengths.p50), ("p90", lengths.p90), ("p99", lengths.p99),
        ("max", lengths.max),
      ]
      return "mean \(mean), "
        + ranks.map { "\($0) \(ConsoleText.grouped($1))" }.joined(separator: ", ")
        + "; \(ConsoleText.grouped(lengths.total)) tokens in all"
    }

    private static func prefixes(_ workload: Workload, _ profile: WorkloadProfile) -> String {
      guard let share = profile.prefixShare else {
        return "unknown: the trace does not say what its tokens are"
      }
      let ids = workload.contentUnit == 1 ? "token ids" : "ids of \(workload.contentUnit) tokens"
      return "\(ConsoleText.percent(share)) of prompt tokens repeat an earlier request (\(ids))"
    }
  }
}
