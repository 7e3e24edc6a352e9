/// How decoding requests move between instances: `migration` of a cluster file.
///
/// Source: Llumnix, OSDI 2024, https://www.usenix.org/conference/osdi24/presentation/sun-biao, section 4.2.
public struct MigrationSpec: Sendable, Equatable {
  /// Decoding stops for the last stage once at most so many blocks of the source are still to be sent.
  /// guess: 256 tokens in blocks of 16, a few milliseconds on any network that is worth it
  public var lastStageBlocks = 16
  /// Stages after which it is given up, the last one included. guess: the second is as long as the first took to send, in
  /// tokens, and the third next to nothing, unless the network is slower than decoding
  public var maxStages = 3

  public init() {}
}

extension MigrationSpec {
  init(_ node: JSONNode) throws(InputError) {
    let object = try node.object(keys: ["last_stage_blocks", "max_stages"])
    // A million blocks are more than any request has: everything is sent in one stage, decoding stopped.
    lastStageBlocks = try object.integer("last_stage_blocks", 0...1_000_000, default: 16)
    maxStages = try object.integer("max_stages", 1...1000, default: 3)
  }
}
