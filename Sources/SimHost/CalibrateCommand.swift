import ArgumentParser

/// `simhost calibrate`: fits models of time to what was measured, and judges them.
struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Fit cost models to measurements, and judge them.",
    discussion: """
      EXAMPLES
        simhost calibrate --profile-dir profiles --hardware MyGPU \\
          --model meta-llama/Llama-3.1-8B
        simhost calibrate judge --profile-dir profiles
      """,
    subcommands: [
      CalibrateHardwareCommand.self, CalibrateIterationsCommand.self,
      CalibratePlatformCommand.self, CalibrateJudgeCommand.self,
    ],
    defaultSubcommand: CalibrateHardwareCommand.self)
}
