/// KV blocks that one request holds on one instance: its prefix of known content, then blank ones.
///
/// Blocks are interchangeable as long as nobody can find them again, so blank ones are only counted.
struct KVHolding {
  /// Entries of the pool for full blocks with known content, in order of position.
  var entries: ContiguousArray<Int32> = []
  /// Blocks behind those: partly filled, or of unknown content.
  var blanks = 0

  var blocks: Int { entries.count + blanks }
}

/// Keys under which the full blocks of a request can be found, in order of position.
///
/// A key stands for a block and everything before it. Empty where the content is unknown.
typealias BlockKeys = ContiguousArray<UInt64>

enum BlockKey {
  /// Keys for blocks of `blockSize` tokens from a trace's content identities.
  ///
  /// With `unit` 1 the identities are token ids and are chained here. With a larger unit an identity already stands for its
  /// block and all before it, so the identity that covers a block's last token, and the block's position, name it.
  /// - Complexity: O(identities)
  static func chain(
    _ content: ContiguousArray<UInt32>, _ range: Range<Int>, unit: Int, tokens: Int, blockSize: Int
  ) -> BlockKeys {
    let known = min(tokens, range.count * unit)
    let blocks = known / blockSize
    var keys = BlockKeys()
    keys.reserveCapacity(blocks)
    if unit == 1 {
      var hash: UInt64 = 0x9e37_79b9_7f4a_7c15
      for block in 0..<blocks {
        let start = range.lowerBound + block * blockSize
        for place in start..<(start + blockSize) { hash = mix(hash ^ UInt64(content[place])) }
        keys.append(max(1, hash))
      }
    } else {
      for block in 0..<blocks {
        let last = ((block + 1) * blockSize - 1) / unit
        let identity = UInt64(content[range.lowerBound + last])
        // Sixteen blocks in a row get keys in a row, which share a cache line of the index.
        let group = mix(identity << 32 | UInt64(block >> 4)) & ~15
        keys.append(max(16, group) | UInt64(block & 15))
      }
    }
    return keys
  }

  /// Finaliser of MurmurHash3 (public domain), plus an odd constant so that 0 does not map to 0.
  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 33)) &* 0xff51_afd7_ed55_8ccd
    z = (z ^ (z >> 33)) &* 0xc4ce_b9fe_1a85_ec53
    return z ^ (z >> 33)
  }
}
