/// What the end of an iteration brings.
extension ReferenceLoop {
  /// Works off the iteration of an instance that ends now.
  mutating func complete(_ index: Int) throws(InputError) {
    instances[index].end = .never
    for part in instances[index].batch {
      let id = part.request
      countTokens(part, on: index)
      guard requests[id].computed >= requests[id].reached else { continue }
      requests[id].reached += 1
      if requests[id].isInitial {
        requests[id].record.firstToken = now
      } else {
        requests[id].gaps.append((now - requests[id].lastToken).nanoseconds)
      }
      requests[id].lastToken = now
      tokenRate.add(1, at: now, to: &instances[index].tokens)
      // A prompt always moves on, even one whose only token has just come.
      if instances[index].role == .prefill {
        try handOver(id, from: index)
      } else if requests[id].reached >= requests[id].target {
        finish(id, on: index)
      }
    }
    instances[index].batch.removeAll(keepingCapacity: true)
  }

  private mutating func countTokens(_ part: ScheduledTokens, on index: Int) {
    // A token that continues a request, or one of a prompt (or what is computed again after a preemption).
    if part.new == 1, !requests[part.request].isInitial {
      instances[index].totals.decodeTokens += 1
    } else {
      instances[index].totals.prefillTokens += part.new
    }
  }

  /// Gives a request whose prompt is done to a decode instance. Its KV cache is there already: layers were sent as they
  /// were computed.
  private mutating func handOver(_ id: Int, from index: Int) throws(InputError) {
    instances[index].leave(id, &requests)
    let decode = router.chooseDecode(instances)
    requests[id].keys = keys(of: id, on: decode)
    requests[id].record.decodeInstance = InstanceID(decode)
    requests[id].record.transferStart = now
    requests[id].record.transferEnd = now
    if let sends = instances[index].sends {
      let spec = cluster.instances[index]
      let bytes =
        (Double(requests[id].prompt - Int(requests[id].record.cachedTokens))
        * sends.bytesPerToken * Double(spec.model.layers * spec.tpSize)).rounded(.down)
      requests[id].record.kvBytes = Int64(bytes)
      instances[index].totals.bytesSent += Int64(bytes)
      instances[decode].totals.bytesReceived += Int64(bytes)
    }
    guard instances[decode].takeOver(id, &requests) else {
      throw InputError(
        file: cluster.source, key: "npu_mem.mem_size",
        problem: "\(cluster.instances[decode].name) lacks KV blocks for request \(id) at"
          + " \(now.nanoseconds) ns: LLMServingSim ends the run here",
        expected: "room for all requests that decode at once",
        suggestion: "raise mem_size or mem_util of decode instances, or leave out --compat")
    }
  }

  private mutating func finish(_ id: Int, on index: Int) {
    instances[index].leave(id, &requests)
    requests[id].record.end = now
    if requests[id].record.decodeStart != .never {
      requests[id].record.decodeInstance = InstanceID(index)
    }
    completions.append(RequestID(id))
    let next = id + 1
    if next < requests.count, workload.requests[next].followsPrevious {
      let arrival = now + workload.requests[next].toolDelay
      requests[next].record.arrival = arrival
      pending.insert(next, at: arrival)
    }
  }
}

extension ReferenceInstance {
  /// Takes a request out of the running set. Its blocks can still be found.
  fileprivate mutating func leave(_ id: Int, _ requests: inout ContiguousArray<ReferenceRequest>) {
    pool.release(&requests[id].held)
    if let place = running.firstIndex(of: id) { running.remove(at: place) }
  }
}
