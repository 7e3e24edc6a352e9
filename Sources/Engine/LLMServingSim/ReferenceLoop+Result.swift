/// Samples while a run goes on, and what it has produced.
extension ReferenceLoop {
  /// Takes the samples that are due before anything happens now.
  mutating func takeSamples() {
    guard let interval = options.logInterval else { return }
    while nextSample <= now {
      let sample = sample(at: nextSample)
      samples.append(sample)
      observer.sample(sample)
      guard nextSample.nanoseconds <= Int64.max - interval.nanoseconds else {
        nextSample = .never
        return
      }
      nextSample = nextSample + interval
    }
  }

  private mutating func sample(at time: SimTime) -> IntervalSample {
    var sample = IntervalSample()
    sample.time = time
    var tokens = (prefill: 0, decode: 0)
    for instance in instances {
      for id in instance.running {
        if requests[id].isInitial { sample.prefilling += 1 } else { sample.decoding += 1 }
      }
      for id in instance.waiting {
        if requests[id].isInitial { sample.prefilling += 1 } else { sample.decoding += 1 }
      }
      tokens.prefill += instance.totals.prefillTokens
      tokens.decode += instance.totals.decodeTokens
      sample.memoryBytes.append(
        instance.totals.weightBytes + instance.pool.held * instance.totals.kvBytesPerBlock)
      sample.running.append(instance.running.count)
      sample.waiting.append(instance.waiting.count)
    }
    sample.prefillTokens = tokens.prefill - sampledTokens.prefill
    sample.decodeTokens = tokens.decode - sampledTokens.decode
    sampledTokens = tokens
    return sample
  }

  mutating func makeResult() -> RunResult {
    var result = RunResult()
    result.records = ContiguousArray(requests.map(\.record))
    result.completions = completions
    for index in instances.indices { tokenRate.close(&instances[index].tokens) }
    result.maxOutputTokensPerSecond = tokenRate.most
    result.instances = instances.map(\.totals)
    result.samples = samples
    result.end = now
    result.events = polls
    for instance in instances {
      result.iterations += instance.totals.iterations
      result.kvBlocksHeld += instance.pool.held
    }
    for request in requests {
      for gap in request.gaps { result.gapHistogram.record(UInt64(clamping: gap)) }
    }
    if options.keepGaps {
      result.gapStarts.append(0)
      for request in requests {
        result.gaps.append(contentsOf: request.gaps)
        result.gapStarts.append(result.gaps.count)
      }
    }
    return result
  }
}
