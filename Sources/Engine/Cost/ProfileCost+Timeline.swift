/// When the parts of an iteration end: what LLMServingSim calls the nodes of its trace.
///
/// Each layer of each block is a node, and so are the token ids on their way in, all-reduces, and the ids on their way
/// out. On a prefill instance every layer's KV cache is sent as soon as it exists: one message a rank and layer, one
/// at a time and in one queue with the all-reduces, while the layers go on.
///
/// Source: https://github.com/casys-kaist/LLMServingSim, its trace generator, and ASTRA-sim's scheduling of such a trace.
extension ProfileCost {
  /// Messages that a prefill instance sends during an iteration.
  struct KVSends: Sendable, Equatable {
    /// Bytes that one token adds to each layer's message of one rank.
    var bytesPerToken: Double
    var link: LinkSpec

    /// Nanoseconds of one message.
    func time(bytes: Double) -> Int64 {
      let time = Double(link.latency.nanoseconds) + bytes / link.bytesPerNanosecond
      return min(ProfileLimits.longest, Int64(exactly: time.rounded(.down)) ?? .max)
    }
  }

  /// Nanoseconds from the start of an iteration to the end of each of its nodes, rising; the last ends the iteration.
  ///
  /// Without `sends` the last is `iterationTime(shape)`.
  /// - Complexity: O(layers)
  func timeline(_ shape: IterationShape, sends: KVSends? = nil) -> ContiguousArray<Int64> {
    let tokens = shape.tokens
    var walk = Walk(clock: Int64(min(store.loadTime(tokens).rounded(.down), 4e12)))
    walk.ends.append(walk.clock)
    for layer in bundle.prologue { walk.compute(layer.time(at: tokens)) }

    let nodes = blockNodes(shape)
    let message = sends.map { $0.time(bytes: (Double(tokens) * $0.bytesPerToken).rounded(.down)) }
    for _ in 0..<layers {
      for node in nodes {
        switch node {
        case .compute(let time): walk.compute(time)
        case .allReduce(let time): walk.reduce(time)
        case .keysAndValues(let time):
          walk.compute(time)
          if let message { walk.send(message) }
        }
      }
    }

    for layer in bundle.epilogue { walk.compute(layer.time(at: tokens)) }
    for layer in bundle.head { walk.compute(layer.time(at: shape.sequences)) }
    walk.compute(Int64(min(store.saveTime(tokens).rounded(.down), 4e12)))
    if let sends {
      // The sampled ids follow the last layer's KV cache: 4 bytes for each token.
      walk.send(sends.time(bytes: 4 * Double(tokens)))
      walk.ends.sort()
    }
    return walk.ends
  }

  private enum Node {
    case compute(Int64)
    /// The projection after which a layer's keys and values exist.
    case keysAndValues(Int64)
    case allReduce(Int64)
  }

  /// The nodes of one block, in order.
  private func blockNodes(_ shape: IterationShape) -> ContiguousArray<Node> {
    let tokens = shape.tokens
    let reduce: Node? =
      allReduce.ranks > 1
      ? .allReduce(
        Self.reduceTime(bytes: Double(tokens) * bytesPerToken, bundle, allReduce))
      : nil
    var nodes: ContiguousArray<Node> = []
    for (name, layer) in zip(bundle.sequence.block, bundle.block) {
      if name == "o_proj" { nodes.append(.compute(attention(shape))) }
      let time = layer.time(at: tokens)
      nodes.append(name == "qkv_proj" ? .keysAndValues(time) : .compute(time))
      if name == "o_proj" || name == "down_proj", let reduce { nodes.append(reduce) }
    }
    return nodes
  }

  /// Runs nodes one after the other, with messages beside them.
  private struct Walk {
    var clock: Int64
    /// When the rank's last message is through.
    var link: Int64 = 0
    var ends: ContiguousArray<Int64> = []

    init(clock: Int64) { self.clock = clock }

    mutating func compute(_ time: Int64) {
      clock += time
      ends.append(clock)
    }

    mutating func send(_ time: Int64) {
      link = max(clock, link) + time
      ends.append(link)
    }

    mutating func reduce(_ time: Int64) {
      clock = max(clock, link) + time
      link = clock
      ends.append(clock)
    }
  }
}
