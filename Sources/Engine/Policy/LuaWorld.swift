import CLua

/// The world of the hook call under way, as C calls back into it.
///
/// One virtual call for each question, and no existential on the two hot ones: filling the state of an instance and of
/// a request. C holds it unretained, and only during the call.
class LuaWorld {
  let handle: OpaquePointer
  init(_ handle: OpaquePointer) { self.handle = handle }

  func fill(_ instance: InstanceID, _ state: UnsafeMutablePointer<clua_instance_state>) {}
  func fill(_ request: RequestRef, _ state: UnsafeMutablePointer<clua_request_state>) -> Bool {
    false
  }
  var world: any PolicyWorld { fatalError("a subclass answers") }
  /// nil outside `batch`.
  var step: (any PolicyStep)? { nil }

  static func from(_ context: UnsafeMutableRawPointer?) -> LuaWorld? {
    context.map { Unmanaged<LuaWorld>.fromOpaque($0).takeUnretainedValue() }
  }
}

/// Holds a world of one type while it is lent; kept by the machine and used again for the next call.
class LuaWorldBox<World: PolicyWorld>: LuaWorld {
  /// Initialised during `lend` only. A pointer, because reads through it need no exclusivity check.
  fileprivate let current = UnsafeMutablePointer<World>.allocate(capacity: 1)

  deinit { current.deallocate() }

  /// Makes `world` the one that C asks while `body` runs.
  final func lend<Result>(_ world: World, _ body: () -> Result) -> Result {
    current.initialize(to: world)
    clua_lend(handle, Unmanaged<LuaWorld>.passUnretained(self).toOpaque())
    defer {
      clua_lend(handle, nil)
      current.deinitialize(count: 1)
    }
    return body()
  }

  override func fill(_ instance: InstanceID, _ state: UnsafeMutablePointer<clua_instance_state>) {
    state.pointee.fill(from: current.pointee.instanceView(instance))
  }

  override func fill(_ request: RequestRef, _ state: UnsafeMutablePointer<clua_request_state>)
    -> Bool
  {
    guard let view = current.pointee.requestView(request) else { return false }
    state.pointee.fill(from: view)
    return true
  }

  override var world: any PolicyWorld { current.pointee }
}

/// The same for a step.
final class LuaStepBox<Step: PolicyStep>: LuaWorldBox<Step> {
  override var step: (any PolicyStep)? { current.pointee }
}
