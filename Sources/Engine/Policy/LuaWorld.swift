import CLua

/// The world of the hook call under way, as C calls back into it: one box for each type of world, used again and again.
///
/// C holds it unretained, and only during the call. The questions that policies ask most are functions that the compiler
/// has made for one type of world; each gets the place where the world is. A witness table would do as well, but for a
/// generic world each call through it looks its types up at run time, which takes longer than the answer. They are members
/// of a class, and capture nothing, so that asking one counts no references.
final class LuaWorld {
  typealias Place = UnsafeMutableRawPointer

  let handle: OpaquePointer
  private let keepsViews: Bool
  /// The type of world that it can hold.
  let type: ObjectIdentifier
  /// Where the world is while it is lent.
  let place: Place

  /// Until when the state holds, in ns.
  let fillInstance: (Place, InstanceID, UnsafeMutablePointer<clua_instance_state>) -> Int64
  /// False once the request has ended.
  let fillRequest: (Place, RequestRef, UnsafeMutablePointer<clua_request_state>) -> Bool
  /// Writes what waits or runs on an instance into the machine's scratch space; -1 is out of memory.
  let copyRequests: (Place, OpaquePointer, InstanceID, _ running: Bool) -> Int64
  let prefixHitTokens: (Place, RequestRef, InstanceID) -> Int
  /// For rare questions.
  private let anyWorld: (Place) -> any PolicyWorld
  /// Outside `batch` these refuse nothing and do nothing.
  let step: LuaStepQuestions

  /// - Parameter step: what the world answers as a step; of one that is none, nothing.
  @inline(__always)
  init<World: PolicyWorld>(
    _ handle: OpaquePointer, holding: World.Type, keepsViews: Bool,
    step: LuaStepQuestions = LuaStepQuestions()
  ) {
    self.handle = handle
    self.keepsViews = keepsViews
    self.step = step
    type = ObjectIdentifier(World.self)
    place = Place(UnsafeMutablePointer<World>.allocate(capacity: 1))
    fillInstance = { place, id, state in
      let world = place.assumingMemoryBound(to: World.self)
      state.pointee.fill(from: world.pointee.instanceView(id))
      return world.pointee.viewHolds(id).nanoseconds
    }
    fillRequest = { place, request, state in
      guard
        let view = place.assumingMemoryBound(to: World.self).pointee.requestView(request)
      else { return false }
      state.pointee.fill(from: view)
      return true
    }
    copyRequests = { place, handle, id, running in
      let world = place.assumingMemoryBound(to: World.self)
      let count = world.pointee.requestCount(id, running: running)
      guard let space = clua_scratch(handle, (count + 1) * MemoryLayout<RequestRef>.stride) else {
        return -1
      }
      // A RequestRef is two words of 32 bits in the order of clua_request.
      world.pointee.copyRequests(
        id, running: running, to: space.bindMemory(to: RequestRef.self, capacity: count + 1))
      return Int64(count)
    }
    prefixHitTokens = { place, request, id in
      place.assumingMemoryBound(to: World.self).pointee.prefixHitTokens(request, id)
    }
    anyWorld = { $0.assumingMemoryBound(to: World.self).pointee }
  }

  deinit { place.deallocate() }

  var world: any PolicyWorld { anyWorld(place) }

  /// Makes `world` the one that C asks while `body` runs.
  @inline(__always)
  func lend<World: PolicyWorld, Result>(_ world: World, _ body: () -> Result) -> Result {
    let current = place.initializeMemory(as: World.self, to: world)
    clua_lend(
      handle, Unmanaged.passUnretained(self).toOpaque(), keepsViews ? world.viewVersions : nil)
    defer {
      clua_lend(handle, nil, nil)
      current.deinitialize(count: 1)
    }
    return body()
  }

  func label(_ which: clua_type, of request: RequestRef) -> String? {
    let world = world
    switch which {
    case CLUA_CLASS: return world.className(request)
    case CLUA_TENANT: return world.tenantName(request)
    default: return world.sessionName(request)
    }
  }

  /// Asks the world that C was lent; outside a call there is none, and the answer is `nobody`.
  @inline(__always)
  static func ask<Answer>(
    _ context: UnsafeMutableRawPointer?, else nobody: Answer, _ question: (LuaWorld) -> Answer
  ) -> Answer {
    guard let context else { return nobody }
    return Unmanaged<LuaWorld>.fromOpaque(context)._withUnsafeGuaranteedRef(question)
  }
}

/// What `batch` asks of its step, as `LuaWorld` what hooks ask of their world.
final class LuaStepQuestions {
  typealias Place = LuaWorld.Place
  let tokens: (Place) -> Int
  let budget: (Place) -> Int
  let seqs: (Place) -> Int
  let canAllocate: (Place, RequestRef, _ tokens: Int) -> Bool
  let decode: (Place, RequestRef) -> StepRefusal?
  let decodeAll: (Place) -> (taken: Int, left: Int)
  let prefill: (Place, RequestRef, _ tokens: Int) -> StepRefusal?
  let preempt: (Place, RequestRef) -> StepRefusal?

  /// Of a world that is no step.
  init() {
    tokens = { _ in 0 }
    budget = { _ in 0 }
    seqs = { _ in 0 }
    canAllocate = { _, _, _ in false }
    decode = { _, _ in nil }
    decodeAll = { _ in (0, 0) }
    prefill = { _, _, _ in nil }
    preempt = { _, _ in nil }
  }

  @inline(__always)
  init<Step: PolicyStep>(forming: Step.Type) {
    tokens = { $0.assumingMemoryBound(to: Step.self).pointee.tokens }
    budget = { $0.assumingMemoryBound(to: Step.self).pointee.budget }
    seqs = { $0.assumingMemoryBound(to: Step.self).pointee.seqs }
    canAllocate = { place, request, tokens in
      place.assumingMemoryBound(to: Step.self).pointee.canAllocate(request, tokens: tokens)
    }
    decode = { place, request in
      place.assumingMemoryBound(to: Step.self).pointee.decode(request)
    }
    decodeAll = { $0.assumingMemoryBound(to: Step.self).pointee.decodeAll() }
    prefill = { place, request, tokens in
      place.assumingMemoryBound(to: Step.self).pointee.prefill(request, tokens: tokens)
    }
    preempt = { place, request in
      place.assumingMemoryBound(to: Step.self).pointee.preempt(request)
    }
  }
}
