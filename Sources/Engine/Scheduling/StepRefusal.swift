/// Why a step call changed nothing.
public enum StepRefusal: String, Sendable, CaseIterable {
  case notRunning = "not running here"
  case alreadyScheduled = "already in this step"
  case noBlocks = "no KV block"
  case overBudget = "over the token budget"
  case tooManySeqs = "max_num_seqs reached"
  case stillPrompt = "its prompt is not done"
  case promptDone = "its prompt is done"
  case badTokens = "tokens must be at least 1 and at most the remaining prompt"
  case notChunkable = "chunked prefill is off: all of the remaining prompt or nothing"
  case tooLate = "came when this batch was chosen already"
  case ended = "it has ended"
}
