extension InstanceReader {
  /// Tensor parallelism from `num_npus`, `tp_size` and `pp_size`, whichever are given.
  ///
  /// One of the first two implies the other; with neither it is 1. Pipelines, expert parallelism and data-parallel
  /// groups are refused.
  func tensorParallelism(_ object: JSONObject, model: ModelSpec) throws(InputError) -> Int {
    if let group = object.present("dp_group") {
      throw group.error("data-parallel groups are not simulated", expected: "null")
    }
    if let ep = object.present("ep_size"), try ep.integer(1...Self.mostNPUs) > 1 {
      throw ep.error("expert parallelism is not simulated: is \(ep.described)", expected: "1")
    }
    let pp = try object.present("pp_size")?.integer(1...Self.mostNPUs)
    if let pp, pp > 1 {
      throw try object.required("pp_size").error(
        "pipeline parallelism is not simulated: is \(pp)", expected: "1")
    }
    let npus = try object.present("num_npus")?.integer(1...Self.mostNPUs)
    let tp = try object.present("tp_size")?.integer(1...Self.mostNPUs)
    if let npus, let tp, npus != tp {
      throw try object.required("num_npus").error(
        "is \(npus), but tp_size is \(tp)",
        expected: "\(tp) (pipeline parallelism, which could use the rest, is not simulated)")
    }
    let size = tp ?? npus ?? 1
    guard model.attentionHeads % size == 0, model.kvHeads % size == 0 else {
      let node = object["tp_size"] ?? object["num_npus"] ?? object.node
      throw node.error(
        "is \(size)",
        expected: "a divisor of the \(model.attentionHeads) attention heads and \(model.kvHeads)"
          + " KV heads of \(model.name)")
    }
    return size
  }

  /// Most accelerators in one instance. Guess: several times the largest node.
  private static let mostNPUs = 1024

  /// Features that move weights, KV cache or attention off the accelerator: accepted only when off.
  static let offloadingKeys = [
    "enable_local_offloading", "enable_attn_offloading", "enable_sub_batch_interleaving",
  ]

  /// Refuses offloading, and placements off the accelerator.
  func refuseOffloading(_ object: JSONObject, model: ModelSpec) throws(InputError) {
    for key in Self.offloadingKeys {
      if let node = object[key], try node.bool() {
        throw node.error("is true, which is not simulated", expected: "false")
      }
    }
    // Copying a block's cost to all layers is how the reference saves time; here it has nothing to change.
    _ = try object.bool("enable_block_copy", default: true)
    if let placement = object.present("placement") {
      try checkPlacement(placement, layers: model.layers)
    }
  }
}
