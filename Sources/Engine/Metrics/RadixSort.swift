/// Sorts by a 64-bit key, stably, in a number of passes that depends on the key's width only.
///
/// A digit in which all keys agree costs no pass, so that small keys sort in few. For a million keys it takes a fraction
/// of the time of a comparison sort, and no input makes it slow.
///
/// - Complexity: O(n) time, O(n) extra memory.
func radixSort<Element>(
  _ elements: inout ContiguousArray<Element>, by key: (Element) -> UInt64
) {
  guard elements.count > 1 else { return }
  let digitBits: UInt64 = 11
  let digitMask: UInt64 = (1 << digitBits) - 1

  // Bits that are not the same in all keys.
  var union: UInt64 = 0
  var common = UInt64.max
  for element in elements {
    let bits = key(element)
    union |= bits
    common &= bits
  }
  let varying = union & ~common

  var sorted = elements
  var starts = ContiguousArray(repeating: 0, count: Int(digitMask) + 1)
  var shift: UInt64 = 0
  while shift < 64 {
    defer { shift += digitBits }
    guard (varying >> shift) & digitMask != 0 else { continue }
    for digit in starts.indices { starts[digit] = 0 }
    for element in elements { starts[Int((key(element) >> shift) & digitMask)] += 1 }
    var start = 0
    for digit in starts.indices {
      let count = starts[digit]
      starts[digit] = start
      start += count
    }
    for element in elements {
      let digit = Int((key(element) >> shift) & digitMask)
      sorted[starts[digit]] = element
      starts[digit] += 1
    }
    swap(&elements, &sorted)
  }
}

extension Double {
  /// A key that sorts as the value does; NaN sorts beyond the infinities.
  var sortKey: UInt64 {
    sign == .minus ? ~bitPattern : bitPattern | (1 << 63)
  }
}
