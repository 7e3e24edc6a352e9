import ArgumentParser

/// One scenario with many seeds.
struct SeedOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Run this many seeds, from --seed on, side by side, and show how far their results differ.",
      valueName: "count"))
  var seeds: Int?

  @Option(
    help: ArgumentHelp(
      "Most runs at a time; all cores without it. Results do not depend on it.",
      valueName: "count"))
  var workers: Int?

  func validate() throws {
    if let seeds, !(1...100_000).contains(seeds) {
      throw ValidationError("--seeds \(seeds): expected 1 to 100000")
    }
    if let workers, !(1...1024).contains(workers) {
      throw ValidationError("--workers \(workers): expected 1 to 1024")
    }
    if workers != nil, seeds == nil { throw ValidationError("--workers without --seeds") }
  }
}
