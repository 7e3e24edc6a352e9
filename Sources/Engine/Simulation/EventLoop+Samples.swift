/// Samples of the cluster at the ends of log intervals, and the moments of its time series.
extension EventLoop {
  /// Takes the samples and the moments that are due before anything happens at `time`, in order of time.
  mutating func takeSamples(until time: SimTime) {
    while true {
      let moment = series?.next ?? .never
      let due = min(moment, nextSample)
      guard due <= time, due != .never else { break }
      scrape(until: due)
      if moment == due {
        state.pointee.now = moment
        state.pointee.stage = .before
        let taken = makeMoment()
        series?.append(taken)
      } else {
        takeIntervalSample()
      }
    }
    scrape(until: time)
    samplesDue =
      state.pointee.options.viewLag == nil ? min(series?.next ?? .never, nextSample) : .zero
  }

  /// Takes the latest look at the instances that is due before anything happens at `time`; earlier ones nobody has seen.
  private mutating func scrape(until time: SimTime) {
    guard let lag = state.pointee.options.viewLag, lag > .zero else { return }
    let latest = SimTime(nanoseconds: time.nanoseconds / lag.nanoseconds * lag.nanoseconds)
    guard latest > state.pointee.scrapedAt else { return }
    state.pointee.now = latest
    state.pointee.stage = .before
    let view = world
    state.pointee.scraped = ContiguousArray(
      (0..<state.pointee.instanceCount).map { view.presentView(InstanceID($0)) })
    state.pointee.scrapedAt = latest
  }

  private mutating func takeIntervalSample() {
    guard let interval = state.pointee.options.logInterval else { return nextSample = .never }
    state.pointee.now = nextSample
    state.pointee.stage = .before
    let sample = makeSample()
    samples.append(sample)
    observer.sample(sample)
    nextSample =
      nextSample.nanoseconds < Int64.max - interval.nanoseconds ? nextSample + interval : .never
  }

  /// Every instance at the present instant.
  ///
  /// - Complexity: O(active requests)
  func makeMoment() -> ClusterMoment {
    let state = self.state
    var moment = ClusterMoment()
    moment.time = now
    moment.gatewayWaiting = state.pointee.parkedPrompts.count + state.pointee.parkedDecodes.count
    for index in 0..<state.pointee.instanceCount {
      state.pointee.catchUp(index)
      let instance = state.pointee.instances + index
      let totals = state.pointee.lanes[index].totals
      var part = InstanceMoment()
      part.kvReserved = instance.pointee.reservedBlocks
      part.kvUsed = instance.pointee.pool.held - part.kvReserved
      part.running = instance.pointee.running.count
      part.waiting = instance.pointee.waitingCount
      part.prefillTokens = totals.prefillTokens
      part.decodeTokens = totals.decodeTokens
      part.busy = totals.busy
      moment.instances.append(part)
      moment.transfers += instance.pointee.transfersIn
    }
    let rows = state.pointee.rows
    for slot in 0..<Int32(state.pointee.requests.used) {
      switch rows[slot].place {
      case .gateway, .reserving, .transferring, .migrating:
        let index = Int(rows[slot].instance.index)
        guard moment.instances.indices.contains(index) else { continue }
        // Blocks that several requests share count once in the pool.
        let blocks = min(rows[slot].held.blocks, moment.instances[index].kvUsed)
        moment.instances[index].kvInFlight += blocks
        moment.instances[index].kvUsed -= blocks
      default: continue
      }
    }
    return moment
  }

  private mutating func makeSample() -> IntervalSample {
    let state = self.state
    var sample = IntervalSample()
    sample.time = now
    sample.prefilling = state.pointee.prefillingCount
    sample.decoding = state.pointee.decodingCount
    sample.gatewayWaiting = state.pointee.parkedPrompts.count + state.pointee.parkedDecodes.count
    var prefillTokens = 0
    var decodeTokens = 0
    for index in 0..<state.pointee.instanceCount {
      state.pointee.catchUp(index)
      let instance = state.pointee.instances + index
      prefillTokens += state.pointee.lanes[index].totals.prefillTokens
      decodeTokens += state.pointee.lanes[index].totals.decodeTokens
      let capacity = state.pointee.capacities[index]
      sample.memoryBytes.append(
        capacity.weightBytes + instance.pointee.pool.held * capacity.bytesPerToken
          * instance.pointee.limits.blockSize)
      sample.running.append(instance.pointee.running.count)
      sample.waiting.append(instance.pointee.waitingCount)
    }
    sample.prefillTokens = prefillTokens - sampledPrefillTokens
    sample.decodeTokens = decodeTokens - sampledDecodeTokens
    (sampledPrefillTokens, sampledDecodeTokens) = (prefillTokens, decodeTokens)
    return sample
  }
}
