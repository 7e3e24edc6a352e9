/// How a Lua policy is run.
public struct LuaPolicyOptions {
  /// Seed of the run; the policy draws from the stream named `policy`.
  public var seed: UInt64 = 0
  /// Folder of shared modules for `require`; nil is none.
  public var libraryFolder: String? = nil
  /// May the policy read `request.output_tokens`?
  public var oracle = false
  /// Most Lua instructions for each hook call and each file loaded; nil is no limit.
  ///
  /// Unlike the time budget this one is reproducible. It halves the speed of Lua, roughly.
  public var maxInstructions: Int? = nil
  /// Bytes that the policy may hold. guess: far above what a policy needs, far below what a machine has.
  public var memoryLimit = 256 << 20
  /// Host time for each hook call and each file loaded. guess: a policy that thinks for a second per decision is stuck.
  public var hookTimeout = SimDuration(nanoseconds: 1_000_000_000)
  /// Host time for all hook calls of a run together; nil is no limit.
  public var totalTimeout: SimDuration? = nil
  /// Keep what a router has seen of an instance until it changes; off, every call looks anew, for tests.
  public var keepsViews = true
  /// What `sim.version` says.
  public var version = "0"
  /// Receives what the policy logs.
  public var onLog: ((PolicyLogEntry) -> Void)? = nil

  public init() {}
}

/// One line that a policy logged with `sim.log`, `sim.note` or `print`.
public struct PolicyLogEntry: Sendable, Equatable {
  public enum Level: String, Sendable { case info, warn, error, note }
  public var level: Level
  public var time: SimTime
  /// Where it was logged; nil when unknown.
  public var file: String?
  public var line: Int
  public var text: String
  /// How often this line has logged, this time included. After the tenth, only the 20th, 40th, … are delivered.
  public var count: Int
}
