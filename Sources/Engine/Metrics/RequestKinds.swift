/// What a workload says of its requests beside their lengths: whose they are, of which class, and what was promised.
public struct RequestKinds: Sendable {
  public struct Kind: Sendable {
    public var tenant: String?
    public var className: String?
    /// Its own objectives; those of the run hold where it has none.
    public var targets: GoodputTargets

    public init(tenant: String?, className: String?, targets: GoodputTargets) {
      self.tenant = tenant
      self.className = className
      self.targets = targets
    }
  }

  private var kinds: [Kind]
  /// Of each request; −1 is none.
  private var places: ContiguousArray<Int32>

  /// - Parameter places: an index into `kinds` for each request by its id; −1 is none.
  public init(_ kinds: [Kind], places: ContiguousArray<Int32>) {
    self.kinds = kinds
    self.places = places
  }

  public static let none = RequestKinds([], places: [])

  public subscript(_ id: RequestID) -> Kind? {
    let request = Int(id.index)
    guard places.indices.contains(request) else { return nil }
    let place = Int(places[request])
    return kinds.indices.contains(place) ? kinds[place] : nil
  }

  var haveTenants: Bool { kinds.contains { $0.tenant != nil } }
  var haveClasses: Bool { kinds.contains { $0.className != nil } }
}
