import ArgumentParser
import Engine

/// `simhost calibrate judge`: how far the analytic model is off where something was measured.
struct CalibrateJudgeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "judge",
    abstract: "Judge the analytic model by regime on what was measured.",
    discussion: """
      With --profile-dir: whole iterations of profile bundles, by coefficients fitted to the other models of the same \
      accelerator. With --operators: matrix products and attention one by one, by the coefficients of the hardware file, \
      such as --operators H100=data/h100_sxm with tables of aiconfigurator.

      EXAMPLES
        simhost calibrate judge --profile-dir profiles
        simhost calibrate judge --operators H100=aiconfigurator-ops/h100_sxm
      """)

  @Option(help: "Folder with <hardware>/<model>/<variant>/ profiles.")
  var profileDir: String?

  @Option(help: "Accelerator of those profiles.")
  var hardware = "RTXPRO6000"

  @Option(name: .customLong("model"), help: "Profiled model; give it at least twice.")
  var models = ["meta-llama/Llama-3.1-8B", "Qwen/Qwen3-32B"]

  @Option(name: .customLong("tp"), help: "Tensor-parallel degree; may be repeated.")
  var degrees = [1, 2]

  @Option(help: ArgumentHelp("Operator tables; may be repeated.", valueName: "hardware=folder"))
  var operators: [String] = []

  func validate() throws {
    guard profileDir != nil || !operators.isEmpty else {
      throw ValidationError("give --profile-dir, --operators, or both")
    }
    guard models.count > 1 else {
      throw ValidationError("give --model at least twice: one is left out, the others are fitted")
    }
    for text in operators where !text.contains("=") {
      throw ValidationError("--operators \(text): give hardware=folder, such as H100=h100_sxm")
    }
  }

  func run() throws {
    let resources = ResourceFolders()
    let catalog = HardwareCatalog(folders: resources.all("configs/hardware"))
    if let profileDir {
      let spec = try hardware(hardware, catalog)
      let subjects = try subjects(spec, profileDir, resources)
      for model in models {
        let others = subjects.filter { $0.instance.model.name != model }
        let left = subjects.filter { $0.instance.model.name == model }
        let calibration = Calibration(hardware: spec, subjects: others)
        let errors = calibration.check(calibration.fitted(), on: left).map(\.relative)
        show("\(model) on \(hardware), iterations; fitted to the other models", errors)
      }
    }
    for text in operators {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      let spec = try hardware(parts[0], catalog)
      let origin =
        "\(spec.calibration.origin.rawValue), of \(ConsoleText.printable(spec.source))"
      show(
        "\(spec.name), operators of \(parts.count > 1 ? parts[1] : ""); coefficients: \(origin)",
        try OperatorTables(folder: parts.count > 1 ? parts[1] : "", hardware: spec).judge())
    }
  }

  private func subjects(
    _ spec: HardwareSpec, _ profileDir: String, _ resources: ResourceFolders
  ) throws -> [Calibration.Subject] {
    let catalog = ModelCatalog(folders: resources.all("configs/model"))
    return try models.flatMap { name in
      guard let model = try catalog.model(named: name) else {
        throw InputError(
          file: "command line", key: "--model", problem: "no model \(name)",
          expected: "one of \(catalog.names().joined(separator: ", "))")
      }
      return try degrees.map {
        try Calibration.Subject(
          profileDirectory: profileDir, hardware: spec, model: model, tpSize: $0)
      }
    }
  }

  private func hardware(_ name: String, _ catalog: HardwareCatalog) throws -> HardwareSpec {
    guard let spec = try catalog.hardware(named: name) else {
      throw InputError(
        file: "command line", problem: "no data sheet \(name)",
        expected: "one of \(catalog.names().joined(separator: ", "))")
    }
    return spec
  }

  private func show(_ title: String, _ errors: [RelativeErrors]) {
    print(title)
    let head = ["", "count", "median", "mean", "P90", "max", "bias"]
    let rows = errors.map { row in
      [row.label, "\(row.count)"]
        + [row.median, row.mean, row.p90, row.maximum].map { ConsoleText.fixed(100 * $0, 1) + "%" }
        + [(row.bias < 0 ? "" : "+") + ConsoleText.fixed(100 * row.bias, 1) + "%"]
    }
    for cells in [head] + rows {
      let line = cells.enumerated().map { column, cell in
        column == 0
          ? ConsoleText.padded(cell, 42) : ConsoleText.padded(cell, 9, right: true)
      }
      print("  " + line.joined())
    }
  }
}
