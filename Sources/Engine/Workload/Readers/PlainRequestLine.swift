/// A request in its plainest form, which is that of nearly every line of a large trace: an object of three whole numbers.
///
/// `{"input_toks":512,"output_toks":64,"arrival_time_ns":1000000}` in any order of keys, with at most one blank behind a
/// colon or comma. Anything else, and any number that is out of range, is left to the full reader, which also knows
/// what to say about it.
struct PlainRequestLine {
  private(set) var arrival: Int64 = 0
  private(set) var prompt = 0
  private(set) var output = 0

  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0

  init?(_ line: UnsafeBufferPointer<UInt8>) {
    bytes = line
    guard take(UInt8(ascii: "{")), member(), comma(), member(), comma(), member(),
      take(UInt8(ascii: "}")), position == bytes.count, prompt > 0, output > 0, seen == 7
    else { return nil }
  }

  /// Which of the three keys were there.
  private var seen = 0

  private mutating func member() -> Bool {
    guard position + 1 < bytes.count else { return false }
    switch bytes[position + 1] {
    case UInt8(ascii: "i"):
      guard let value = value(of: "\"input_toks\":", upTo: WorkloadBuilder.maxTokens) else {
        return false
      }
      prompt = value
      seen += 1
    case UInt8(ascii: "o"):
      guard let value = value(of: "\"output_toks\":", upTo: WorkloadBuilder.maxTokens) else {
        return false
      }
      output = value
      seen += 2
    default:
      guard
        let value = value(of: "\"arrival_time_ns\":", upTo: Int(WorkloadBuilder.maxTime))
      else { return false }
      arrival = Int64(value)
      seen += 4
    }
    return true
  }

  private mutating func value(of key: StaticString, upTo most: Int) -> Int? {
    let length = key.utf8CodeUnitCount
    guard bytes.count - position > length, let base = bytes.baseAddress,
      begins(base + position, with: key)
    else { return nil }
    position += length
    _ = take(0x20)
    let start = position
    let value = number(base)
    let digits = position - start
    guard digits >= 1, digits <= 18, digits == 1 || bytes[start] != UInt8(ascii: "0"),
      value <= most
    else { return nil }
    return value
  }

  /// Takes the digits that stand here: what they say, modulo 2⁶⁴; 0 where there are none.
  @inline(__always)
  private mutating func number(_ base: UnsafePointer<UInt8>) -> Int {
    var value: UInt64 = 0
    // Up to eight at once: short numbers take no loop, whose end no processor foresees.
    if position + 8 <= bytes.count {
      let (front, count) = EightDigits.leading(in: base + position)
      value = front
      position += count
      if count < 8 { return Int(truncatingIfNeeded: value) }
    }
    while position < bytes.count {
      let digit = base[position] &- UInt8(ascii: "0")
      guard digit <= 9 else { break }
      value = value &* 10 &+ UInt64(digit)
      position += 1
    }
    return Int(truncatingIfNeeded: value)
  }

  /// Keys are longer than eight bytes: two or three words cover one, the last up to its end.
  @inline(__always)
  private func begins(_ text: UnsafePointer<UInt8>, with key: StaticString) -> Bool {
    func word(_ start: UnsafePointer<UInt8>, _ place: Int) -> UInt64 {
      UnsafeRawPointer(start + place).loadUnaligned(as: UInt64.self)
    }
    let last = key.utf8CodeUnitCount - 8
    var place = 0
    while place < last {
      guard word(text, place) == word(key.utf8Start, place) else { return false }
      place += 8
    }
    return word(text, last) == word(key.utf8Start, last)
  }

  private mutating func comma() -> Bool {
    guard take(UInt8(ascii: ",")) else { return false }
    _ = take(0x20)
    return true
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }
}
