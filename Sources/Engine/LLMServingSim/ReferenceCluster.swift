/// A cluster as LLMServingSim 2.0 understands its file.
enum ReferenceCluster {
  /// The cluster with the reference's readings of it.
  ///
  /// - The first node's host memory stands for that of all nodes.
  /// - The last node's first accelerator lends its memory bandwidth to all all-reduces.
  /// - A matrix that input and output embedding share is held twice.
  ///
  /// - Throws: what the reference cannot run either.
  static func adopt(_ cluster: ClusterSpec) throws(InputError) -> ClusterSpec {
    var adopted = cluster
    guard let first = cluster.instances.first, let host = cluster.nodes.first?.cpuMemory else {
      throw InputError(file: cluster.source, problem: "has no instances")
    }
    for index in adopted.nodes.indices { adopted.nodes[index].cpuMemory = host }
    let lastNode = cluster.instances.first { $0.node == cluster.nodes.count - 1 } ?? first
    for index in adopted.instances.indices {
      adopted.instances[index].npuMemory.bandwidth = lastNode.npuMemory.bandwidth
      adopted.instances[index].model.tiesEmbeddings = false
    }
    for (index, instance) in cluster.instances.enumerated() {
      if instance.tpSize != first.tpSize {
        throw InputError(
          file: cluster.source, key: "instances[\(index)].tp_size",
          problem: "is \(instance.tpSize), and \(first.tpSize) on the first instance",
          expected: "one tp_size: LLMServingSim builds one network of equal instances",
          suggestion: "leave out --compat")
      }
    }
    return adopted
  }

  /// Refuses a workload with a request that LLMServingSim would schedule for ever.
  static func check(
    _ workload: Workload, on instances: ContiguousArray<ReferenceInstance>, _ cluster: ClusterSpec
  ) throws(InputError) {
    for (index, instance) in instances.enumerated() {
      let room = instance.pool.capacity * instance.limits.blockSize
      let limit = instance.limits
      let isUnchunked =
        !limit.enableChunkedPrefill
        && (limit.longPrefillTokenThreshold == 0
          || limit.longPrefillTokenThreshold > limit.maxNumBatchedTokens)
      for (id, request) in workload.requests.enumerated() {
        let prompt = Int(request.promptTokens)
        // The last token's KV is never computed, except where a decode instance makes room for it in advance.
        let most =
          switch instance.role {
          case .prefill: prompt
          case .mixed: prompt + Int(request.outputTokens) - 1
          case .decode: prompt + max(1, Int(request.outputTokens) - 1)
          }
        let name = cluster.instances[index].name
        if most > room {
          throw InputError(
            file: workload.source, key: "request \(id)",
            problem: "needs KV blocks for \(most) tokens, and \(name) has them for \(room)",
            expected: "room on every instance: LLMServingSim would never finish",
            suggestion: "raise mem_size, mem_util or tp_size, or leave out --compat")
        }
        if isUnchunked, instance.role != .decode, prompt > limit.maxNumBatchedTokens {
          throw InputError(
            file: workload.source, key: "request \(id)",
            problem: "has \(prompt) prompt tokens, and \(name) computes"
              + " \(limit.maxNumBatchedTokens) in one iteration and no part of a prompt",
            suggestion: "raise max_num_batched_tokens, or enable chunked prefill")
        }
      }
    }
  }
}
