import ArgumentParser
import Engine

extension WorkloadCommand {
  /// `simhost workload generate`: a trace from a rate, lengths, shared prefixes and sessions.
  struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a trace: same flags, same bytes.",
      discussion: """
        Lengths and waits are one of
          fixed:128 (or 128)   uniform:1-2048   exponential:512   geometric:512
          lognormal:mean=512,sigma=0.8   (median for mean, p90 for sigma)
        with ,min=… and ,max=… behind, or several with weights: 0.9*fixed:100|0.1*uniform:8000-9000

        EXAMPLES
          Poisson arrivals, 5 requests a second for a minute:
            simhost workload generate --rate 5 --duration 60 -o calm.jsonl
          100 requests a second, and 150 from second 600 on:
            simhost workload generate --rate 0:100,600:150 --duration 900 \\
              -o step.jsonl
          Bursts of long prompts:
            simhost workload generate --rate 2 --burstiness 0.2 --num-reqs 100 \\
              --prompt-tokens uniform:2000-8000 -o bursts.jsonl
          16 system prompts, some far more popular than others, with token ids:
            simhost workload generate --rate 5 --num-reqs 200 --prefixes 16 \\
              --prefix-tokens uniform:1000-1500 -o prefixes.jsonl
          Agents that call a tool for some seconds between their turns:
            simhost workload generate --rate 0.5 --num-reqs 30 --token-ids \\
              --turns geometric:5 --tool-delay lognormal:median=2,sigma=1 \\
              -o agents.jsonl
          Two tenants, one in a hurry:
            simhost workload generate --rate 5 --num-reqs 200 \\
              --kind 3*tenant=a,class=chat,priority=1,ttft_slo_s=0.5 \\
              --kind 1*tenant=b,class=batch,deadline_s=60 -o tenants.jsonl
        """)

    @OptionGroup(title: "Arrivals") var arrivals: ArrivalOptions
    @OptionGroup(title: "Lengths") var lengths: LengthOptions
    @OptionGroup(title: "Shared prefixes") var prefixes: PrefixOptions
    @OptionGroup(title: "Sessions") var sessions: SessionOptions
    @OptionGroup(title: "Kinds") var kinds: KindOptions

    @Flag(
      help: """
        Write an id for each token, so that prefix caching can work. On by itself with --prefixes.
        """)
    var tokenIds = false

    @Option(help: "llmservingsim, or mooncake (whole milliseconds, ids of 512-token blocks).")
    var format = WorkloadWriter.Style.llmServingSim

    @Option(help: "Another seed draws another trace of the same kind.")
    var seed: UInt64 = 0

    @Option(
      name: .shortAndLong,
      help: ArgumentHelp(
        "File to write; its folder is created. Without it, standard output.", valueName: "file"))
    var output: String?

    func validate() throws {
      _ = try parameters()
      if tokenIds, format == .mooncake {
        throw ValidationError("Mooncake's format has ids of blocks, not of tokens")
      }
    }

    func run() throws {
      let document: TraceDocument
      do {
        let workload = try WorkloadGenerator.generate(try parameters())
        document = TraceDocument(writer: try WorkloadWriter(workload, as: format))
      } catch let error as SpecError {
        throw ValidationError(error.description)
      }
      try WorkloadCommand.reportingBadFiles {
        if let output {
          try document.save(to: output)
        } else {
          let console = Console(level: .info)
          console.result(String(document.text.dropLast()))
          if let failure = console.failure { throw failure }
        }
      }
    }

    private func parameters() throws -> GeneratorParameters {
      do {
        var parameters = GeneratorParameters(
          arrivals: try arrivals.process(), promptTokens: lengths.promptTokens,
          outputTokens: lengths.outputTokens)
        parameters.count = arrivals.numReqs
        parameters.duration = arrivals.duration
        parameters.prefixes = prefixes.shared
        parameters.sessions = sessions.sessions
        parameters.kinds = kinds.kind
        parameters.seed = seed
        if format == .mooncake {
          parameters.content = .blocks
        } else if tokenIds || prefixes.prefixes != nil {
          parameters.content = .tokenIDs
        }
        try parameters.check()
        return parameters
      } catch let error as SpecError {
        throw ValidationError(error.description)
      }
    }
  }
}

/// A generated trace on its way to a file.
private struct TraceDocument: OutputDocument {
  let writer: WorkloadWriter

  func write(to sink: inout ByteSink) {
    // Each piece is a number of whole lines, and so is valid UTF-8.
    writer.write { sink.write(String(decoding: $0, as: UTF8.self)) }
  }
}

extension WorkloadWriter.Style: ExpressibleByArgument {}
