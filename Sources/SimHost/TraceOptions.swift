import ArgumentParser
import Engine
import Foundation

/// A trace of every iteration and request.
struct TraceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Chrome trace of iterations, requests and KV transfers, for ui.perfetto.dev; packed when it ends in .gz.",
      valueName: "file"))
  var trace: String?

  @Option(
    help: ArgumentHelp(
      "Simulated seconds that the trace holds, such as 10..20.", valueName: "from..to"),
    transform: TraceOptions.window)
  var traceWindow: ClosedRange<SimTime>?

  func validate() throws {
    if trace == nil, traceWindow != nil {
      throw ValidationError("--trace-window without --trace")
    }
  }

  func open(_ cluster: ClusterSpec, inputs: [String]) throws -> ChromeTrace? {
    guard let trace else { return nil }
    return try ChromeTrace(path: trace, cluster: cluster, window: traceWindow, inputs: inputs)
  }

  private static func window(_ text: String) throws -> ClosedRange<SimTime> {
    let parts = text.components(separatedBy: "..").map { Double($0) }
    // Up to a century, as traces of workloads.
    guard parts.count == 2, let from = parts[0], let to = parts[1], from >= 0, from <= to,
      to < 3.2e9
    else {
      throw ValidationError("\(text): expected seconds, from..to, such as 10..20")
    }
    return SimTime(nanoseconds: Int64(from * 1e9))...SimTime(nanoseconds: Int64(to * 1e9))
  }
}
