/// Where the engine asks for decisions. `NativePolicy` and `LuaPolicy` implement it; nothing else knows that Lua exists.
///
/// Every hook is called at one instant with a `world` that shows the state of that instant and is valid during the call only.
/// A hook that is not in `hooks` is never called: the engine then takes its native default.
public protocol Policy {
  /// Hooks that are bound.
  var hooks: HookSet { get }
  /// Ask `batch` at every iteration instead of only when membership may change.
  var everyIteration: Bool { get }
  /// Ask every parked request when something changes, instead of stopping at the first `nil`.
  var gatewayScan: Bool { get }

  mutating func initialize(_ world: some PolicyWorld) throws(PolicyError)
  mutating func admit(_ request: RequestRef, _ world: some PolicyWorld) throws(PolicyError)
    -> AdmitDecision
  /// An instance among `candidates`, or `.none` to wait.
  mutating func route(
    _ request: RequestRef, candidates: ContiguousArray<InstanceID>, stage: RequestStage,
    _ world: some PolicyWorld
  ) throws(PolicyError) -> InstanceID
  /// Forms an iteration: changes `step`, or returns limits for the native scheduler.
  mutating func batch(_ instance: InstanceID, _ step: some PolicyStep) throws(PolicyError)
    -> BatchLimits?
  mutating func firstToken(_ request: RequestRef, _ world: some PolicyWorld) throws(PolicyError)
  mutating func finish(_ request: RequestRef, _ world: some PolicyWorld) throws(PolicyError)
  /// JSON text of the table that `done` returned, merged into the summary under `policy`; nil without one.
  mutating func done(_ summary: PolicySummary, _ world: some PolicyWorld) throws(PolicyError)
    -> String?
  /// For each bound hook: name, calls, and host time in nanoseconds.
  var hookCosts: [HookCost] { get }
}

public struct HookSet: OptionSet, Sendable, Hashable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  public static let initialize = HookSet(rawValue: 1 << 0)
  public static let admit = HookSet(rawValue: 1 << 1)
  public static let route = HookSet(rawValue: 1 << 2)
  public static let routeDecode = HookSet(rawValue: 1 << 3)
  public static let batch = HookSet(rawValue: 1 << 4)
  public static let firstToken = HookSet(rawValue: 1 << 5)
  public static let finish = HookSet(rawValue: 1 << 6)
  public static let done = HookSet(rawValue: 1 << 7)
}

public struct HookCost: Sendable, Equatable {
  public var hook: String
  /// File that defines it.
  public var file: String
  public var calls: Int
  /// Host time, not simulated; shown on the console, kept out of every result file.
  public var hostNanoseconds: Int
  public init(hook: String, file: String, calls: Int, hostNanoseconds: Int) {
    self.hook = hook
    self.file = file
    self.calls = calls
    self.hostNanoseconds = hostNanoseconds
  }
}

public enum AdmitDecision: Equatable, Sendable {
  case admit
  case reject(reason: String)
  /// Ask again after this long; positive.
  case postpone(SimDuration)
}
