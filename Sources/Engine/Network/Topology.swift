/// The links of a cluster, each of one direction, and which of them lie between two instances.
///
/// Without a description: a port out and a port in of each instance, of the inter-link's bandwidth, behind a fabric that is
/// never the bottleneck. With one, by `NetworkSpec`: ports to the node's fabric as wide as the instance's accelerators, so
/// that different degrees of tensor parallelism meet at the narrower side; the node's fabric, its NICs, its switch.
struct Topology {
  /// Of each link, in bytes per nanosecond.
  private(set) var capacities: [Double] = []
  /// What an instance is reached by; −1 is "not there".
  private struct Place {
    var node = 0
    var leaf = 0
    var out: Int32 = -1
    var into: Int32 = -1
    var nicOut: Int32 = -1
    var nicIn: Int32 = -1
    /// Of a tier: where it is read and written; and its latency.
    var isSSD = false
    var latency = SimDuration.zero
  }
  /// Places from this one on are tiers: the CPU memory and the SSD of each node.
  private var firstTier = Int32.max
  private var places: [Place]
  /// Of each node: its fabric, its NICs out and in.
  private var fabrics: [Int32] = []
  private var nicsOut: [Int32] = []
  private var nicsIn: [Int32] = []
  /// Of each switch: up and down.
  private var uplinks: [Int32] = []
  private var downlinks: [Int32] = []
  private var inside: SimDuration
  private var between = SimDuration.zero
  private var leaves = SimDuration.zero
  private let isDescribed: Bool

  /// One link from and one to each instance.
  init(link: LinkSpec, instances: Int) {
    places = Array(repeating: Place(), count: instances)
    inside = link.latency
    isDescribed = false
    for index in 0..<instances { places[index].out = add(link.bytesPerNanosecond) }
    for index in 0..<instances { places[index].into = add(link.bytesPerNanosecond) }
  }

  init(_ cluster: ClusterSpec) {
    if let network = cluster.network {
      self.init(network, cluster)
    } else {
      self.init(link: cluster.link, instances: cluster.instances.count)
      for (index, spec) in cluster.instances.enumerated() { places[index].node = spec.node }
    }
    if let tiers = cluster.kvTiers { add(tiers, nodes: cluster.nodes.count, cluster.network?.leaf) }
  }

  private mutating func add(_ tiers: KVTierSpec, nodes: Int, _ leaf: NetworkSpec.Switch?) {
    firstTier = Int32(places.count)
    for node in 0..<nodes {
      for tier in [tiers.cpu, tiers.ssd] {
        var place = Place(node: node, leaf: leaf.map { node / $0.nodes } ?? 0)
        place.isSSD = places.count % 2 != Int(firstTier) % 2
        if let tier {
          place.out = add(tier.link.bytesPerNanosecond)
          place.into = add(tier.link.bytesPerNanosecond)
          place.latency = tier.link.latency
        }
        places.append(place)
      }
    }
  }

  /// What the network knows a node's CPU memory and its SSD by.
  func cpu(ofNode node: Int) -> InstanceID { InstanceID(Int(firstTier) + 2 * node) }
  func ssd(ofNode node: Int) -> InstanceID { InstanceID(Int(firstTier) + 2 * node + 1) }

  /// From an instance to the CPU memory of its node, from there to its SSD, or from either to an instance.
  private func appendTierPath(
    _ a: Place, from: Int32, _ b: Place, to: Int32, _ path: inout Pile<Int32>
  ) {
    if to >= firstTier { return path.append(b.into) }
    path.append(a.out)
    // What an SSD has passes through CPU memory.
    if a.isSSD { path.append(places[Int(from) - 1].out) }
    if a.node == b.node { return }
    guard isDescribed else { return path.append(b.into) }
    path.append(nicsOut[a.node])
    appendArrival(a, b, &path)
  }

