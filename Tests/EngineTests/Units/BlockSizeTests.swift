import Testing

@testable import Engine

@Suite struct BlockSizeTests {
  @Test(arguments: 1...40)
  func countsAreThoseOfDivision(tokens: Int) {
    let size = BlockSize(tokens)
    for count in 0...200 {
      #expect(size.blocks(for: count) == (count + tokens - 1) / tokens)
      #expect(size.full(in: count) == count / tokens)
    }
    for count in -200...200 {
      #expect(
        size.remainder(of: count) == count - Int((Double(count) / Double(tokens)).rounded(.down))
          * tokens)
    }
  }
}
