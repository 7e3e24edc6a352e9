/// Queues, KV blocks and batch of one serving instance. Knows nothing of time's cost, of other instances or of policies.
///
/// The running set is in three parts: `prefilling` (prompt not done), `batch` (decoding), and `paused` (between two tokens,
/// not in the last iteration). Owns plain memory, which ends with `deallocate`. Requests are slots of the table of active requests; whoever changes an instance hands its
/// rows along.
///
/// Never copied. Methods of the hot loops are `mutating` even where they only look, since the compiler passes those an
/// address, and others a copy of all fields.
struct Instance<Batch: DecodeBatch>: ~Copyable {
  let id: InstanceID
  var role: InstanceRole
  let limits: SchedulerLimits

  var pool: KVBlockPool
  /// Blocks of the pool that are promised to transfers under way; the pool counts them as held.
  var reservedBlocks = 0
  /// Most blocks held at any instant, promised ones included.
  private(set) var peakBlocks = 0

  /// Requests whose prompt waits: in order of arrival here, preempted ones in front.
  var waiting = PlainQueue<Int32>()
  /// Tokens that those have still to compute.
  var waitingTokens = 0
  /// How many of those were preempted.
  var preemptedWaiting = 0
  /// Requests whose KV cache has arrived, in order of arrival.
  var ready = PlainQueue<Int32>()
  /// Requests that want to come here, and wait for blocks on the side where they are.
  var reservations = PlainQueue<Int32>()
  /// The running set in order of admission, and its three parts.
  var running = Pile<Int32>()
  var prefilling = Pile<Int32>()
  var paused = Pile<Int32>()
  var batch: Batch

  /// Batches are chosen an iteration ahead; see `Instance+Asynchronous`.
  let isAsynchronous: Bool
  /// What the batch in the making may know of: later requests do not exist for it.
  var horizon = SimTime.never
  /// Blocks and places of requests that ended or moved on with the iteration whose end is the present instant.
  var leaving: ContiguousArray<KVHolding> = []

  /// Routed here and neither finished nor moved on.
  var inflight = 0
  var transfersIn = 0
  var transfersOut = 0
  var counters = SchedulingCounters()

  /// The iteration in the making, or the one under way.
  var step = Step()
  /// End of the last iteration.
  var lastEnd = SimTime.never
  /// May the next iteration have other members than the last one?
  var needsDecision = true
  /// Ends of iterations, for gaps on request: `endLog[k]` is the end of iteration `logStart + k`.
  let keepsGaps: Bool
  var endLog: ContiguousArray<Int64> = []
  var logStart = 1

  private var sequence = 0
  private let tracksExtremes: Bool

  init(
    id: InstanceID, role: InstanceRole, limits: SchedulerLimits, blocks: Int, tracksExtremes: Bool,
    keepsGaps: Bool, isAsynchronous: Bool = false
  ) {
    self.id = id
    self.role = role
    self.limits = limits
    self.keepsGaps = keepsGaps
    self.tracksExtremes = tracksExtremes
    self.isAsynchronous = isAsynchronous
    pool = KVBlockPool(capacity: blocks, blockSize: limits.blockSize)
    batch = Batch(blockSize: limits.blockSize, tracksExtremes: tracksExtremes)
  }

  func deallocate() {
    pool.deallocate()
    batch.deallocate()
    waiting.deallocate()
    ready.deallocate()
    reservations.deallocate()
    running.deallocate()
    prefilling.deallocate()
    paused.deallocate()
    step.chunks.deallocate()
    step.joined.deallocate()
    step.fresh.deallocate()
  }

  /// Forgets all requests and blocks, cached ones too. The caller has seen to their rows.
  mutating func clear() {
    let (clock, journal) = (pool.clock, pool.journal)
    pool.deallocate()
    pool = KVBlockPool(capacity: pool.capacity, blockSize: limits.blockSize)
    pool.clock = clock
    pool.journal = journal
    reservedBlocks = 0
    waiting.removeAll()
    waitingTokens = 0
    preemptedWaiting = 0
    ready.removeAll()
    reservations.removeAll()
    running.removeAll()
    prefilling.removeAll()
    paused.removeAll()
    leaving.removeAll()
    batch.deallocate()
    batch = Batch(blockSize: limits.blockSize, tracksExtremes: tracksExtremes)
    inflight = 0
    transfersIn = 0
    transfersOut = 0
    step.chunks.removeAll()
    step.joined.removeAll()
    step.fresh.removeAll()
    step.preempted.removeAll()
    needsDecision = true
    endLog.removeAll()
    logStart = 1
  }

  /// Requests that run or wait here, those on the way included.
  var waitingCount: Int { waiting.count + ready.count + reservations.count + transfersIn }

  /// Has it nobody running, waiting or ready, and nothing to give back? Then there is no iteration to form.
  var isDeserted: Bool {
    mutating get {
      running.isEmpty && waiting.isEmpty && ready.isEmpty && leaving.isEmpty
    }
  }

  mutating func notePeak() { peakBlocks = max(peakBlocks, pool.held) }

  /// Numbers in order of admission.
  mutating func nextOrder() -> Int {
    sequence += 1
    return sequence
  }

  /// Numbers that no other instance gives.
  mutating func nextStamp() -> Int { nextOrder() << 24 | Int(id.index) }
}

/// What schedulers count for the summary.
struct SchedulingCounters {
  var prefixQueries = 0
  var prefixHits = 0
  var preemptions = 0
  var recomputedTokens = 0
  /// Of those that faults took.
  var repeatedTokens = 0
}

/// A piece of a prompt that one iteration computes.
struct PromptChunk {
  var slot: Int32
  /// Tokens computed before it.
  var before: Int
  var tokens: Int
}

/// What one iteration computes: chunks of prompts, and the decode batch.
struct Step {
  /// Counts the steps of an instance.
  var number = 0
  /// Most tokens, most requests in the running set, most tokens of one prompt.
  var budget = 0
  var maxSeqs = 0
  var chunkTokens = Int.max
  /// Tokens and requests scheduled so far.
  var tokens = 0
  var seqs = 0
  var chunks = Pile<PromptChunk>()
  /// Every running decode request takes part, without a mark of its own.
  var takesAllDecodes = false
  /// Decode requests marked one by one.
  var markedDecodes = 0
  var preemptions = 0
  /// Those who were, in that order.
  var preempted: ContiguousArray<Int32> = []
  var admissions = 0
  /// Requests that the batch took in for this step, and those of them whose last token is not the last iteration's.
  var joined = Pile<Int32>()
  var fresh = Pile<Int32>()

  var isEmpty: Bool { seqs == 0 }
  var room: Int { budget - tokens }
}