  /// From a node's NICs to an instance of another node.
  private func appendArrival(_ a: Place, _ b: Place, _ path: inout Pile<Int32>) {
    if a.leaf != b.leaf, !uplinks.isEmpty {
      path.append(uplinks[a.leaf])
      path.append(downlinks[b.leaf])
    }
    path.append(nicsIn[b.node])
    path.append(b.nicIn)
  }

  private init(_ network: NetworkSpec, _ cluster: ClusterSpec) {
    isDescribed = true
    inside = network.intraNode.link.latency
    between = network.nic?.link.latency ?? .zero
    leaves = network.leaf?.latency ?? .zero
    places = cluster.instances.map { Place(node: $0.node) }
    let port = network.intraNode.link.bytesPerNanosecond
    for (index, spec) in cluster.instances.enumerated() {
      places[index].out = add(Double(spec.tpSize) * port)
      places[index].into = add(Double(spec.tpSize) * port)
    }
    let nodes = cluster.nodes.indices
    if let total = network.intraNode.total {
      let rate = LinkSpec(bandwidth: total, latency: .zero).bytesPerNanosecond
      for _ in nodes { fabrics.append(add(rate)) }
    }
    guard let nic = network.nic else { return }
    let card = nic.link.bytesPerNanosecond
    for _ in nodes {
      nicsOut.append(add(Double(nic.perNode) * card))
      nicsIn.append(add(Double(nic.perNode) * card))
    }
    var accelerators = cluster.nodes.map { _ in 0 }
    for spec in cluster.instances { accelerators[spec.node] += spec.tpSize }
    for (index, spec) in cluster.instances.enumerated() {
      let part = Double(nic.perNode * spec.tpSize) / Double(accelerators[spec.node])
      places[index].nicOut = add(max(1, part) * card)
      places[index].nicIn = add(max(1, part) * card)
    }
    guard let leaf = network.leaf else { return }
    for first in stride(from: 0, to: nodes.count, by: leaf.nodes) {
      let count = min(leaf.nodes, nodes.count - first)
      let rate = Double(count * nic.perNode) * card / leaf.oversubscription
      uplinks.append(add(rate))
      downlinks.append(add(rate))
    }
    for index in places.indices { places[index].leaf = places[index].node / leaf.nodes }
  }

  private mutating func add(_ capacity: Double) -> Int32 {
    capacities.append(capacity)
    return Int32(capacities.count - 1)
  }

  /// Appends the links from one instance to another, in the order in which bytes meet them.
  func appendPath(from: Int32, to: Int32, to path: inout Pile<Int32>) {
    let a = places[Int(from)]
    let b = places[Int(to)]
    if max(from, to) >= firstTier { return appendTierPath(a, from: from, b, to: to, &path) }
    if a.node == b.node || !isDescribed {
      path.append(a.out)
      if !fabrics.isEmpty { path.append(fabrics[a.node]) }
      path.append(b.into)
      return
    }
    path.append(a.nicOut)
    path.append(nicsOut[a.node])
    appendArrival(a, b, &path)
  }

  /// An instance's ports, both directions.
  func ports(ofInstance index: Int) -> [Int32] {
    let place = places[index]
    return [place.out, place.into, place.nicOut, place.nicIn].filter { $0 >= 0 }
  }

  /// A node's NICs, both directions; empty where it has none.
  func nics(ofNode node: Int) -> [Int32] {
    nicsOut.indices.contains(node) ? [nicsOut[node], nicsIn[node]] : []
  }

  func latency(from: Int32, to: Int32) -> SimDuration {
    let a = places[Int(from)]
    let b = places[Int(to)]
    if max(from, to) >= firstTier {
      let tier = to >= firstTier ? b.latency : a.latency
      return a.node == b.node ? tier : tier + (isDescribed ? nodes(a, b) : inside)
    }
    if a.node == b.node || !isDescribed { return inside }
    return nodes(a, b)
  }

  private func nodes(_ a: Place, _ b: Place) -> SimDuration {
    a.leaf == b.leaf ? between : between + leaves
  }
}
