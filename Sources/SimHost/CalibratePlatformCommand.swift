import ArgumentParser
import Engine

/// `simhost calibrate platform`: fits quantities of a platform to measured runs.
struct CalibratePlatformCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "platform",
    abstract: "Fit what a server adds to kernels to measured runs.",
    discussion: """
      A RUN is what simhost validate reads. Candidates serve whole runs; with --part odd only every other request counts \
      for the fit, and the others judge it. Runs given with --check are only judged.

      EXAMPLE
        simhost calibrate platform runs/first --check runs/second --fit launch_gap_us
      """)

  @Argument(help: ArgumentHelp("What was measured, to fit to.", valueName: "run"))
  var runs: [String]

  @Option(name: .customLong("check"), help: ArgumentHelp("Run to judge on.", valueName: "run"))
  var checkedRuns: [String] = []

  @Option(
    name: .customLong("fit"),
    help: ArgumentHelp("Quantity to fit; may be repeated.", valueName: "key"))
  var keys = ["launch_gap_us", "eager_layer_us"]

  @Option(help: "Requests that count for the fit: odd (the others judge it) or all.")
  var part = PlatformFit.Part.odd

  @Option(
    help: ArgumentHelp(
      "Cluster to simulate; without it config.json in the folder of the run, or beside it.",
      valueName: "file"))
  var clusterConfig: String?

  @OptionGroup var clusterOptions: ClusterOptions

  @Option(
    help: ArgumentHelp(
      "Platform file to write; without it the fit is only printed.", valueName: "file"))
  var output: String?

  func run() throws {
    let resources = ResourceFolders()
    guard var base = try clusterOptions.instances.defaults(resources).platform else {
      throw ValidationError("give --platform: quantities that are not fitted stay as it has them")
    }
    let quantities = try keys.map { key in
      guard let quantity = PlatformSpec.quantities.first(where: { $0.key == key }),
        key.hasSuffix("_us")
      else {
        let times = PlatformSpec.quantities.map(\.key).filter { $0.hasSuffix("_us") }
        throw ValidationError("--fit \(key): is none of \(times.joined(separator: ", "))")
      }
      return quantity
    }
    let inputs = runs + checkedRuns + (clusterConfig.map { [$0] } ?? [])
    if let output { try OutputFile.check([output], inputs: inputs) }
    let fitted = try runs.map { try subject($0, base, resources) }
    let checked = try checkedRuns.map { try subject($0, base, resources) }

    let platform = try PlatformFit(base: base, quantities: quantities).fitted(to: fitted, part)
    var lines = ["fitted to \(part.described) of \(fitted.map(\.name).joined(separator: ", "))"]
    for quantity in quantities {
      let value = platform[keyPath: quantity.path]
      lines.append("  \(quantity.key) \(ConsoleText.fixed(value, 1))")
    }
    lines.append("errors, (simulated - measured) / measured:")
    for subject in fitted {
      lines += try judged(platform, subject, part, "fitted, \(part.described)")
      if part != .all {
        lines += try judged(platform, subject, part == .odd ? .even : .odd, "not fitted")
      }
    }
    for subject in checked { lines += try judged(platform, subject, .all, "not fitted") }
    if part == .all, checked.isEmpty {
      lines.append(
        "judged on the requests that were fitted: how well the model can follow, not how well it predicts"
      )
    }
    print(lines.joined(separator: "\n"))

    guard let output else { return }
    base = platform
    for quantity in quantities {
      let text =
        "measured: fitted by simhost calibrate platform to \(part.described) of "
        + fitted.map { "\($0.name) (\($0.run.settings.server ?? $0.run.format))" }
        .joined(separator: ", ")
      base.origins.removeAll { $0.key == quantity.key }
      base.origins.append(PlatformSpec.Origin(key: quantity.key, text: text))
    }
    try PlatformDocument(text: base.json).save(to: output, inputs: inputs)
    print("wrote \(output)")
  }

  private func subject(
    _ path: String, _ base: PlatformSpec, _ resources: ResourceFolders
  ) throws -> PlatformFit.Subject {
    let recorded = try RecordedRun(path: path, dataset: nil, resources)
    var defaults = Validation.defaults(
      recorded.run.settings, otherwise: try clusterOptions.instances.defaults(resources))
    // The platform decides about memory, and about who computes all-reduces.
    defaults.platform = base
    let (cluster, costs) = try clusterOptions.load(
      try recorded.cluster(given: clusterConfig), resources, defaults: defaults)
    return PlatformFit.Subject(
      name: recorded.name, run: recorded.run, cluster: cluster, kernels: costs.map(\.kernels))
  }

  private func judged(
    _ platform: PlatformSpec, _ subject: PlatformFit.Subject, _ part: PlatformFit.Part,
    _ label: String
  ) throws -> [String] {
    let errors = try PlatformFit.errors(of: platform, on: subject, part)
    let cells = errors.map {
      "\($0.name) mean \(ComparisonReport.signed($0.mean)) P99 \(ComparisonReport.signed($0.p99))"
    }
    return ["  \(subject.name), \(label): \(cells.joined(separator: ", "))"]
  }
}

extension PlatformFit.Part: ExpressibleByArgument {}

extension PlatformFit.Part {
  fileprivate var described: String {
    switch self {
    case .all: "all requests"
    case .odd: "every other request"
    case .even: "the other requests"
    }
  }
}

/// The text of a platform file.
private struct PlatformDocument: OutputDocument {
  var text: String
  func write(to sink: inout ByteSink) { sink.write(text) }
}
