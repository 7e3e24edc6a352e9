/// What an instance is doing: iterations planned ahead, and its totals.
///
/// While membership of a decode batch cannot change, its iterations are planned in one go: `ends` holds their ends, and no
/// event is needed but the last. Time catches up with the plan in `ClusterState.catchUp`.
struct Lane {
  /// Ends of planned iterations; each starts where the one before ended.
  var ends = Pile<SimTime>()
  /// Iterations of the plan that have ended.
  var ended = 0
  /// Has the iteration behind those begun?
  var isUnderWay = false
  /// Start of that iteration.
  var start = SimTime.zero
  /// Number of the plan; events of former ones are void.
  var generation: Int32 = 0
  /// How many iterations to plan: grows while plans are carried out, shrinks when they are cut.
  var reach = Lane.shortestReach
  /// Waits to form an iteration at the end of this instant.
  var isDirty = false
  /// Reservations are to be looked at again at the end of this instant.
  var reservationsAreDirty = false
  /// Reservations wait for the end of the iteration under way, when the instance may pull.
  var wantsToPull = false
  var lastStep = SimDuration.zero
  /// Tokens of the present second, and gaps of the present bin, that the totals do not know yet.
  var tokens = TokenRate.Run()
  var gaps = GapRun()
  var totals = InstanceTotals()

  /// A plan that is cut costs the evaluation of what was cut off, so reach doubles and halves between these.
  static let shortestReach = 4
  static let longestReach = 256

  var isIdle: Bool { !isUnderWay && ended == ends.count }
}

/// How far the present instant has been worked off. Only grows within an instant.
///
/// Iterations in the middle of a plan have no event of their own; this tells whether one that ends right now has ended yet,
/// so that it looks the same as if it had one.
enum InstantStage: UInt8, Comparable {
  /// Arrivals and the network: nothing that ends now has ended.
  case before
  /// All that ends now has ended, and nothing has begun.
  case outcomes
  /// Iterations begin, in order of instances.
  case forming
  case after

  static func < (a: InstantStage, b: InstantStage) -> Bool { a.rawValue < b.rawValue }
}
