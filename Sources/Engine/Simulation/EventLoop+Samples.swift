/// Samples of the cluster at the ends of log intervals.
extension EventLoop {
  /// Takes the samples that are due before anything happens at `time`.
  mutating func takeSamples(until time: SimTime) {
    guard let interval = state.pointee.options.logInterval else { return scrape(until: time) }
    while nextSample <= time {
      scrape(until: nextSample)
      state.pointee.now = nextSample
      state.pointee.stage = .before
      let sample = makeSample()
      samples.append(sample)
      observer.sample(sample)
      guard nextSample.nanoseconds <= Int64.max - interval.nanoseconds else {
        nextSample = .never
        break
      }
      nextSample = nextSample + interval
    }
    scrape(until: time)
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
