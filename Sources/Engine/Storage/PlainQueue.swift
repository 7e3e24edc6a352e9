/// Plain values in the order of their coming, in a ring of memory of its own.
///
/// For the queues that requests pass through by the million: like a `Pile` it has one owner, who ends it with `deallocate`,
/// and nobody counts references or asks whether it is shared.
struct PlainQueue<Element: BitwiseCopyable>: RandomAccessCollection {
  private var base: UnsafeMutablePointer<Element>
  /// Places in the ring less one, all bits set.
  private var mask: Int
  /// Where the first element lies, after `mask` is applied.
  private var head = 0
  private(set) var count = 0

  /// - Parameter capacity: a power of two.
  init(capacity: Int = 8) {
    precondition(capacity > 0 && capacity & (capacity - 1) == 0)
    base = .allocate(capacity: capacity)
    mask = capacity - 1
  }

  func deallocate() { base.deallocate() }

  var startIndex: Int { 0 }
  var endIndex: Int { count }
  var isEmpty: Bool { count == 0 }

  /// The element at `place`, counted from the first.
  @inline(__always)
  subscript(place: Int) -> Element {
    assert(place >= 0 && place < count)
    return base[(head &+ place) & mask]
  }

  @inline(__always)
  var first: Element? { count > 0 ? base[head & mask] : nil }

  @inline(__always)
  mutating func append(_ element: Element) {
    if count > mask { grow() }
    base[(head &+ count) & mask] = element
    count &+= 1
  }

  /// Puts an element before all others.
  mutating func prepend(_ element: Element) {
    if count > mask { grow() }
    head = (head &- 1) & mask
    base[head] = element
    count += 1
  }

  /// There must be one.
  @inline(__always)
  mutating func removeFirst() {
    precondition(count > 0)
    head = (head &+ 1) & mask
    count &-= 1
  }

  /// Removes the element at `place`; those behind it move up.
  mutating func remove(at place: Int) {
    precondition(place >= 0 && place < count)
    for later in place + 1..<count { base[(head + later - 1) & mask] = base[(head + later) & mask] }
    count -= 1
  }

  mutating func removeAll() { count = 0 }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: 2 * (mask + 1))
    for place in 0..<count { larger[place] = self[place] }
    base.deallocate()
    base = larger
    head = 0
    mask = 2 * mask + 1
  }
}
