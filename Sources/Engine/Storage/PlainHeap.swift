/// The least of plain values at hand, in memory of its own: a heap with four children a node.
///
/// For values that come and go by the million. Like a `Pile` it has one owner, who ends it with `deallocate`. What is not
/// told apart by `<` comes out in any order.
struct PlainHeap<Element: BitwiseCopyable & Comparable> {
  private var elements: Pile<Element>

  init(capacity: Int = 64) { elements = Pile(capacity: capacity) }

  func deallocate() { elements.deallocate() }

  var count: Int { elements.count }

  @inline(__always)
  var first: Element? { elements.count > 0 ? elements[0] : nil }

  mutating func push(_ element: Element) {
    var place = elements.count
    elements.append(element)
    while place > 0 {
      let parent = (place - 1) >> 2
      guard element < elements[parent] else { break }
      elements[place] = elements[parent]
      place = parent
    }
    elements[place] = element
  }

  @discardableResult
  mutating func pop() -> Element? {
    guard let first else { return nil }
    let last = elements[elements.count - 1]
    elements.removeLast()
    if elements.count > 0 { sink(last) }
    return first
  }

  /// Puts an element into the place of the first.
  private mutating func sink(_ element: Element) {
    let count = elements.count
    var place = 0
    while true {
      var child = 4 * place + 1
      guard child < count else { break }
      let end = min(child + 4, count)
      var (least, lowest) = (child, elements[child])
      child += 1
      // Selected, not branched on: which child comes first is anyone's guess.
      while child < end {
        let other = elements[child]
        let isLower = other < lowest
        least = isLower ? child : least
        lowest = isLower ? other : lowest
        child += 1
      }
      guard lowest < element else { break }
      elements[place] = lowest
      place = least
    }
    elements[place] = element
  }
}
