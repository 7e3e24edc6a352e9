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
        if end < now, lane.pointee.ended > 0, !instances[index].batch.hasKeyed {
          passIterations(index)
        } else {
          endIteration(index)
        }
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
    instances[index].batch.advance(by: 1)
    lanes[index].isUnderWay = true
  }

  /// Ends the iteration under way and all others that end before now, and begins those that follow them, at once; and ends
  /// the last one of the plan that ends now, which nothing follows.
  ///
  /// They are iterations of the decode batch alone, not the first of their plan, without keys to publish.
  private mutating func passIterations(_ index: Int) {
    let lane = lanes + index
    let instance = instances + index
    let decodes = instance.pointee.batch.count
    let first = lane.pointee.ended
    let count = lane.pointee.ends.count
    let ends = lane.pointee.ends.elements
    let lastEndsNow = stage >= .outcomes && ends[count - 1] == now
    var start = lane.pointee.start
    var place = first
    while true {
      // Those of one second whose gaps are of one bin go together.
      let same = lane.pointee.gaps.add(
        upTo: ends[place..<count], from: start, before: min(now, lane.pointee.tokens.end),
        count: decodes)
      lane.pointee.tokens.add(same * decodes)
      place += same
      if same > 0 { start = ends[place - 1] }
      guard place < count, ends[place] < now || (lastEndsNow && place == count - 1) else { break }
      lane.pointee.gaps.add(ends[place] - start, count: decodes, to: &gapHistogram)
      tokenRate.add(decodes, at: ends[place], to: &lane.pointee.tokens)
      start = ends[place]
      place += 1
    }
    let duration = start - (place > first + 1 ? ends[place - 2] : lane.pointee.start)
    instance.pointee.lastEnd = start
    if instance.pointee.keepsGaps {
      for end in ends[first..<place] { instance.pointee.logEnd(end) }
    }
    let passed = place - first
    lane.pointee.totals.iterations += passed
    lane.pointee.totals.busy += start - lane.pointee.start
    lane.pointee.totals.decodeTokens += passed * decodes
    lane.pointee.lastStep = duration
    lane.pointee.ended = place
    lane.pointee.start = start
    lane.pointee.isUnderWay = place < count
    let begun = place < count ? passed : passed - 1
    guard begun > 0 else { return }
    instance.pointee.takeBatchGrowth(over: begun)
    instance.pointee.notePeak()
    instance.pointee.batch.advance(by: begun)
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
    if steady > 0 { lane.pointee.gaps.add(duration, count: steady, to: &gapHistogram) }
    if decodes > 0 { tokenRate.add(decodes, at: end, to: &lane.pointee.tokens) }
    instance.pointee.logEnd(end)
    lane.pointee.ended += 1
    lane.pointee.isUnderWay = false
    lane.pointee.start = end
  }

  mutating func note(gap: SimDuration, count: Int) {
    gapHistogram.record(UInt64(max(0, gap.nanoseconds)), count: UInt64(count))
  }

  /// Whether the instance is busy with a plan, and there are still blocks for all of it.
  mutating func planHasItsBlocks(_ index: Int) -> Bool {
    let lane = lanes + index
    guard !lane.pointee.isIdle else { return false }
    let begun = lane.pointee.ended + (lane.pointee.isUnderWay ? 1 : 0)
    let growth = instances[index].batch.growth(over: lane.pointee.ends.count - begun)
    return growth <= instances[index].pool.free
  }

  /// What happens when the plan has been carried out.
  @inline(__always)
  mutating func endOfPlan(_ index: Int) -> Event {
    let lane = lanes + index
    return Event(
      time: lane.pointee.ends[lane.pointee.ends.count - 1], phase: .iterationEnd,
      id: Int32(index), generation: lane.pointee.generation)
  }

  /// Cuts the plan behind the iteration under way. Returns the end that it had, if it became shorter.
  mutating func cutPlan(_ index: Int) -> Event? {
    catchUp(index)
    let lane = lanes + index
    let kept = lane.pointee.ended + (lane.pointee.isUnderWay ? 1 : 0)
    guard kept < lane.pointee.ends.count else { return nil }
    let planned = endOfPlan(index)
    lane.pointee.ends.removeLast(lane.pointee.ends.count - kept)
    lane.pointee.renew()
    lane.pointee.reach = max(Lane.shortestReach, lane.pointee.reach / 2)
    return planned
  }
}
