/// Which requests an instance can ever serve, however empty it is.
///
/// A request that fits nowhere is refused at the gateway; one that fits on some instances is offered those only. Without
/// this, it would wait for ever.
struct Fit {
  private struct Bounds {
    var role: InstanceRole
    /// Most tokens computed at any time, most tokens of a prompt, most tokens in all.
    var cache: Int
    var prompt: Int
    var context: Int
  }
  private var bounds: [Bounds]
  private let movesAll: Bool
  /// Requests up to this many tokens fit everywhere: their candidates need no search.
  private let mostTokensAnywhere: Int
  /// All that take prompts, where a request can be finished from them, and all that take what comes after.
  private(set) var allPrompts: ContiguousArray<InstanceID> = []
  private(set) var allDecodes: ContiguousArray<InstanceID> = []

  /// - Parameter movesAll: a request of a single output token is handed over too.
  init(_ cluster: ClusterSpec, capacities: ContiguousArray<KVCapacity>, movesAll: Bool = false) {
    self.movesAll = movesAll
    bounds = cluster.instances.enumerated().map { index, spec in
      let limits = spec.limits
      // Without chunks a prompt must fit the token budget, and so must what is computed again after a preemption.
      let isUnchunked =
        !limits.enableChunkedPrefill
        && (limits.longPrefillTokenThreshold == 0
          || limits.longPrefillTokenThreshold > limits.maxNumBatchedTokens)
      let cache = capacities[index].blocks * limits.blockSize
      return Bounds(
        role: spec.role, cache: isUnchunked ? min(cache, limits.maxNumBatchedTokens) : cache,
        prompt: isUnchunked ? min(cache, limits.maxNumBatchedTokens) : cache,
        context: spec.model.maxPositionEmbeddings)
    }
    mostTokensAnywhere = bounds.map { min($0.cache, $0.prompt, $0.context) }.min() ?? 0
    gather()
  }

  /// The instance does something else from now on.
  mutating func setRole(_ index: Int, _ role: InstanceRole) {
    bounds[index].role = role
    gather()
  }

  private mutating func gather() {
    let roles = bounds.map(\.role)
    allDecodes = ContiguousArray(
      roles.indices.filter { roles[$0].takesDecodes }.map { InstanceID($0) })
    let canDecode = !allDecodes.isEmpty
    allPrompts = ContiguousArray(
      roles.indices.filter { roles[$0].takesPrompts && canDecode }.map { InstanceID($0) })
  }

  /// Whether a request of so many tokens in all can go wherever one of its stage can.
  @inline(__always)
  func fitsAnywhere(_ tokens: Int) -> Bool { tokens <= mostTokensAnywhere }

  private func holdsPrompt(_ index: Int, prompt: Int, output: Int) -> Bool {
    let b = bounds[index]
    guard b.role.takesPrompts, prompt + output <= b.context, prompt <= b.prompt else {
      return false
    }
    return b.role == .prefill || prompt + output - 1 <= b.cache
  }

  /// Whether the instance can go on with a request whose prompt it has computed, whatever its role.
  func canStay(on index: Int, prompt: Int, output: Int) -> Bool {
    prompt + output <= bounds[index].context && prompt + output - 1 <= bounds[index].cache
  }

  private func holdsDecode(_ index: Int, prompt: Int, output: Int) -> Bool {
    let b = bounds[index]
    return b.role.takesDecodes && canStay(on: index, prompt: prompt, output: output)
  }

  /// Instances that can go on with a request whose prompt is done.
  mutating func decodeCandidates(prompt: Int, output: Int) -> ContiguousArray<InstanceID> {
    if fitsAnywhere(prompt + output) { return allDecodes }
    return ContiguousArray(
      bounds.indices.filter { holdsDecode($0, prompt: prompt, output: output) }
        .map { InstanceID($0) })
  }

  /// Instances that can compute the prompt of a request that can be finished from there.
  mutating func promptCandidates(prompt: Int, output: Int) -> ContiguousArray<InstanceID> {
    if fitsAnywhere(prompt + output), !allPrompts.isEmpty { return allPrompts }
    let canMove =
      (output == 1 && !movesAll)
      || bounds.indices.contains { holdsDecode($0, prompt: prompt, output: output) }
    return ContiguousArray(
      bounds.indices.filter {
        holdsPrompt($0, prompt: prompt, output: output)
          && (canMove || bounds[$0].role != .prefill)
      }.map { InstanceID($0) })
  }

  /// Whether there is an instance for the request's prompt.
  mutating func canServe(prompt: Int, output: Int) -> Bool {
    fitsAnywhere(prompt + output) && !allPrompts.isEmpty
      || !promptCandidates(prompt: prompt, output: output).isEmpty
  }

  /// Why a request without candidates has none.
  func reason(prompt: Int, output: Int) -> String {
    if !bounds.contains(where: { prompt + output <= $0.context }) {
      return "longer than max_position_embeddings"
    }
    return "longer than any instance can hold"
  }
}
