import CLua

/// The world of the hook call under way, as C calls back into it: one box for each type of world, used again and again.
///
/// C holds it unretained, and only during the call.
final class LuaWorld {
  let handle: OpaquePointer
  /// The type of world that it can hold.
  let type: ObjectIdentifier
  let questions: LuaQuestions
  /// nil outside `batch`.
  let stepQuestions: LuaStepQuestions?
  /// Where the world is while it is lent.
  private let place: UnsafeMutableRawPointer

  /// - Parameter steps: what the world answers as a step; nil for one that is none.
  @inline(__always)
  init<World: PolicyWorld>(
    _ handle: OpaquePointer, holding: World.Type,
    steps: (UnsafeMutablePointer<World>) -> LuaStepQuestions? = { _ in nil }
  ) {
    let current = UnsafeMutablePointer<World>.allocate(capacity: 1)
    self.handle = handle
    type = ObjectIdentifier(World.self)
    place = UnsafeMutableRawPointer(current)
    questions = LuaQuestions(current)
    stepQuestions = steps(current)
  }

  deinit { place.deallocate() }

  /// Makes `world` the one that C asks while `body` runs.
  @inline(__always)
  func lend<World: PolicyWorld, Result>(_ world: World, _ body: () -> Result) -> Result {
    let current = place.initializeMemory(as: World.self, to: world)
    clua_lend(handle, Unmanaged.passUnretained(self).toOpaque())
    defer {
      clua_lend(handle, nil)
      current.deinitialize(count: 1)
    }
    return body()
  }

  func label(_ which: clua_type, of request: RequestRef) -> String? {
    let world = questions.world()
    switch which {
    case CLUA_CLASS: return world.className(request)
    case CLUA_TENANT: return world.tenantName(request)
    default: return world.sessionName(request)
    }
  }

  static func from(_ context: UnsafeMutableRawPointer?) -> LuaWorld? {
    context.map { Unmanaged<LuaWorld>.fromOpaque($0).takeUnretainedValue() }
  }
}

/// The questions that policies ask most, as functions that the compiler has made for one type of world.
///
/// A witness table would do as well, but for a generic world each call through it looks its types up at run time, which
/// takes longer than the answer. Rare questions go through `world`.
struct LuaQuestions {
  let fillInstance: (InstanceID, UnsafeMutablePointer<clua_instance_state>) -> Void
  /// False once the request has ended.
  let fillRequest: (RequestRef, UnsafeMutablePointer<clua_request_state>) -> Bool
  let list: (_ instance: InstanceID, _ running: Bool) -> ContiguousArray<RequestRef>
  let prefixHitTokens: (RequestRef, InstanceID) -> Int
  let world: () -> any PolicyWorld

  @inline(__always)
  init<World: PolicyWorld>(_ current: UnsafeMutablePointer<World>) {
    fillInstance = { id, state in state.pointee.fill(from: current.pointee.instanceView(id)) }
    fillRequest = { request, state in
      guard let view = current.pointee.requestView(request) else { return false }
      state.pointee.fill(from: view)
      return true
    }
    list = { id, running in
      running ? current.pointee.running(id) : current.pointee.waiting(id)
    }
    prefixHitTokens = { current.pointee.prefixHitTokens($0, $1) }
    world = { current.pointee }
  }
}

/// The same for what `batch` asks of its step.
struct LuaStepQuestions {
  let tokens: () -> Int
  let budget: () -> Int
  let seqs: () -> Int
  let canAllocate: (RequestRef, _ tokens: Int) -> Bool
  let decode: (RequestRef) -> StepRefusal?
  let decodeAll: () -> Int
  let prefill: (RequestRef, _ tokens: Int) -> StepRefusal?
  let preempt: (RequestRef) -> StepRefusal?

  @inline(__always)
  init<Step: PolicyStep>(_ current: UnsafeMutablePointer<Step>) {
    tokens = { current.pointee.tokens }
    budget = { current.pointee.budget }
    seqs = { current.pointee.seqs }
    canAllocate = { current.pointee.canAllocate($0, tokens: $1) }
    decode = { current.pointee.decode($0) }
    decodeAll = { current.pointee.decodeAll() }
    prefill = { current.pointee.prefill($0, tokens: $1) }
    preempt = { current.pointee.preempt($0) }
  }
}
