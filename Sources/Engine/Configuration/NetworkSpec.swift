/// What KV caches travel over, where a cluster file says more than one link: `network`.
///
/// Every bandwidth is that of one direction, in GiB/s as `link_bw`; both directions are there at once.
public struct NetworkSpec: Sendable, Equatable {
  /// NVLink or PCIe between the accelerators of a node.
  public struct IntraNode: Sendable, Equatable {
    /// Of each accelerator.
    public var link: LinkSpec
    /// Of everything in a node together, such as a PCIe root; nil is a fabric that is never the bottleneck (NVSwitch).
    public var total: Double?
  }

  /// Between nodes. Each accelerator uses its part of the node's NICs, at least one, and all share the node's.
  public struct NIC: Sendable, Equatable {
    public var perNode: Int
    public var link: LinkSpec
  }

  /// Leaf switches: so many nodes each, in order, and an uplink of what their NICs carry over `oversubscription`.
  public struct Switch: Sendable, Equatable {
    public var nodes: Int
    public var oversubscription: Double
    /// On top of the NICs', between nodes of different switches.
    public var latency: SimDuration
  }

  public var intraNode: IntraNode
  /// nil in a cluster of one node.
  public var nic: NIC?
  /// nil is a network that is never the bottleneck.
  public var leaf: Switch?

  public init(intraNode: IntraNode, nic: NIC? = nil, leaf: Switch? = nil) {
    self.intraNode = intraNode
    self.nic = nic
    self.leaf = leaf
  }

  /// In a few words, for people.
  public var summary: [String] {
    var parts = ["\(intraNode.link.bandwidth) GiB/s an accelerator inside a node"]
    if let total = intraNode.total { parts[0] += " (\(total) in all)" }
    if let nic {
      parts.append(
        "\(nic.perNode) \(nic.perNode == 1 ? "NIC" : "NICs") of \(nic.link.bandwidth) GiB/s")
    }
    if let leaf { parts.append("switches of \(leaf.nodes) nodes, \(leaf.oversubscription):1") }
    return parts
  }
}

extension NetworkSpec {
  init(_ node: JSONNode, nodes: Int) throws(InputError) {
    let object = try node.object(keys: ["intra_node", "nic", "switch"])
    let inside = try object.required("intra_node").object(keys: ["bw", "latency", "total_bw"])
    intraNode = IntraNode(
      link: try LinkSpec(inside), total: try inside.present("total_bw")?.bandwidth())
    if let card = object.present("nic") {
      let fields = try card.object(keys: ["per_node", "bw", "latency"])
      // guess: no node has more.
      nic = NIC(
        perNode: try fields.integer("per_node", 1...1024, default: 1), link: try LinkSpec(fields))
    } else if nodes > 1 {
      throw object.node.error(
        "has no nic, and the cluster has \(nodes) nodes", expected: "nic: { per_node, bw, latency }"
      )
    }
    if let leaf = object.present("switch") {
      let fields = try leaf.object(keys: ["nodes", "oversubscription", "latency"])
      self.leaf = Switch(
        nodes: try fields.required("nodes").integer(1...1_000_000),
        oversubscription: try fields.required("oversubscription")
          .number(1...1e6, "a ratio from 1 to 1e6"),
        latency: try fields.present("latency")?.latency() ?? .zero)
    }
  }
}

extension LinkSpec {
  /// Reads `bw` and `latency`.
  fileprivate init(_ object: JSONObject) throws(InputError) {
    self.init(
      bandwidth: try object.required("bw").bandwidth(),
      latency: try object.required("latency").latency())
  }
}

extension JSONNode {
  func bandwidth() throws(InputError) -> Double {
    try number(.leastNonzeroMagnitude...1e9, "a number of GiB/s above 0, at most 1e9")
  }

  func latency() throws(InputError) -> SimDuration {
    SimDuration(
      nanoseconds: Int64(try number(0...1e12, "a number of nanoseconds from 0 to 1e12")))
  }
}
