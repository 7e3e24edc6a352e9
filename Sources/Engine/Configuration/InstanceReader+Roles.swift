extension InstanceReader {
  /// Checks that every request can run to its end, and that KV caches fit wherever they may be handed over.
  func checkRoles() throws(InputError) {
    guard let first = instances.first else { return }
    if !instances.contains(where: { $0.spec.role.takesDecodes }) {
      throw first.node.error(
        "only prefill instances in the cluster: nothing would decode",
        expected: "an instance with pd_type \"decode\" or null")
    }
    if !instances.contains(where: { $0.spec.role.takesPrompts }) {
      throw first.node.error(
        "only decode instances in the cluster: nothing would take prompts",
        expected: "an instance with pd_type \"prefill\" or null")
    }
    guard instances.contains(where: { $0.spec.role != .mixed }) else { return }
    for (spec, node) in instances.dropFirst() {
      let reference = first.spec
      if spec.model.name != reference.model.name {
        throw node.error(
          "\(spec.name) runs \(spec.model.name) and \(reference.name) runs"
            + " \(reference.model.name)",
          expected: "one model in a cluster that hands KV caches over")
      }
      if spec.kvType != reference.kvType {
        throw node.error(
          "\(spec.name) holds its KV cache as \(spec.kvType.rawValue) and \(reference.name) as"
            + " \(reference.kvType.rawValue)",
          expected: "one KV format in a cluster that hands KV caches over (set kv_cache_dtype)")
      }
    }
  }
}
