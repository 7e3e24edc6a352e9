/// How the tenants of a workload were served, and how evenly.
public struct TenantTable: Sendable, Equatable {
  public struct Tenant: Sendable, Equatable {
    public var name: String
    public var requests = 0
    public var finished = 0
    public var outputTokens = 0
    /// Means over its finished requests, in ms.
    public var ttft = 0.0
    public var endToEnd = 0.0
    /// Output tokens for each second that its finished requests spent in the system.
    public var speed: Double {
      endToEnd > 0 ? Double(outputTokens) / (endToEnd / 1e3 * Double(finished)) : 0
    }
  }

  /// In the order of their names.
  public var tenants: [Tenant]

  /// Jain's index of the tenants' speeds: 1 where all get the same, 1/n where one of n gets everything; a tenant of whom
  /// nothing finished counts as 0. nil with fewer than two tenants.
  ///
  /// Source: Jain, Chiu and Hawe 1984, https://arxiv.org/abs/cs/9809099.
  public var fairness: Double? {
    guard tenants.count > 1 else { return nil }
    let sum = tenants.reduce(0) { $0 + $1.speed }
    let squares = tenants.reduce(0) { $0 + $1.speed * $1.speed }
    return squares > 0 ? sum * sum / (Double(tenants.count) * squares) : nil
  }

  /// - Parameter tenant: whose a request is; nil is nobody's, and in no row.
  public init(_ records: ContiguousArray<RequestRecord>, tenant: (RequestID) -> String?) {
    var places: [String: Int] = [:]
    var rows: [Tenant] = []
    for record in records {
      guard let name = tenant(record.id) else { continue }
      let place = places[name] ?? rows.count
      if place == rows.count {
        places[name] = place
        rows.append(Tenant(name: name))
      }
      rows[place].requests += 1
      guard let latency = record.endToEnd, let first = record.timeToFirstToken else { continue }
      rows[place].finished += 1
      rows[place].outputTokens += Int(record.outputTokens)
      rows[place].ttft += first.milliseconds
      rows[place].endToEnd += latency.milliseconds
    }
    for place in rows.indices where rows[place].finished > 0 {
      rows[place].ttft /= Double(rows[place].finished)
      rows[place].endToEnd /= Double(rows[place].finished)
    }
    tenants = rows.sorted { $0.name < $1.name }
  }
}
