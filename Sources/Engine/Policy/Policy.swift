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
  ) throws(PolicyError) -> RouteDecision
  /// Forms an iteration: changes `step`, or returns limits for the native scheduler.
  mutating func batch(_ instance: InstanceID, _ step: some PolicyStep) throws(PolicyError)
    -> BatchLimits?
  /// The request among `candidates` to preempt for `neededTokens` more tokens of KV; nil is the last to be admitted.
  mutating func preempt(
    _ instance: InstanceID, candidates: ContiguousArray<RequestRef>, neededTokens: Int,
    _ world: some PolicyWorld
  ) throws(PolicyError) -> RequestRef?
  /// Place among `candidates` of the cached blocks to go first, of at most `neededBlocks` that are about to be taken; nil is
  /// the least recently used, for these and all that follow.
  mutating func evict(
    _ instance: InstanceID, candidates: ContiguousArray<CachedPrefix>, neededBlocks: Int,
    _ world: some PolicyWorld
  ) throws(PolicyError) -> Int?
  /// Simulated time between calls of `tick`; nil without one.
  var tickInterval: SimDuration? { get }
  mutating func tick(_ world: some PolicyWorld) throws(PolicyError)
  /// Tells of something that has happened to a request.
  mutating func observe(
    _ moment: RequestMoment, of request: RequestRef, _ world: some PolicyWorld
  ) throws(PolicyError)
  /// An instance is down. What becomes of the requests that lost it, in order of arrival.
  mutating func instanceDown(
    _ instance: InstanceID, _ requests: ContiguousArray<RequestRef>, _ world: some PolicyWorld
  ) throws(PolicyError) -> RetryDecision
  /// An instance is there again, with nothing cached.
  mutating func instanceUp(_ instance: InstanceID, _ world: some PolicyWorld) throws(PolicyError)
  /// An instance has another role from now on.
  mutating func roleChanged(_ instance: InstanceID, to role: InstanceRole)
  /// JSON text of the table that `done` returned, merged into the summary under `policy`; nil without one.
  mutating func done(_ summary: PolicySummary, _ world: some PolicyWorld) throws(PolicyError)
    -> String?
  /// For each bound hook: name, calls, and host time in nanoseconds.
  var hookCosts: [HookCost] { get }
}

extension Policy {
  public mutating func roleChanged(_ instance: InstanceID, to role: InstanceRole) {}
  public mutating func firstToken(_ request: RequestRef, _ world: some PolicyWorld)
    throws(PolicyError)
  { try observe(.firstToken, of: request, world) }
  public mutating func finish(_ request: RequestRef, _ world: some PolicyWorld)
    throws(PolicyError)
  { try observe(.finish, of: request, world) }
}

public struct HookSet: OptionSet, Sendable, Hashable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  public static let initialize = HookSet(rawValue: 1 << 0)
  public static let admit = HookSet(rawValue: 1 << 1)
  public static let route = HookSet(rawValue: 1 << 2)
  public static let routeDecode = HookSet(rawValue: 1 << 3)
  public static let batch = HookSet(rawValue: 1 << 4)
  public static let preempt = HookSet(rawValue: 1 << 5)
  public static let tick = HookSet(rawValue: 1 << 6)
  public static let firstToken = HookSet(rawValue: 1 << 7)
  public static let finish = HookSet(rawValue: 1 << 8)
  public static let reject = HookSet(rawValue: 1 << 9)
  public static let preempted = HookSet(rawValue: 1 << 10)
  public static let transfer = HookSet(rawValue: 1 << 11)
  public static let instanceDown = HookSet(rawValue: 1 << 12)
  public static let instanceUp = HookSet(rawValue: 1 << 13)
  public static let done = HookSet(rawValue: 1 << 14)
  public static let evict = HookSet(rawValue: 1 << 15)

  /// Those in which a policy may have something done to the cluster, such as to move a request.
  public static let acting: HookSet = [
    .tick, .firstToken, .finish, .reject, .preempted, .transfer, .instanceDown, .instanceUp,
  ]
}

/// What a policy can be told of.
public enum RequestMoment: Sendable {
  /// Its first token is there.
  case firstToken
  /// Its last token is there.
  case finish
  /// It was refused.
  case reject
  /// It lost its KV cache and waits to be computed again.
  case preempted
  /// Its KV cache has arrived where it decodes.
  case transfer

  public var hook: HookSet {
    switch self {
    case .firstToken: .firstToken
    case .finish: .finish
    case .reject: .reject
    case .preempted: .preempted
    case .transfer: .transfer
    }
  }
}

/// Where a request goes; `.none` is to wait, and for `decode` to be asked later.
public struct RouteDecision: Equatable, Sendable {
  public var instance: InstanceID
  /// Chosen together with the prefill instance.
  public var decode: InstanceID
  /// After the prompt alone.
  public var handOff = HandOff.moves

  public init(_ instance: InstanceID, decode: InstanceID = .none) {
    self.instance = instance
    self.decode = decode
  }
}

/// How a request whose prompt is done goes on.
public enum HandOff: Sendable {
  /// Its KV cache moves to the instance.
  case moves
  /// It decodes where its prompt was computed, whatever the role of that instance.
  case stays
  /// Its KV cache is dropped, and computed again on the instance.
  case recomputes
}

/// What becomes of requests that have lost their instance: those not named begin anew.
public struct RetryDecision: Equatable, Sendable {
  public var rejected: ContiguousArray<RequestRef> = []
  public var reason = "its instance is down"
  public init() {}
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
