extension InstanceReader {
  /// Checks that `placement` puts everything on the accelerator, which is all that is simulated.
  ///
  /// Where evicted KV goes (`kv_evict_loc`) has no effect without a second tier of KV cache, so `cpu` is fine too.
  func checkPlacement(_ node: JSONNode, layers: Int) throws(InputError) {
    let placement = try node.object(keys: ["default", "blocks", "layers"])
    if let common = placement["default"] { try checkPlaces(common, and: []) }
    if let blocks = placement["blocks"] {
      for rule in try blocks.array() {
        let object = try checkPlaces(rule, and: ["blocks"])
        try object.required("blocks").checkBlockRange(below: layers)
      }
    }
    if let byLayer = placement["layers"] {
      let rules = try byLayer.object(keys: Self.layerNames)
      for (name, _) in rules.members { try checkPlaces(rules.required(name), and: []) }
    }
  }

  /// Names of layers in LLMServingSim's profiles.
  private static let layerNames = [
    "embedding", "layernorm", "qkv_proj", "qk_norm", "rotary_emb", "attention", "o_proj",
    "gate_up_proj", "act_fn", "down_proj", "final_layernorm", "lm_head", "sampler",
  ]

  @discardableResult
  private func checkPlaces(
    _ node: JSONNode, and others: [String]
  ) throws(InputError) -> JSONObject {
    let object = try node.object(keys: ["weights", "kv_loc", "kv_evict_loc"] + others)
    for key in ["weights", "kv_loc"] {
      guard let place = object[key] else { continue }
      guard try place.string() == "npu" else {
        throw place.error(
          "is \(place.described): only the accelerator's own memory is simulated",
          expected: "\"npu\"")
      }
    }
    if let eviction = object["kv_evict_loc"] { _ = try eviction.word(among: ["npu", "cpu"]) }
    return object
  }
}

extension JSONNode {
  /// Checks an expression such as `0-3,8,10-12` over transformer blocks.
  fileprivate func checkBlockRange(below layers: Int) throws(InputError) {
    let expected = "block numbers below \(layers) such as \"0-3,8,10-12\""
    for part in try string().split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map {
        Int($0.filter { $0 != " " })
      }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2,
        first <= last, first >= 0, last < layers
      else { throw error("is \(described)", expected: expected) }
    }
  }
}
