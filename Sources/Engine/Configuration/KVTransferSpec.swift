/// How KV caches get from prefill to decode instances: `kv_transfer` of a cluster file.
public struct KVTransferSpec: Sendable, Equatable {
  public enum Mode: String, Sendable, CaseIterable {
    /// The whole prompt once it is computed, sent as soon as the decode instance has promised blocks.
    case push
    /// The whole prompt once it is computed, read by the decode instance when its scheduler has a place and blocks.
    ///
    /// Source: vLLM `v1/core/sched/scheduler.py` with the NIXL connector; DistServe, OSDI 2024, section 4.3.
    case pull
    /// Layer by layer while the prompt is computed, from its first chunk on, sent as soon as the decode instance has promised
    /// blocks for the whole prompt.
    ///
    /// Source: Splitwise, ISCA 2024, https://arxiv.org/abs/2311.18677, section 4.3; Mooncake, https://arxiv.org/abs/2407.00079, section 5.2.
    case layerwise
  }

  public var mode = Mode.push
  /// From the promise of blocks until the transfer is set up, for each request.
  public var handshake = SimDuration.zero

  public init(mode: Mode = .push, handshake: SimDuration = .zero) {
    self.mode = mode
    self.handshake = handshake
  }

  /// From the promise of blocks until the sender begins: a pull asks for the bytes first, which takes the path's latency.
  func delay(latency: SimDuration) -> SimDuration {
    mode == .pull ? handshake + latency : handshake
  }

  /// Mode and handshake in a few words, for people.
  public var summary: String {
    let time = Double(handshake.nanoseconds) / 1000
    return handshake == .zero ? mode.rawValue : "\(mode.rawValue), handshake \(time) us"
  }
}

extension KVTransferSpec {
  init(_ node: JSONNode) throws(InputError) {
    let object = try node.object(keys: ["mode", "handshake_us"])
    if let mode = object["mode"] {
      let word = try mode.word(among: Mode.allCases.map(\.rawValue))
      self.mode = Mode(rawValue: word) ?? .push
    }
    if let handshake = object["handshake_us"] {
      // A thousand seconds are far beyond any timeout.
      let time = try handshake.number(0...1e9, "a number of microseconds from 0 to 1e9")
      self.handshake = SimDuration(nanoseconds: Int64((time * 1000).rounded()))
    }
  }
}

/// Who gives the client the first token of a request that is handed over.
public enum FirstTokenSide: String, Sendable, CaseIterable {
  /// The prefill instance, with the end of the prompt (DistServe, Splitwise).
  case prefill
  /// The decode instance, which computes the prompt's last token once more and takes its first token from that; the
  /// prefill instance's own is dropped (vLLM behind a proxy).
  case decode
}
