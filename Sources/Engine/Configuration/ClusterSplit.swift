/// How many instances of a cluster compute prompts, and how many decode: `3:5`, or `8M` for eight that do both.
public struct ClusterSplit: Sendable, Equatable {
  public var prefill: Int
  public var decode: Int
  public var mixed: Int

  /// Most instances. Origin: guess, against a number that was mistyped.
  private static let most = 1024

  public init(prefill: Int, decode: Int) {
    (self.prefill, self.decode, mixed) = (prefill, decode, 0)
  }

  /// nil for anything but `p:d` and `nM`, all 1 or more.
  public init?(_ text: some StringProtocol) {
    let range = 1...Self.most
    if text.last == "M" || text.last == "m" {
      guard let count = Int(text.dropLast()), range.contains(count) else { return nil }
      (prefill, decode, mixed) = (0, 0, count)
      return
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let p = parts[0], let d = parts[1], range.contains(p),
      range.contains(d)
    else { return nil }
    (prefill, decode, mixed) = (p, d, 0)
  }

  public var text: String { mixed > 0 ? "\(mixed)M" : "\(prefill):\(decode)" }

  /// `1:7..7:1` and `1:1..4:1` in steps of one; nil where the ends do not lead to one another.
  public static func range(_ text: String) -> [ClusterSplit]? {
    guard let dots = text.range(of: "..") else { return nil }
    guard let first = ClusterSplit(text[..<dots.lowerBound]),
      let last = ClusterSplit(text[dots.upperBound...]), first.mixed == 0, last.mixed == 0
    else { return nil }
    let steps = max(abs(last.prefill - first.prefill), abs(last.decode - first.decode))
    let (p, d) = ((last.prefill - first.prefill).signum(), (last.decode - first.decode).signum())
    let splits = (0...steps).map {
      ClusterSplit(prefill: first.prefill + $0 * p, decode: first.decode + $0 * d)
    }
    return splits.last == last ? splits : nil
  }

  fileprivate var roles: [InstanceRole] {
    Array(repeating: .prefill, count: prefill) + Array(repeating: .decode, count: decode)
      + Array(repeating: .mixed, count: mixed)
  }
}

extension ClusterSpec {
  /// The instances of this cluster with other roles, given out in the order of its file.
  ///
  /// Where all are alike but for their roles, there may be more or fewer of them than in the file.
  public func split(_ split: ClusterSplit) throws(InputError) -> ClusterSpec {
    func refuse(_ problem: String, _ expected: String) -> InputError {
      InputError(file: source, key: "split \(split.text)", problem: problem, expected: expected)
    }
    let roles = split.roles
    guard let first = instances.first else { return self }
    let areAlike = instances.allSatisfy { $0.isLike(first) }
    guard areAlike || roles.count == instances.count else {
      throw refuse(
        "is of \(roles.count) instances; the cluster has \(instances.count), which are not alike",
        "roles for \(instances.count)")
    }
    if split.mixed == 0 {
      guard
        instances.allSatisfy({ $0.model.name == first.model.name && $0.kvType == first.kvType })
      else {
        throw refuse("needs instances that hand KV caches over", "one model and one KV format")
      }
    }
    var counts: [InstanceRole: Int] = [:]
    var cluster = self
    cluster.instances = roles.enumerated().map { place, role in
      var spec = instances[place % instances.count]
      spec.role = role
      spec.name = "\(role.rawValue)/\(counts[role, default: 0])"
      counts[role, default: 0] += 1
      return spec
    }
    return cluster
  }

  /// Puts instances on other accelerators, with the memory of these; nil is those of every role.
  public mutating func replaceHardware(
    with name: String, memory: MemorySpec, of role: InstanceRole? = nil
  ) {
    for place in instances.indices where role == nil || instances[place].role == role {
      instances[place].hardware = name
      instances[place].npuMemory = memory
    }
  }
}

extension InstanceSpec {
  /// Whether they differ in name, node and role at most.
  fileprivate func isLike(_ other: InstanceSpec) -> Bool {
    model == other.model && hardware == other.hardware && npuMemory == other.npuMemory
      && memoryUtilization == other.memoryUtilization && tpSize == other.tpSize
      && weightType == other.weightType && kvType == other.kvType && limits == other.limits
      && kvBlocks == other.kvBlocks && platform == other.platform
  }
}
