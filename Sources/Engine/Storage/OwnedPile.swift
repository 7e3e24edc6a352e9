/// A `Pile` that ends with its owner: nobody else can hold it, so that the compiler sees to what `Pile` asks of people.
struct OwnedPile<Element: BitwiseCopyable>: ~Copyable {
  private var pile: Pile<Element>

  /// - Parameter capacity: memory is asked for at once, and the system gives it as it is written.
  init(capacity: Int = 8) { pile = Pile(capacity: capacity) }

  deinit { pile.deallocate() }

  var count: Int { pile.count }
  var isEmpty: Bool { pile.count == 0 }

  @inline(__always)
  mutating func append(_ element: Element) { pile.append(element) }

  /// Looks at all elements, in the order of their coming.
  func withElements<Result>(_ body: (UnsafeBufferPointer<Element>) -> Result) -> Result {
    body(pile.elements)
  }
}
