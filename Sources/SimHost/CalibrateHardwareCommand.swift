import ArgumentParser
import Engine

/// `simhost calibrate hardware`: fits the analytic cost model of an accelerator to profile bundles.
struct CalibrateHardwareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hardware",
    abstract: "Fit an accelerator's analytic cost model to measured profiles.",
    discussion: """
      Draws iterations of five kinds, takes their time from the profiles, and fits the coefficients of the accelerator's \
      hardware file to them. Reported errors are of other iterations than those fitted, of tensor-parallel degrees that \
      were left out of the fit, and of models that were left out in a second fit.

      EXAMPLE
        simhost calibrate --profile-dir profiles --hardware MyGPU \\
          --model meta-llama/Llama-3.1-8B --output configs/hardware/MyGPU.json
      """)

  @Option(help: "Folder with <hardware>/<model>/<variant>/ profiles.")
  var profileDir: String

  @Option(help: "Accelerator to calibrate; its data sheet is read from the hardware folder.")
  var hardware: String

  @Option(name: .customLong("model"), help: "Model to fit to; give it once for each model.")
  var models: [String]

  @Option(name: .customLong("tp"), help: "Tensor-parallel degree to fit to; may be repeated.")
  var degrees: [Int] = [1]

  @Option(name: .customLong("check-tp"), help: "Degree to check only; may be repeated.")
  var checkedDegrees: [Int] = []

  @Option(help: "Folder of hardware files.")
  var hardwareDir: String = "configs/hardware"

  @Option(help: "Folder of model files.")
  var modelDir: String = "configs/model"

  @Option(help: "Hardware file to write; without it the fit is only printed.")
  var output: String?

  func validate() throws {
    guard !models.isEmpty else { throw ValidationError("give at least one --model") }
    guard !degrees.isEmpty else { throw ValidationError("give at least one --tp") }
  }

  func run() throws {
    var spec = try HardwareCatalog(folders: [hardwareDir]).required(hardware)
    let fitted = try subjects(spec, degrees)
    let checked = try subjects(spec, checkedDegrees.filter { !degrees.contains($0) })
    let calibration = Calibration(hardware: spec, subjects: fitted)
    let coefficients = calibration.fitted()

    print(note)
    for subject in fitted { show(calibration.check(coefficients, on: [subject]), subject) }
    var lines = report(calibration.check(coefficients, on: fitted), "fitted")
    if !checked.isEmpty {
      for subject in checked { show(calibration.check(coefficients, on: [subject]), subject) }
      lines += report(calibration.check(coefficients, on: checked), "degree not fitted")
    }
    for model in models {
      lines += leaveOut(calibration, "without \(model)") { $0.instance.model.name == model }
    }
    for degree in degrees {
      lines += leaveOut(calibration, "without tp\(degree)") { $0.instance.tpSize == degree }
    }
    print("Together, and where a part was left out of the fit and checked:")
    for line in lines { print("  \(line)") }

    spec.coefficients = coefficients
    spec.calibration = HardwareSpec.Calibration(origin: .measured, note: note, errors: lines)
    if let output { try spec.save(to: output) }
  }

  private var note: String {
    let degrees = self.degrees.map { "tp\($0)" }.joined(separator: ", ")
    return """
      Fitted by simhost calibrate to the \(hardware) profiles of \(models.joined(separator: " and ")) (\(degrees)), \
      whole iterations without host overhead; what they cannot tell apart stays near usual values (guess). Errors are \
      relative, of iterations that were not fitted.
      """
  }

  private func subjects(
    _ spec: HardwareSpec, _ degrees: [Int]
  ) throws -> [Calibration.Subject] {
    let catalog = ModelCatalog(folders: [modelDir])
    return try models.flatMap { name in
      let model = try catalog.required(name)
      return try degrees.map {
        try Calibration.Subject(
          profileDirectory: profileDir, hardware: spec, model: model, tpSize: $0)
      }
    }
  }

  /// Fits to all other subjects and checks on those left out; nothing where none would remain.
  private func leaveOut(
    _ calibration: Calibration, _ name: String,
    _ isLeftOut: (Calibration.Subject) -> Bool
  ) -> [String] {
    let others = calibration.subjects.filter { !isLeftOut($0) }
    guard !others.isEmpty else { return [] }
    let coefficients = calibration.fitted(to: others)
    let leftOut = calibration.subjects.filter(isLeftOut)
    return report(calibration.check(coefficients, on: leftOut), name)
  }

  private func show(_ errors: [Calibration.Errors], _ subject: Calibration.Subject) {
    print("  \(subject.instance.name)")
    for line in report(errors, nil) { print("    \(line)") }
  }

  private func report(_ errors: [Calibration.Errors], _ name: String?) -> [String] {
    errors.map { (name.map { "\($0); " } ?? "") + $0.relative.line }
  }
}
