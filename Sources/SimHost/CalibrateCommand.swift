import ArgumentParser

/// `simhost calibrate`: fits models of time to what was measured, and judges them.
struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Fit cost models to measurements, and judge them.",
    subcommands: [
      CalibrateHardwareCommand.self, CalibratePlatformCommand.self, CalibrateJudgeCommand.self,
    ],
    defaultSubcommand: CalibrateHardwareCommand.self)
}
