/// The stages of a request's life as lengths of time; nil where a stage was not reached or does not exist.
///
/// For a request that was handed over, `gatewayWait + prefillQueue + prefill + kvWait + transfer + decodeQueue + decode
/// + receipt` is `endToEnd`: each nanosecond belongs to one stage.
extension RequestRecord {
  /// From arrival until admitted and routed.
  public var gatewayWait: SimDuration? { span(from: arrival, to: routed) }

  /// From routed until the first iteration that computes some of its prompt.
  public var prefillQueue: SimDuration? { span(from: routed, to: prefillStart) }

  /// From arrival until the first iteration that computes some of its prompt: gateway and prefill queue.
  public var queueing: SimDuration? { span(from: arrival, to: prefillStart) }

  /// End of its prompt; where only one kind of token is told apart, its first token.
  public var promptEnd: SimTime {
    prefillToken == .never && retries == 0 ? firstToken : prefillToken
  }

  /// From the start of its first chunk to the end of its prompt.
  public var prefill: SimDuration? { span(from: prefillStart, to: promptEnd) }

  /// TTFT as the client sees it, with all queueing before it.
  public var timeToFirstToken: SimDuration? {
    span(from: arrival, to: firstToken).map { $0 + receipt }
  }

  /// When the hand-off began to cost the request time: not before the end of its prompt.
  public var handOffStart: SimTime {
    transferStart == .never || promptEnd == .never ? transferStart : max(transferStart, promptEnd)
  }

  /// From the end of the prompt until the decode side had blocks and the hand-off began.
  public var kvWait: SimDuration? { span(from: promptEnd, to: handOffStart) }

  /// Duration of the hand-off, without what the computing of the prompt hides.
  public var transfer: SimDuration? { span(from: handOffStart, to: transferEnd) }

  /// From KV cache in place until the first iteration that computes a further token.
  public var decodeQueue: SimDuration? {
    span(from: transferStart == .never ? promptEnd : transferEnd, to: decodeStart)
  }

  /// From the start of that iteration to the last token.
  public var decode: SimDuration? { span(from: decodeStart, to: end) }

  /// From arrival until the client has the last token; nil unless finished.
  public var endToEnd: SimDuration? {
    outcome == .finished ? span(from: arrival, to: end).map { $0 + receipt } : nil
  }

  /// From the first token to the last; nil unless finished.
  public var generation: SimDuration? {
    outcome == .finished ? span(from: firstToken, to: end) : nil
  }

  /// TPOT in nanoseconds: mean gap between its tokens; nil unless finished with more than one token.
  public var nanosecondsPerOutputToken: Double? {
    guard outputTokens > 1, let generation else { return nil }
    return Double(generation.nanoseconds) / Double(outputTokens - 1)
  }

  /// Where its last token was computed, or would have been.
  public var lastInstance: InstanceID { decodeInstance.isNone ? prefillInstance : decodeInstance }

  private func span(from start: SimTime, to end: SimTime) -> SimDuration? {
    start == .never || end == .never ? nil : end - start
  }
}
