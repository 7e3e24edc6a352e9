/// Plain values in a row, in memory of their own: what the hottest loops append to and empty again.
///
/// An array that knows nothing of sharing: no reference is counted, no uniqueness is checked, and `removeAll` costs
/// nothing. So it has one owner who ends it with `deallocate`, and a copy is the same memory, for reading at most.
/// Elements are plain values without references. Places are checked in debug builds only.
struct Pile<Element: BitwiseCopyable>: RandomAccessCollection, MutableCollection {
  private var base: UnsafeMutablePointer<Element>
  private(set) var capacity: Int
  private(set) var count = 0

  init(capacity: Int = 8) {
    self.capacity = Swift.max(1, capacity)
    base = .allocate(capacity: self.capacity)
  }

  func deallocate() { base.deallocate() }

  var startIndex: Int { 0 }
  var endIndex: Int { count }

  @inline(__always)
  subscript(place: Int) -> Element {
    get {
      assert(place >= 0 && place < count)
      return base[place]
    }
    nonmutating set {
      assert(place >= 0 && place < count)
      base[place] = newValue
    }
    nonmutating _modify {
      assert(place >= 0 && place < count)
      yield &base[place]
    }
  }

  var last: Element? { count > 0 ? base[count - 1] : nil }

  @inline(__always)
  mutating func append(_ element: Element) {
    if count == capacity { grow(to: count + 1) }
    base[count] = element
    count += 1
  }

  /// Adds `more` elements that the caller fills in at once.
  mutating func extend(by more: Int) -> UnsafeMutableBufferPointer<Element> {
    if count + more > capacity { grow(to: count + more) }
    defer { count += more }
    return UnsafeMutableBufferPointer(start: base + count, count: more)
  }

  @inline(__always)
  mutating func removeAll() { count = 0 }

  mutating func popLast() -> Element? {
    guard count > 0 else { return nil }
    count -= 1
    return base[count]
  }

  mutating func removeLast(_ number: Int = 1) {
    precondition(number >= 0 && number <= count)
    count -= number
  }

  /// Removes the element at `place`; those behind it move up.
  mutating func remove(at place: Int) {
    precondition(place >= 0 && place < count)
    (base + place).update(from: base + place + 1, count: count - place - 1)
    count -= 1
  }

  /// Valid until the pile grows or ends.
  var elements: UnsafeBufferPointer<Element> { UnsafeBufferPointer(start: base, count: count) }

  func withContiguousStorageIfAvailable<Result>(
    _ body: (UnsafeBufferPointer<Element>) throws -> Result
  ) rethrows -> Result? {
    try body(elements)
  }

  mutating func withContiguousMutableStorageIfAvailable<Result>(
    _ body: (inout UnsafeMutableBufferPointer<Element>) throws -> Result
  ) rethrows -> Result? {
    var buffer = UnsafeMutableBufferPointer(start: base, count: count)
    return try body(&buffer)
  }

  private mutating func grow(to least: Int) {
    capacity = Swift.max(least, 2 * capacity)
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
    larger.update(from: base, count: count)
    base.deallocate()
    base = larger
  }
}
