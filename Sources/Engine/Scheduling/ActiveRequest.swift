/// Where an active request stands. It is in one place at a time.
enum RequestPlace: UInt8 {
  /// Not in the cluster: the slot is vacant, or the request is about to be admitted or has just been told off.
  case none
  /// Parked before its prompt, or between its prompt and a decode instance.
  case gateway
  /// In an instance's waiting queue.
  case waiting
  /// Bound for an instance's waiting queue, once blocks of its prompt have come from a tier.
  case loading
  /// Running, with prompt tokens (or, after a preemption, generated ones) still to compute.
  case prefilling
  /// Running, between two tokens, and left out of the decode batch for now.
  case paused
  /// Running in the decode batch, whose accounting is lazy: `computed` and `reached` are stale.
  case decoding
  /// Its prompt is done; waits for blocks on the decode side.
  case reserving
  /// Its KV cache is on the way.
  case transferring
  /// Its KV cache has arrived; waits for a place in the running set.
  case ready
  /// Decoding until a moment ago; the last part of its KV cache is on the way to another instance.
  case migrating
}

/// How far a KV cache has come that is sent while its prompt is computed.
enum StreamState: UInt8 {
  /// Not sent like this.
  case none
  /// Waits for blocks on the decode side.
  case reserving
  /// On the way.
  case sending
  /// All of it has arrived, and the iteration that computed it has not ended.
  case sent
  /// Its request was preempted: what it holds is given back when the instant settles.
  case broken
}

/// A request between its arrival and its end.
struct ActiveRequest {
  var id = RequestID.none
  var place = RequestPlace.none
  /// Whose queues it stands in; for `reserving` and `transferring` the instance that still holds its KV cache.
  var instance = InstanceID.none
  var promptTokens: Int32 = 0
  /// Prompt and output together.
  var target: Int32 = 0
  /// Tokens whose KV exists here or is being computed: moves when an iteration starts.
  var computed: Int32 = 0
  /// Prompt and generated tokens so far: moves when an iteration ends.
  var reached: Int32 = 0
  /// Value that the decode batch gave at joining; means something to it alone.
  var ticket = 0
  /// Distinguishes this joining of a decode batch from every other one.
  var stamp = 0
  /// Place in the order of admission to a running set; the last admitted is preempted first.
  var order = 0
  /// Step that last scheduled it; compared with `Instance.stepNumber`.
  var scheduledIn = 0
  /// When it joined the queue, or its KV cache arrived: batches that were chosen before do without it.
  var queuedAt = SimTime.zero
  /// Moment of its latest token, while it is not in a decode batch.
  var lastToken = SimTime.never
  /// KV blocks on `instance`, and those promised where it goes: on the decode side, or where it is migrated to.
  var held = KVHolding()
  var incoming = KVHolding()
  /// Block keys for the block size `keyBlockSize`; empty where contents are unknown or caching is off.
  var keys = BlockKeys()
  var keyBlockSize: Int32 = 0
  /// Gaps between its tokens, in ns; kept on request.
  var gaps: ContiguousArray<Int64> = []
  /// Iteration of its decode batch at which it joined, for `gaps`.
  var joinedAt = 0
  /// Prompt tokens that the prefix cache saved at its latest admission.
  var cachedTokens: Int32 = 0
  var preemptions: Int32 = 0
  var deferrals: Int32 = 0
  /// Output length that policies are told; −1 is the mean so far.
  var predictedOutput: Int32 = -1
  /// When its last token should be there.
  var deadline = SimTime.never
  /// Its prompt was done on a prefill instance, which has handed it over or is about to.
  var isHandedOver = false
  var stream = StreamState.none
  /// Of a broken stream: it had been promised blocks.
  var hadBlocks = false
  /// Decodes where its prompt was computed, though that is a prefill instance.
  var stays = false
  /// Pieces of its prompt that are on their way from tiers.
  var loads: Int32 = 0
  /// Is being moved to another instance while it decodes; `MigrationState` knows where.
  var isMigrating = false
  /// Decode instance that the policy chose together with the one for the prompt.
  var plannedDecode = InstanceID.none

  /// Its KV cache is complete, and its next token still comes from the last one that was computed.
  var repeatsLast = false
  /// Lost its KV cache to a fault, and computes prompt and generated tokens as one prompt.
  var isRestarted = false
  /// Tokens whose KV a fault took, and that are still to be computed again.
  var lost: Int32 = 0
  /// The fault that it has not recovered from; −1 is none.
  var fault: Int32 = -1

  /// What was promised is held from now on; what was held before is given up already.
  mutating func holdIncoming() {
    swap(&held, &incoming)
    if incoming.blocks > 0 { incoming = KVHolding() }
  }

  /// Tokens to compute before it can generate the next one.
  var remaining: Int { Int(reached - computed) }
  var hasFirstToken: Bool { reached > promptTokens }
}
