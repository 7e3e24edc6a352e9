/// How the classes of a workload were served, each by the objectives of its own requests.
public struct ClassTable: Sendable {
  public struct Row: Sendable {
    /// nil are the requests without a class.
    public var name: String?
    public var requests = 0
    public var finished = 0
    public var ttft: Distribution?
    public var tpot: Distribution?
    public var endToEnd: Distribution?
    /// The objectives, where all requests of the class have the same.
    public var targets: GoodputTargets?
    /// Requests that have an objective, and those of them that kept all.
    public var promised = 0
    public var kept = 0
    /// nil where nothing was promised.
    public var share: Double? { promised > 0 ? Double(kept) / Double(promised) : nil }
  }

  /// In the order of their names; requests without a class come last.
  public var rows: [Row]

  /// nil for a workload that names no class.
  ///
  /// - Parameter targets: of the run, for requests that have none of their own of that kind.
  init?(
    _ records: ContiguousArray<RequestRecord>, kinds: RequestKinds, targets: GoodputTargets?
  ) {
    guard kinds.haveClasses else { return nil }
    var members: [String?: ContiguousArray<RequestRecord>] = [:]
    for record in records { members[kinds[record.id]?.className, default: []].append(record) }
    rows = members.map { name, records in
      var row = Row(name: name, requests: records.count)
      row.finished = records.count { $0.outcome == .finished }
      var latencies = LatencySamples(expected: records.count)
      for record in records { latencies.add(record) }
      (row.ttft, row.tpot, row.endToEnd) = latencies.distributions()
      let all = records.map { record in
        (kinds[record.id]?.targets ?? GoodputTargets()).completed(by: targets)
      }
      row.targets = all.allSatisfy { $0 == all[0] } && !all[0].isEmpty ? all[0] : nil
      for (record, targets) in zip(records, all) where !targets.isEmpty {
        row.promised += 1
        if targets.areMet(by: record) { row.kept += 1 }
      }
      return row
    }
    .sorted { a, b in
      guard let first = a.name, let second = b.name else { return a.name != nil }
      return first < second
    }
  }
}

extension GoodputTargets {
  var isEmpty: Bool { self == GoodputTargets() }

  /// With those of `others` where there are none.
  func completed(by others: GoodputTargets?) -> GoodputTargets {
    GoodputTargets(
      ttft: ttft ?? others?.ttft, tpot: tpot ?? others?.tpot,
      endToEnd: endToEnd ?? others?.endToEnd)
  }
}
