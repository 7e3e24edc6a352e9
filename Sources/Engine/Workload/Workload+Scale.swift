extension Workload {
  /// The same requests with prompts and outputs this many times as long, one token at least.
  ///
  /// Prompts of another length have no known content: nothing of them is found in prefix caches.
  public func scaled(prompts: Double = 1, outputs: Double = 1) -> Workload {
    var scaled = self
    func times(_ tokens: Int32, _ factor: Double) -> Int32 {
      Int32(clamping: Int64(max(1, min((Double(tokens) * factor).rounded(), 1e12))))
    }
    for place in scaled.requests.indices {
      scaled.requests[place].promptTokens = times(requests[place].promptTokens, prompts)
      scaled.requests[place].outputTokens = times(requests[place].outputTokens, outputs)
      guard prompts != 1 else { continue }
      scaled.requests[place].contentStart = 0
      scaled.requests[place].contentCount = 0
    }
    return scaled
  }
}
