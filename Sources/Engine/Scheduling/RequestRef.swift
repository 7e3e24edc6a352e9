/// A request as policies hold it: its slot in the table of active requests, and its id as the generation.
///
/// A slot is used again after its request has ended; `requestView` then answers nil for the old reference.
public struct RequestRef: Hashable, Sendable {
  public var slot: Int32
  public var id: RequestID
  public init(slot: Int32, id: RequestID) {
    self.slot = slot
    self.id = id
  }
}

/// Which half of its life a routing decision is about.
public enum RequestStage: String, Sendable { case prefill, decode }
