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
  /// Faults that keep the instance down at present, and since when it is.
  var downs = 0
  var downSince = SimTime.never
  /// Down for the rest of the run.
  var isGone = false
  /// What it is by the policy's will, and what it becomes when it has drained: another role, or off.
  var condition = InstanceCondition.up
  var nextRole: InstanceRole?
  /// While it starts: when it is there. While it is not off: since when.
  var startsAt = SimTime.never
  var onSince = SimTime.zero
  /// How many times as long as usual its iterations take.
  var slowdown = 1.0

  /// A plan that is cut costs the evaluation of what was cut off, so reach doubles and halves between these.
  static let shortestReach = 4
  static let longestReach = 256

  var isIdle: Bool { !isUnderWay && ended == ends.count }

  /// Makes the iterations of a plan that begins at `start` take `slowdown` times as long, rounded up.
  func stretch() {
    var usual = start
    var begin = start
    for place in ends.indices {
      let duration = (Double((ends[place] - usual).nanoseconds) * slowdown).rounded(.up)
      usual = ends[place]
      // guess: an iteration of a month is as good as none
      begin = begin + SimDuration(nanoseconds: Int64(min(duration, 2.6e15)))
      ends[place] = begin
    }
  }

  /// Another plan begins: events of the one before are void. Numbers have the 31 bits that events keep.
  mutating func renew() { generation = (generation &+ 1) & .max }

  /// Nothing is under way any more, and nothing is planned.
  mutating func stop() {
    ends.removeAll()
    ended = 0
    isUnderWay = false
    renew()
    reach = Lane.shortestReach
    wantsToPull = false
  }
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
