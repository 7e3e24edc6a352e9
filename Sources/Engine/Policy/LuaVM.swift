import CLua

/// Owner of one Lua machine: opens and closes it, lends it the world during a hook call, turns its failures into errors.
///
/// The only type that holds the machine's pointer. Used by one thread at a time.
final class LuaVM {
  let handle: OpaquePointer
  let log: LuaLog
  /// Whether the machine knows the instances.
  private var isBound = false
  /// The boxes of the last call, for the next one with a world of the same type. This owns them, and calls count no
  /// references: each would take longer than what it protects.
  private var worldBox: Unmanaged<LuaWorld>?
  private var stepBox: Unmanaged<LuaWorld>?
  private let keepsViews: Bool

  init(_ options: LuaPolicyOptions) throws(PolicyError) {
    keepsViews = options.keepsViews
    var random = RandomStream(seed: options.seed, name: "policy")
    var raw = clua_options()
    raw.random = (random.next(), random.next(), random.next(), random.next())
    raw.memory_limit = max(options.memoryLimit, 1 << 20)
    // A deadline in the far future must not overflow.
    raw.timeout_ns = min(max(options.hookTimeout.nanoseconds, 1), 1 << 60)
    raw.total_timeout_ns = min(max(options.totalTimeout?.nanoseconds ?? 0, 0), 1 << 60)
    raw.max_instructions = Int64(max(options.maxInstructions ?? 0, 0))
    raw.oracle = options.oracle
    log = LuaLog(options.onLog)
    var callbacks = LuaCallbacks.table(log: log)
    let opened = withCStrings(LuaCallbacks.refusals) { refusals in
      withOptionalCString(options.libraryFolder) { folder in
        options.version.withCString { version in
          raw.refusals = refusals.baseAddress
          raw.refusal_count = Int32(refusals.count)
          raw.library_folder = folder
          raw.version = version
          return clua_open(&raw, &callbacks)
        }
      }
    }
    guard let opened else {
      throw PolicyError(file: "policy", problem: "too little memory to start Lua")
    }
    handle = opened
  }

  deinit {
    clua_close(handle)
    worldBox?.release()
    stepBox?.release()
  }

  var memoryUsed: Int { clua_memory_used(handle) }

  /// Runs a hook with the world at hand. `body` gets the time and returns the machine's status.
  @inline(__always)
  func call<World: PolicyWorld>(
    _ hook: clua_hook_id, about subject: LuaSubject, in world: World,
    _ body: (OpaquePointer, Int64) -> clua_status
  ) throws(PolicyError) {
    if let worldBox, worldBox.holds(World.self) {
      return try run(worldBox, hook, subject, world, body)
    }
    worldBox?.release()
    let box = Unmanaged.passRetained(
      LuaWorld(handle, holding: World.self, keepsViews: keepsViews))
    worldBox = box
    try run(box, hook, subject, world, body)
  }

  /// Runs the `batch` hook with the step at hand.
  func call<Step: PolicyStep>(
    forming step: Step, about subject: LuaSubject, _ body: (OpaquePointer, Int64) -> clua_status
  ) throws(PolicyError) {
    if let stepBox, stepBox.holds(Step.self) {
      return try run(stepBox, CLUA_BATCH, subject, step, body)
    }
    stepBox?.release()
    let box = Unmanaged.passRetained(
      LuaWorld(
        handle, holding: Step.self, keepsViews: false, step: LuaStepQuestions(forming: Step.self)))
    stepBox = box
    try run(box, CLUA_BATCH, subject, step, body)
  }

  @inline(__always)
  private func run<World: PolicyWorld>(
    _ box: Unmanaged<LuaWorld>, _ hook: clua_hook_id, _ subject: LuaSubject, _ world: World,
    _ body: (OpaquePointer, Int64) -> clua_status
  ) throws(PolicyError) {
    if !isBound { try bind(world) }
    let status = box._withUnsafeGuaranteedRef { box in
      box.lend(world) { body(handle, world.now.nanoseconds) }
    }
    if status != CLUA_OK {
      throw failure(hook: hook, time: world.now, subject: subject.text(in: world))
    }
  }

  /// Tells the machine which instances there are.
  private func bind(_ world: some PolicyWorld) throws(PolicyError) {
    let facts = (0..<world.instanceCount).map { world.instanceFacts(InstanceID($0)) }
    let status = withCStrings(facts.flatMap { [$0.name, $0.model, $0.hardware] }) { texts in
      let rows = facts.enumerated().map { index, fact in
        clua_instance_facts(
          fact, name: texts[3 * index], model: texts[3 * index + 1], hardware: texts[3 * index + 2])
      }
      return clua_bind_cluster(handle, rows, Int32(rows.count))
    }
    guard status == CLUA_OK else { throw failure() }
    isBound = true
  }

  /// The error that the machine holds.
  func failure(hook: clua_hook_id? = nil, time: SimTime? = nil, subject: String? = nil)
    -> PolicyError
  {
    let error = clua_last_error(handle).pointee
    let suggestion = String(cString: error.suggestion)
    var file = String(cString: error.file)
    if file.isEmpty, let hook { file = self.file(of: hook) }
    // "stack traceback:" and the frames of the simulator itself say nothing to the author of a policy.
    let frames = String(cString: error.traceback).split(separator: "\n").dropFirst()
      .map { $0.drop { $0 == "\t" }.map { $0 == "\t" ? " " : String($0) }.joined() }
      .filter { $0 != "[C]: in ?" && !$0.hasPrefix("stack traceback") }
    return PolicyError(
      file: file.isEmpty ? "policy" : file, line: error.line > 0 ? Int(error.line) : nil,
      hook: hook.map { String(cString: clua_hook_name($0)) }, time: time, subject: subject,
      problem: String(cString: error.problem), suggestion: suggestion.isEmpty ? nil : suggestion,
      traceback: frames)
  }

  /// Path of the file that defines a hook; empty when none does.
  func file(of hook: clua_hook_id) -> String {
    let binding = clua_hook_at(handle, hook).pointee
    guard binding.bound else { return "" }
    return String(cString: clua_policy_at(handle, binding.policy).pointee.path)
  }
}

extension Unmanaged<LuaWorld> {
  fileprivate func holds<World>(_: World.Type) -> Bool {
    _withUnsafeGuaranteedRef { $0.type } == ObjectIdentifier(World.self)
  }
}

/// What a hook is asked about, turned into words only when something went wrong.
enum LuaSubject {
  case run
  case request(RequestRef)
  case instance(InstanceID)

  func text(in world: some PolicyWorld) -> String? {
    switch self {
    case .run: nil
    case .request(let request): "request \(request.id.index)"
    case .instance(let id): "instance \(world.instanceFacts(id).name)"
    }
  }
}

/// Lends C strings that live as long as the body runs.
func withCStrings<Result>(
  _ texts: [String], _ body: (UnsafeBufferPointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
  var bytes: [CChar] = []
  var starts: [Int] = []
  for text in texts {
    starts.append(bytes.count)
    bytes.append(contentsOf: text.utf8CString)
  }
  return bytes.withUnsafeBufferPointer { buffer in
    starts.map { start in buffer.baseAddress.map { $0 + start } }.withUnsafeBufferPointer(body)
  }
}

func withOptionalCString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result)
  -> Result
{
  if let text { text.withCString(body) } else { body(nil) }
}
