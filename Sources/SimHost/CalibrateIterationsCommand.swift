import ArgumentParser
import Engine

/// `simhost calibrate iterations`: fits the analytic cost model of an accelerator to a table of whole iterations.
struct CalibrateIterationsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "iterations",
    abstract: "Fit an accelerator's analytic cost model to iterations that were measured.",
    discussion: """
      The table has the columns tp, prefill_tokens (of one prompt), decode_requests, context_tokens (of all of them \
      together) and time_us. Every other row is fitted, reported errors are of the others. With several accelerators to \
      an instance (tp above 1) the link between them is fitted too, for link_bw and link_latency of cluster files.

      EXAMPLES
        simhost calibrate iterations iterations.csv --hardware MyGPU \\
          --model meta-llama/Llama-3.1-8B
      """)

  @Argument(help: ArgumentHelp("Measured iterations, CSV.", valueName: "file"))
  var table: String

  @Option(help: "Accelerator to calibrate; its data sheet is read from the hardware folder.")
  var hardware: String

  @Option(help: "Model that ran.")
  var model: String

  @Option(help: "What the table stands for, for the hardware file.")
  var note: String?

  @Option(help: "Folder of hardware files.")
  var hardwareDir: String = "configs/hardware"

  @Option(help: "Folder of model files.")
  var modelDir: String = "configs/model"

  @Option(help: "Hardware file to write; without it the fit is only printed.")
  var output: String?

  func run() throws {
    var spec = try HardwareCatalog(folders: [hardwareDir]).required(hardware)
    let model = try ModelCatalog(folders: [modelDir]).required(model)
    if let output { try OutputFile.check([output], inputs: [table]) }
    let fit = try MeasuredIterations(path: table).fitted(spec, model: model)
    let errors = fit.errors.map(\.line)
    print("errors of iterations that were not fitted:")
    for line in errors { print("  \(line)") }
    if let link = fit.link {
      print(
        "between the accelerators of an instance: link_bw \(ConsoleText.fixed(link.bandwidth, 1)), "
          + "link_latency \(link.latency.nanoseconds)")
    }
    spec.coefficients = fit.coefficients
    spec.calibration = HardwareSpec.Calibration(
      origin: .measured,
      note: """
        Fitted by simhost calibrate iterations to \(note ?? "\(table), \(model.name)"); what it cannot tell apart stays \
        near usual values (guess). Errors are relative, of iterations that were not fitted.
        """,
      errors: errors)
    if let output { try spec.save(to: output) }
  }
}
