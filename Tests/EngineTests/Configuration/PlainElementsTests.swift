import Testing

@testable import Engine

/// The short way through arrays of whole numbers gives what the long one gives, errors and their places too.
@Suite struct PlainElementsTests {
  private func numbers(_ text: [UInt8], short: Bool) -> (numbers: [UInt32], error: String?) {
    text.withUnsafeBufferPointer { bytes in
      var scanner = JSONScanner(bytes)
      var numbers = ContiguousArray<UInt32>()
      do throws(JSONError) {
        try scanner.beginArray()
        if short { scanner.takePlainElements(into: &numbers) }
        while try scanner.nextElement() {
          numbers.append(UInt32(truncatingIfNeeded: try scanner.integer()))
        }
        try scanner.finish()
      } catch {
        return (
          Array(numbers), "\(error.problem) at \(error.offset), expected \(error.expected ?? "")"
        )
      }
      return (Array(numbers), nil)
    }
  }

  @Test(arguments: [
    "[]", "[1]", "[1,2,3]", "[1, 2, 3]", "[ 1 , 2 ]", "[1,  2]", "[1\n,2]", "[0,00]", "[01]",
    "[1,]",
    "[,1]", "[1,,2]", "[1 2]", "[1", "[1,", "[", "[-1,2]", "[1.5]", "[1e3,2]", "[999999999,1]",
    "[4294967295,1]", "[12345678901,1]", "[99999999999999999999]", "[1]x", "[\"1\"]", "[[1]]",
  ]) func bothWaysAgree(text: String) {
    #expect(numbers(Array(text.utf8), short: true) == numbers(Array(text.utf8), short: false))
  }

  @Test(arguments: 0..<200) func bothWaysAgreeOnRandomText(seed: UInt64) {
    var random = RandomStream(seed: seed, name: "plain elements")
    func draw(_ below: Int) -> Int { random.nextIndex(below: below) }
    for _ in 0..<100 {
      let blank = [",", ", ", " ,", ",\t"][draw(4)]
      let list = (0..<draw(12)).map { _ in "\(draw(1 << 40) >> draw(40))" }
      var text = Array("[\(list.joined(separator: blank))]".utf8)
      let byte: [UInt8] = [0x20, 0x2c, 0x2d, 0x2e, 0x30, 0x39, 0x5b, 0x5d, 0x65, 0x80]
      switch draw(4) {
      case 0: text[draw(text.count)] = byte[draw(byte.count)]
      case 1: text.insert(byte[draw(byte.count)], at: draw(text.count))
      case 2: text.remove(at: draw(text.count))
      default: break
      }
      let (short, long) = (numbers(text, short: true), numbers(text, short: false))
      #expect(short == long, "\(String(decoding: text, as: UTF8.self))")
    }
  }
}
