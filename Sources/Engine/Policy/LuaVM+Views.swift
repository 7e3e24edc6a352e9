import CLua

// How the engine's views become the plain structs that C reads fields from. Their members are those of CLuaFields.h.

extension RequestRef {
  init(_ raw: clua_request) {
    self.init(slot: raw.slot, id: RequestID(Int(raw.id)))
  }
}

extension clua_request {
  init(_ request: RequestRef) {
    self.init(slot: request.slot, id: request.id.index)
  }
}

extension InstanceRole {
  /// Place among the words that C knows roles by.
  var code: Int32 {
    switch self {
    case .prefill: 0
    case .decode: 1
    case .mixed: 2
    }
  }
}

extension clua_instance_facts {
  /// The texts must outlive the value.
  init(
    _ facts: InstanceFacts, name: UnsafePointer<CChar>?, model: UnsafePointer<CChar>?,
    hardware: UnsafePointer<CChar>?
  ) {
    self.init()
    self.name = name
    self.model = model
    self.hardware = hardware
    role = Int64(facts.role.code)
    node = Int64(facts.node)
    tp_size = Int64(facts.tpSize)
    pp_size = Int64(facts.ppSize)
    kv_capacity_tokens = Int64(facts.kvCapacityTokens)
    max_num_seqs = Int64(facts.maxNumSeqs)
    max_num_batched_tokens = Int64(facts.maxNumBatchedTokens)
    block_size = Int64(facts.blockSize)
  }
}

extension clua_instance_state {
  @inline(__always)
  mutating func fill(from view: InstanceView) {
    state = view.condition.rawValue
    busy = view.busy ? 1 : 0
    waiting_count = Int64(view.waitingCount)
    running_count = Int64(view.runningCount)
    waiting_prompt_tokens = Int64(view.waitingPromptTokens)
    running_context_tokens = Int64(view.runningContextTokens)
    inflight = Int64(view.inflight)
    kv_used_tokens = Int64(view.kvUsedTokens)
    kv_reserved_tokens = Int64(view.kvReservedTokens)
    kv_free_tokens = Int64(view.kvFreeTokens)
    cached_tokens = Int64(view.cachedTokens)
    transfers_in = Int64(view.transfersIn)
    transfers_out = Int64(view.transfersOut)
    kv_waiting_count = Int64(view.kvWaitingCount)
    last_step_ns = view.lastStep.nanoseconds
    free_at_ns = view.freeAt.nanoseconds
  }
}

extension clua_prefix_state {
  init(_ prefix: CachedPrefix, blockSize: Int, now: SimTime) {
    self.init()
    blocks = Int64(prefix.blocks)
    tokens = Int64(prefix.blocks * blockSize)
    start_tokens = Int64(prefix.startTokens)
    hits = Int64(prefix.hits)
    freed_ns = prefix.freed.nanoseconds
    idle_ns = (now - prefix.freed).nanoseconds
  }
}

extension clua_request_state {
  @inline(__always)
  mutating func fill(from view: RequestView) {
    stage = view.stage == .prefill ? 0 : 1
    arrival_ns = view.arrival.nanoseconds
    prompt_tokens = Int64(view.promptTokens)
    cached_tokens = Int64(view.cachedTokens)
    computed_tokens = Int64(view.computedTokens)
    remaining_prompt_tokens = Int64(view.remainingPromptTokens)
    generated_tokens = Int64(view.generatedTokens)
    context_tokens = Int64(view.contextTokens)
    predicted_output_tokens = Int64(view.predictedOutputTokens)
    output_tokens = Int64(view.outputTokens)
    kv_bytes = Int64(view.kvBytes)
    turn = Int64(view.turn)
    deferrals = Int64(view.deferrals)
    preemptions = Int64(view.preemptions)
    priority = Int64(view.priority)
    ttft_slo_ns = view.ttftTarget?.nanoseconds ?? -1
    tpot_slo_ns = view.tpotTarget?.nanoseconds ?? -1
    deadline_ns = view.deadline?.nanoseconds ?? -1
    instance = Int64(view.instance.index)
    prefill_instance = Int64(view.prefillInstance.index)
    decode_instance = Int64(view.decodeInstance.index)
    migrating_to = Int64(view.migrationTarget.index)
  }
}
