/// Questions to the engine's own models, for policies that look ahead.
extension ClusterWindow {
  func prefixHitTokens(_ request: RequestRef, _ id: InstanceID) -> Int {
    guard state.pointee.requests.isActive(request) else { return 0 }
    let index = Int(id.index)
    state.pointee.catchUp(index)
    let pool = state.pointee.instances[index].pool
    let row = state.pointee.rows[request.slot]
    let limits = state.pointee.cluster.instances[index].limits
    guard limits.enablePrefixCaching else { return 0 }
    let keys =
      row.keyBlockSize == Int32(limits.blockSize)
      ? row.keys : state.pointee.keys(request.slot, on: index)
    if keys.isEmpty { return 0 }
    // At least one token of a prompt is always computed; a KV cache that moves is complete.
    let place = row.place
    let isMoving = place == .gateway && row.isHandedOver || place == .reserving
    let most = isMoving ? Int(row.computed) : Int(row.reached) - 1
    return pool.lookUp(keys, limit: most / limits.blockSize).hits * limits.blockSize
  }

  /// All that waits here and this prompt behind it, in iterations as full as the budget allows.
  func estimatePrefill(_ request: RequestRef, _ id: InstanceID) -> SimDuration {
    guard state.pointee.requests.isActive(request) else { return .zero }
    let index = Int(id.index)
    state.pointee.catchUp(index)
    let rows = state.pointee.rows
    let instance = state.pointee.instances + index
    let lane = state.pointee.lanes + index
    var tokens =
      instance.pointee.waitingTokens + Int(rows[request.slot].reached)
      - prefixHitTokens(request, id)
    for slot in instance.pointee.prefilling { tokens += rows[slot].remaining }
    let limits = instance.pointee.limits
    var shape = IterationShape()
    shape.decodeRequests = instance.pointee.batch.count
    shape.decodeContext = instance.pointee.batch.contextTokens
    (shape.decodeContextMin, shape.decodeContextMax) = instance.pointee.batch.contextRange(
      rows, running: instance.pointee.running)
    shape.decodeContextSquares = instance.pointee.batch.contextSquares
    let room = max(1, limits.maxNumBatchedTokens - shape.decodeRequests)
    func time(_ count: Int) -> Double {
      var shape = shape
      shape.prefillRequests = 1
      shape.prefillTokens = count
      shape.prefillPairs = count * (count + 1) / 2
      return state.pointee.costs[index].iterationTime(shape).seconds
    }
    var seconds = Double(tokens / room) * time(room)
    if tokens % room > 0 { seconds += time(tokens % room) }
    if lane.pointee.isUnderWay {
      seconds += (lane.pointee.ends[lane.pointee.ended] - now).seconds
    }
    return SimDuration(roundingUp: seconds)
  }

  func estimateStep(_ id: InstanceID, prefillTokens: Int, decodeSeqs: Int, contextTokens: Int)
    -> SimDuration
  {
    // A policy may ask for anything; what no iteration could hold is cut to what one could.
    let most = 1 << 30
    var shape = IterationShape()
    shape.prefillTokens = min(max(0, prefillTokens), most)
    shape.prefillRequests = shape.prefillTokens > 0 ? 1 : 0
    shape.prefillPairs = shape.prefillTokens * (shape.prefillTokens + 1) / 2
    shape.decodeRequests = min(max(0, decodeSeqs), most)
    shape.decodeContext = shape.decodeRequests > 0 ? min(max(0, contextTokens), most) : 0
    let mean = shape.decodeRequests > 0 ? shape.decodeContext / shape.decodeRequests : 0
    (shape.decodeContextMin, shape.decodeContextMax) = (mean, mean)
    shape.decodeContextSquares = shape.decodeRequests &* mean &* mean
    return state.pointee.costs[Int(id.index)].iterationTime(shape)
  }

  func transferTime(_ request: RequestRef, from: InstanceID, to: InstanceID) -> SimDuration {
    guard from != to, state.pointee.requests.isActive(request),
      let view = requestView(request)
    else { return .zero }
    let tokens = max(0, view.contextTokens - prefixHitTokens(request, to))
    return state.pointee.transferDelay(from: from, to: to)
      + state.pointee.network.idleTime(
        bytes: Int64(tokens)
          * state.pointee.bytesPerToken(from: Int(from.index), to: Int(to.index)), from: from.index,
        to: to.index)
  }
}
