/// What held requests up most, in one line.
///
/// The rule: of the four waits that a request can meet, the one that takes the largest share of all time spent in the
/// system names the bottleneck, if that share is large enough; peaks and utilisation then say what is behind it.
///
/// | largest wait | and | bottleneck |
/// |---|---|---|
/// | for KV blocks on the decode side | | decode memory |
/// | for the KV transfer | | network |
/// | for a place in a decode batch | | decode compute |
/// | before the prompt | KV cache of an instance that takes prompts was full | KV memory |
/// | before the prompt | an instance that takes prompts was busy nearly always | prefill compute |
/// | before the prompt | neither | limits or policy |
/// | none is large | preemptions, with a decode-side KV cache full | decode memory |
/// | none is large | | not saturated |
public enum Bottleneck: Sendable, Equatable {
  case decodeMemory(waitShare: Double, peak: Double, preemptions: Int)
  case decodeCompute(waitShare: Double, busy: Double)
  case prefillCompute(waitShare: Double, busy: Double)
  case promptMemory(waitShare: Double, peak: Double)
  case network(waitShare: Double)
  case policy(waitShare: Double, busy: Double)
  case notSaturated

  /// Share of time in the system from which a wait counts as a bottleneck. Unit: fraction. Origin: guess.
  static let waitThreshold = 0.10
  /// Peak from which a KV cache counts as full. Unit: fraction of its capacity. Origin: guess.
  static let fullThreshold = 0.95
  /// Utilisation from which an instance counts as always busy. Unit: fraction of the run. Origin: guess.
  static let busyThreshold = 0.80

  init(of run: RunSummary) {
    guard let inSystem = run.endToEnd?.total, inSystem > 0 else {
      self = .notSaturated
      return
    }
    func waitShare(_ wait: Distribution?) -> Double { (wait?.total ?? 0) / inSystem }
    let prompts = run.instances.filter { $0.role.takesPrompts }
    let decodes = run.instances.filter { $0.role.takesDecodes }
    let decodePeak = decodes.map(\.kvPeak).max() ?? 0
    let promptPeak = prompts.map(\.kvPeak).max() ?? 0
    let promptBusy = prompts.map(\.utilization).max() ?? 0

    let queueing = waitShare(run.queueing)
    let kvWait = waitShare(run.kvWait)
    let transfer = waitShare(run.transfer)
    let decodeQueue = waitShare(run.decodeQueue)
    let largest = max(queueing, kvWait, transfer, decodeQueue)

    if largest < Self.waitThreshold {
      let isFull = decodePeak >= Self.fullThreshold
      self =
        isFull && run.preemptions > 0
        ? .decodeMemory(waitShare: kvWait, peak: decodePeak, preemptions: run.preemptions)
        : .notSaturated
    } else if kvWait == largest {
      self = .decodeMemory(waitShare: kvWait, peak: decodePeak, preemptions: run.preemptions)
    } else if transfer == largest {
      self = .network(waitShare: transfer)
    } else if decodeQueue == largest {
      self = .decodeCompute(
        waitShare: decodeQueue, busy: decodes.map(\.utilization).max() ?? 0)
    } else if promptPeak >= Self.fullThreshold {
      self = .promptMemory(waitShare: queueing, peak: promptPeak)
    } else if promptBusy >= Self.busyThreshold {
      self = .prefillCompute(waitShare: queueing, busy: promptBusy)
    } else {
      self = .policy(waitShare: queueing, busy: promptBusy)
    }
  }

  /// Two or three words.
  public var name: String {
    switch self {
    case .decodeMemory: "decode memory"
    case .decodeCompute: "decode compute"
    case .prefillCompute: "prefill compute"
    case .promptMemory: "KV memory"
    case .network: "network"
    case .policy: "limits or policy"
    case .notSaturated: "not saturated"
    }
  }

  /// The numbers behind the name, in a few words each; empty when nothing is saturated.
  public var reasons: [String] {
    func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
    switch self {
    case .decodeMemory(let wait, let peak, let preemptions):
      return [
        "KV peak \(percent(peak))", "\(percent(wait)) of latency waits for blocks",
        "\(preemptions) preemptions",
      ]
    case .decodeCompute(let wait, let busy):
      return ["\(percent(wait)) of latency waits for a decode batch", "busy \(percent(busy))"]
    case .prefillCompute(let wait, let busy):
      return ["\(percent(wait)) of latency waits before the prompt", "busy \(percent(busy))"]
    case .promptMemory(let wait, let peak):
      return ["\(percent(wait)) of latency waits before the prompt", "KV peak \(percent(peak))"]
    case .network(let wait):
      return ["\(percent(wait)) of latency is KV transfer"]
    case .policy(let wait, let busy):
      return [
        "\(percent(wait)) of latency waits before the prompt", "busy only \(percent(busy))",
      ]
    case .notSaturated:
      return []
    }
  }
}
