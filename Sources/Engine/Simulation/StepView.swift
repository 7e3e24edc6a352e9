/// A batch in the making, as the `batch` hook sees it: the cluster, and the calls that form a step.
struct StepView<Batch: DecodeBatch>: ClusterWindow, PolicyStep {
  let state: UnsafeMutablePointer<ClusterState<Batch>>
  let index: Int

  private var forming: UnsafeMutablePointer<Instance<Batch>> { state.pointee.instances + index }
  private var rows: RequestRows { state.pointee.rows }
  private func isActive(_ request: RequestRef) -> Bool {
    state.pointee.requests.isActive(request)
  }

  /// A scheduler sits in its instance and sees it as it is.
  @inline(__always)
  func instanceView(_ id: InstanceID) -> InstanceView { presentView(id) }

  var instance: InstanceID { InstanceID(index) }
  var tokens: Int { forming.pointee.step.tokens }
  var budget: Int { forming.pointee.step.budget }
  var seqs: Int { forming.pointee.step.seqs }

  func canAllocate(_ request: RequestRef, tokens: Int) -> Bool {
    // More tokens than any cache holds would only overflow the sum.
    guard isActive(request), tokens <= 1 << 40 else { return false }
    return forming.pointee.canAllocate(request.slot, tokens: max(0, tokens), rows)
  }

  func decode(_ request: RequestRef) -> StepRefusal? {
    guard isActive(request) else { return .ended }
    return forming.pointee.scheduleDecode(request.slot, rows)
  }

  func decodeAll() -> (taken: Int, left: Int) {
    let taken = forming.pointee.scheduleDecodes(rows)
    return (taken, forming.pointee.running.count - taken)
  }

  func prefill(_ request: RequestRef, tokens: Int) -> StepRefusal? {
    guard isActive(request) else { return .ended }
    return forming.pointee.schedulePrompt(request.slot, tokens: tokens, rows)
  }

  func preempt(_ request: RequestRef) -> StepRefusal? {
    guard isActive(request) else { return .ended }
    return forming.pointee.preempt(request.slot, rows)
  }
}
