/// The faults of a run in the order in which they begin and end.
struct FaultSchedule {
  /// All of them, in order of their beginning.
  let faults: ContiguousArray<Fault>
  private let changes: ContiguousArray<Change>
  private var place = 0
  /// When the next begins or ends; never when none will.
  private(set) var next = SimTime.never

  struct Change: Comparable {
    var time: SimTime
    var begins: Bool
    /// Place in `faults`.
    var fault: Int

    /// At one moment what ends comes first, so that one fault may follow another.
    static func < (a: Change, b: Change) -> Bool {
      if a.time != b.time { return a.time < b.time }
      return a.begins != b.begins ? b.begins : a.fault < b.fault
    }
  }

  /// - Parameter last: until when faults by chance begin.
  init(_ plan: FaultPlan, cluster: ClusterSpec, seed: UInt64, until last: SimTime) {
    var all = plan.faults
    for (place, random) in plan.random.enumerated() {
      all += random.draw(cluster, seed: seed, place: place, until: last)
    }
    let order = all.indices.sorted { (all[$0].start, $0) < (all[$1].start, $1) }
    faults = ContiguousArray(order.map { all[$0] })
    var changes: ContiguousArray<Change> = []
    for (place, fault) in faults.enumerated() {
      changes.append(Change(time: fault.start, begins: true, fault: place))
      if fault.end != .never, fault.kind != .loseTransfers {
        changes.append(Change(time: fault.end, begins: false, fault: place))
      }
    }
    changes.sort()
    self.changes = changes
    next = changes.first?.time ?? .never
  }

  var isEmpty: Bool { faults.isEmpty }

  /// The next change, if it is due at `time`.
  mutating func pop(at time: SimTime) -> Change? {
    guard next == time, place < changes.count else { return nil }
    defer {
      place += 1
      next = place < changes.count ? changes[place].time : .never
    }
    return changes[place]
  }
}
