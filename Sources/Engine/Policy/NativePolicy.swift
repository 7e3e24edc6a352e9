/// No hook at all: every decision is the engine's own.
///
/// Requests go to the least loaded instance, batches are formed as vLLM V1 forms them, and everyone is admitted.
public struct NativePolicy: Policy {
  public init() {}

  public var hooks: HookSet { [] }
  public var everyIteration: Bool { false }
  public var gatewayScan: Bool { false }
  public var hookCosts: [HookCost] { [] }

  public mutating func initialize(_ world: some PolicyWorld) {}
  public mutating func admit(_ request: RequestRef, _ world: some PolicyWorld) -> AdmitDecision {
    .admit
  }
  public mutating func route(
    _ request: RequestRef, candidates: ContiguousArray<InstanceID>, stage: RequestStage,
    _ world: some PolicyWorld
  ) -> RouteDecision { RouteDecision(candidates.first ?? .none) }
  public mutating func batch(_ instance: InstanceID, _ step: some PolicyStep) -> BatchLimits? {
    BatchLimits()
  }
  public mutating func preempt(
    _ instance: InstanceID, candidates: ContiguousArray<RequestRef>, neededTokens: Int,
    _ world: some PolicyWorld
  ) -> RequestRef? { nil }
  public mutating func evict(
    _ instance: InstanceID, candidates: ContiguousArray<CachedPrefix>, neededBlocks: Int,
    _ world: some PolicyWorld
  ) -> Int? { nil }
  public var tickInterval: SimDuration? { nil }
  public mutating func tick(_ world: some PolicyWorld) {}
  public mutating func observe(
    _ moment: RequestMoment, of request: RequestRef, _ world: some PolicyWorld
  ) {}
  public mutating func instanceDown(
    _ instance: InstanceID, _ requests: ContiguousArray<RequestRef>, _ world: some PolicyWorld
  ) -> RetryDecision { RetryDecision() }
  public mutating func instanceUp(_ instance: InstanceID, _ world: some PolicyWorld) {}
  public mutating func done(_ summary: PolicySummary, _ world: some PolicyWorld) -> String? { nil }
}
