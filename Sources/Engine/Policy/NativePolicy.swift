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
  ) -> InstanceID { candidates.first ?? .none }
  public mutating func batch(_ instance: InstanceID, _ step: some PolicyStep) -> BatchLimits? {
    BatchLimits()
  }
  public mutating func firstToken(_ request: RequestRef, _ world: some PolicyWorld) {}
  public mutating func finish(_ request: RequestRef, _ world: some PolicyWorld) {}
  public mutating func done(_ summary: PolicySummary, _ world: some PolicyWorld) -> String? { nil }
}
