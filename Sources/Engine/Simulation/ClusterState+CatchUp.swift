/// Lets time catch up with planned iterations.
extension ClusterState {
  /// Ends and begins the planned iterations of an instance that the present instant has passed.
  ///
  /// Whoever looks at an instance, or changes it, calls this first. Costs O(1) for each iteration, whatever the batch.
  mutating func catchUp(_ index: Int) {
    let lane = lanes + index
    guard !lane.pointee.isIdle else { return }
    while lane.pointee.ended < lane.pointee.ends.count {
      if lane.pointee.isUnderWay {
        let end = lane.pointee.ends[lane.pointee.ended]
        guard end < now || (end == now && stage >= .outcomes) else { return }
        endIteration(index)
      } else {
        let start = lane.pointee.start
        let begins = start < now || stage == .after || (stage == .forming && index < forming)
        guard begins else { return }
        instances[index].takeBatchGrowth(requests.rows)
        instances[index].notePeak()
        beginIteration(index)
      }
    }
  }

  mutating func beginIteration(_ index: Int) {
    instances[index].batch.advance()
    lanes[index].isUnderWay = true
  }

  private mutating func endIteration(_ index: Int) {
    let lane = lanes + index
    let instance = instances + index
    let end = lane.pointee.ends[lane.pointee.ended]
    let duration = end - lane.pointee.start
    let decodes = instance.pointee.batch.count
    lane.pointee.totals.iterations += 1
    lane.pointee.totals.busy += duration
    lane.pointee.totals.decodeTokens += decodes
    lane.pointee.lastStep = duration
    var steady = decodes
    // Only the first iteration of a plan computes prompts or has members that come from elsewhere.
    if lane.pointee.ended == 0 {
      for chunk in instance.pointee.step.chunks {
        lane.pointee.totals.prefillTokens += chunk.tokens
      }
      for slot in instance.pointee.step.fresh {
        note(gap: end - requests.rows[slot].lastToken, count: 1)
      }
      steady -= instance.pointee.step.fresh.count
    }
    if steady > 0 { note(gap: duration, count: steady) }
    instance.pointee.logEnd(end)
    lane.pointee.ended += 1
    lane.pointee.isUnderWay = false
    lane.pointee.start = end
  }

  mutating func note(gap: SimDuration, count: Int) {
    _ = gapHistogram.record(UInt64(max(0, gap.nanoseconds)), count: UInt64(count))
  }

  /// Cuts the plan behind the iteration under way. Returns when that one ends, if the plan became shorter.
  mutating func cutPlan(_ index: Int) -> SimTime? {
    catchUp(index)
    let lane = lanes + index
    let kept = lane.pointee.ended + (lane.pointee.isUnderWay ? 1 : 0)
    guard kept < lane.pointee.ends.count else { return nil }
    lane.pointee.ends.removeLast(lane.pointee.ends.count - kept)
    lane.pointee.generation &+= 1
    lane.pointee.reach = max(Lane.shortestReach, lane.pointee.reach / 2)
    return lane.pointee.ends.last
  }
}
