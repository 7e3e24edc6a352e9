/// KV blocks that nodes keep besides their accelerators, and what is on its way between them.
struct TierState {
  /// What one node keeps: two pools that nobody holds blocks of, in order of use.
  struct Node {
    var cpu: KVBlockPool
    /// nil without one.
    var ssd: KVBlockPool?

    func holds(_ key: UInt64) -> Bool { cpu.holds(key) || ssd?.holds(key) ?? false }
  }

  /// Blocks on their way.
  struct Move {
    enum Kind {
      /// From an accelerator to the CPU memory of its node.
      case write
      /// From there to its SSD.
      case spill
      /// To an instance, for a request that waits for them.
      case load(slot: Int32)
    }
    /// What the network knows it by; negative and even, those of copies are odd.
    var tag: Int32
    var kind: Kind
    var node: Int
    /// Of the accelerator; none of a spill.
    var instance: InstanceID
    var keys: BlockKeys
  }

  /// What a prompt finds behind a prefix cache, and where.
  struct Find {
    /// Where each part of it comes from, in order: a node's CPU memory or SSD, and how many blocks.
    struct Part {
      var node: Int
      var isSSD: Bool
      var blocks: Int
    }
    var parts: ContiguousArray<Part> = []
    var blocks = 0
  }

  /// Empty without tiers.
  var nodes: ContiguousArray<Node> = []
  var moves: ContiguousArray<Move> = []
  var totals = TierTotals()
  /// Bytes of a block as it is kept, and as an instance gets it.
  let bytesKept: Int64
  let bytesLoaded: Int64
  let journal: KVBlockPool.Journal
  private let isShared: Bool
  private var next: Int32 = 0

  var isUsed: Bool { !nodes.isEmpty }

  init(_ cluster: ClusterSpec, _ capacities: ContiguousArray<KVCapacity>) {
    guard let spec = cluster.kvTiers, let first = cluster.instances.first else {
      (bytesKept, bytesLoaded, journal, isShared) = (0, 0, .none, false)
      return
    }
    let size = first.limits.blockSize
    let capacity = capacities[0]
    // One copy is enough where all accelerators of an instance have the same.
    let kept = capacity.isWholeOnEach ? capacity.bytesPerToken : capacity.totalBytesPerToken
    bytesKept = Int64(kept * size)
    bytesLoaded = Int64(capacity.totalBytesPerToken * size)
    journal = spec.writes == .through ? .named : .forgotten
    isShared = spec.scope == .cluster
    let blockBytes = Double(max(1, bytesKept))
    func pool(_ tier: KVTierSpec.Tier) -> KVBlockPool {
      // As many as entries have numbers for.
      let blocks = min(tier.sizeGiB * 1_073_741_824 / blockBytes, Double(Int32.max / 2))
      return KVBlockPool(capacity: max(1, Int(blocks)), blockSize: size)
    }
    for _ in cluster.nodes {
      nodes.append(Node(cpu: pool(spec.cpu), ssd: spec.ssd.map(pool)))
    }
  }

  func deallocate() {
    for node in nodes {
      node.cpu.deallocate()
      node.ssd?.deallocate()
    }
  }

  mutating func nextTag() -> Int32 {
    next = next >= Int32.max - 3 ? 2 : next + 2
    return -next
  }

  /// Blocks from the one after the first `hits` on, as far as tiers have them: those of the own node first, then in order.
  mutating func find(_ keys: BlockKeys, from hits: Int, limit: Int, node own: Int) -> Find {
    var find = Find()
    for place in hits..<max(hits, limit) {
      guard let (node, isSSD) = touch(keys[place], own) else { break }
      find.blocks += 1
      if let last = find.parts.indices.last, find.parts[last].node == node,
        find.parts[last].isSSD == isSSD
      {
        find.parts[last].blocks += 1
      } else {
        find.parts.append(Find.Part(node: node, isSSD: isSSD, blocks: 1))
      }
    }
    return find
  }

  /// Where the block is, which is now the last used there; nil where it is not.
  private mutating func touch(_ key: UInt64, _ own: Int) -> (node: Int, isSSD: Bool)? {
    if let isSSD = nodes[own].touch(key) { return (own, isSSD) }
    guard isShared else { return nil }
    for node in nodes.indices where node != own {
      if let isSSD = nodes[node].touch(key) { return (node, isSSD) }
    }
    return nil
  }
}

extension TierState.Node {
  /// Whether the block is on the SSD; nil where it is not kept.
  fileprivate mutating func touch(_ key: UInt64) -> Bool? {
    if cpu.holds(key) {
      _ = cpu.keep(key)
      return false
    }
    guard ssd?.holds(key) ?? false else { return nil }
    _ = ssd?.keep(key)
    return true
  }
}
